extension Migrations {
    /// Events leave the database: to subscribers at the broker and to webhooks.
    ///
    /// - `events_seq` serves the relay, which reads the events of all jobs in one order. A B-tree whose keys only grow: what it costs
    ///   batched inserts was less than the noise of the measurement. A BRIN index costs nothing on insert, but does not summarise the
    ///   newest pages, the only ones that are ever asked for, before the next round of autovacuum.
    /// - The identity sequence of `events` must not cache (`CACHE 1`, the default): a session would hand out old numbers later.
    /// - `due_at` of a pending delivery is when it may be tried, or until when the one that tries it owns it.
    /// - The partial indexes hold pending deliveries only, so that they stay small beside the log of those that ended.
    static let relaySchema = Migration(
        number: 7, name: "relay",
        sql: """
            CREATE INDEX events_seq ON events (seq);

            -- How far each way out has come: every event up to here has left, or nobody wanted it.
            CREATE TABLE relay_cursors (
                sink text PRIMARY KEY,
                position bigint NOT NULL
            );
            INSERT INTO relay_cursors (sink, position)
            SELECT sink, coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'seq')::regclass), 0)
            FROM unnest(ARRAY['amqp', 'webhooks']) AS s (sink);

            CREATE TABLE webhooks (
                id uuid PRIMARY KEY,
                namespace text COLLATE "C" NOT NULL,
                url text NOT NULL,
                description text NOT NULL,
                types text[] NOT NULL,
                events text[] NOT NULL,
                labels jsonb NOT NULL,
                status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
                disabled_reason text,
                disabled_at timestamptz,
                failing_since timestamptz,
                last_error text,
                secret bytea NOT NULL,
                previous_secret bytea,
                previous_until timestamptz,
                created_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now(),
                CHECK ((status = 'disabled') = (disabled_at IS NOT NULL)),
                CHECK ((status = 'disabled') = (disabled_reason IS NOT NULL))
            );
            CREATE INDEX webhooks_list ON webhooks (namespace, id);
            CREATE INDEX webhooks_active ON webhooks (namespace) WHERE status = 'active';

            CREATE TABLE webhook_deliveries (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                webhook_id uuid NOT NULL,
                job_id uuid,
                event text NOT NULL,
                event_id text NOT NULL,
                body text NOT NULL,
                status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'exhausted')),
                attempts integer NOT NULL DEFAULT 0,
                due_at timestamptz DEFAULT now(),
                replay_of bigint,
                created_at timestamptz NOT NULL DEFAULT now(),
                attempted_at timestamptz,
                finished_at timestamptz,
                response_status integer,
                response_body text,
                error text,
                duration_ms integer,
                CHECK ((status = 'pending') = (due_at IS NOT NULL)),
                CHECK ((status = 'pending') = (finished_at IS NULL))
            ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
            CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, id);
            CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE status = 'pending';
            CREATE INDEX webhook_deliveries_order ON webhook_deliveries (webhook_id, job_id, id) WHERE status = 'pending';
            """)

    /// Events say their job's type, so that the relay need not look up the job of each to know who might want it.
    ///
    /// Null in what was written before, or is written by a process of the build before: the job is looked up for those.
    static let eventTypeSchema = Migration(
        number: 12, name: "event types", sql: #"ALTER TABLE events ADD COLUMN type text COLLATE "C""#)
}

extension Migrations {
    /// How jobs flow from the backlog to the workers: fair order, pauses, limits, times to live, unique jobs, figures of queues.
    ///
    /// - `jobs_backlog` replaces `jobs_dispatch`: with the namespace in it, the dispatcher finds the tenants that wait by skipping from
    ///   one to the next, whatever each of them has queued.
    /// - The other two indexes hold only jobs that ask for what they are for. The condition of `jobs_unique` never becomes true again
    ///   once it was false (an attempt is never taken back, an end is final), so that no later transition can collide.
    /// - The constraints are not checked against the rows that are there: their columns are new and empty.
    /// - What is counted about a queue stands in `queue_figures`, written by one gateway and read by all.
    static let flowSchema = Migration(
        number: 5, name: "flow",
        sql: """
            ALTER TABLE jobs
                ADD COLUMN concurrency_key text COLLATE "C",
                ADD COLUMN expires_at timestamptz,
                ADD COLUMN unique_key bytea,
                ADD COLUMN unique_for text COLLATE "C",
                ADD COLUMN unique_until timestamptz,
                ADD CONSTRAINT jobs_unique_for_check CHECK (unique_for IN ('queued', 'active', 'seconds')) NOT VALID,
                ADD CONSTRAINT jobs_unique_whole_check CHECK ((unique_key IS NULL) = (unique_for IS NULL)) NOT VALID,
                ADD CONSTRAINT jobs_unique_until_check CHECK ((unique_for = 'seconds') = (unique_until IS NOT NULL)) NOT VALID;
            DROP INDEX jobs_dispatch;
            CREATE INDEX jobs_backlog ON jobs (type, priority, namespace, id)
                WHERE status = 'queued' AND dispatched_at IS NULL;
            CREATE INDEX jobs_expiry ON jobs (expires_at)
                WHERE expires_at IS NOT NULL AND attempt = 0 AND finished_at IS NULL;
            CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key)
                WHERE unique_key IS NOT NULL
                    AND (unique_for = 'seconds' OR (finished_at IS NULL AND (unique_for = 'active' OR attempt = 0)));

            CREATE TABLE queue_pauses (
                type text COLLATE "C" PRIMARY KEY,
                reason text,
                paused_by text NOT NULL,
                paused_at timestamptz NOT NULL DEFAULT now()
            );

            -- The subject is a type, a namespace, or a key of a namespace; '*' stands for each one that has no limit of its own.
            CREATE TABLE limits (
                scope text COLLATE "C" NOT NULL CHECK (scope IN ('queue', 'namespace', 'key')),
                namespace text COLLATE "C" NOT NULL CHECK ((scope = 'key') = (namespace <> '')),
                subject text COLLATE "C" NOT NULL,
                max_running integer CHECK (max_running >= 0),
                max_starts integer CHECK (max_starts >= 1),
                per_seconds integer CHECK (per_seconds >= 1),
                set_by text NOT NULL,
                set_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (scope, namespace, subject),
                CHECK ((max_starts IS NULL) = (per_seconds IS NULL)),
                CHECK (max_running IS NOT NULL OR max_starts IS NOT NULL)
            );

            -- Token buckets that are not full: each start takes one of max_starts tokens, which come back evenly over per_seconds.
            CREATE TABLE limit_buckets (
                scope text COLLATE "C" NOT NULL,
                namespace text COLLATE "C" NOT NULL,
                subject text COLLATE "C" NOT NULL,
                full_at timestamptz NOT NULL,
                PRIMARY KEY (scope, namespace, subject)
            );

            CREATE TABLE queue_figures (
                type text COLLATE "C" PRIMARY KEY,
                ready bigint NOT NULL,
                in_broker bigint NOT NULL,
                running bigint NOT NULL,
                busy_workers bigint NOT NULL,
                scheduled bigint NOT NULL,
                oldest_waits_since timestamptz,
                consumers bigint,
                rate_in double precision,
                rate_out double precision,
                service_seconds double precision,
                measured_at timestamptz NOT NULL
            );
            """)
}

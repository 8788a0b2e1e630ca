extension Migrations {
    /// The tables of the job core.
    ///
    /// Choices that carry weight:
    /// - `jobs` is updated three times in a job's life, so its pages keep room (`fillfactor`) and its indexes are few. The partial
    ///   ones hold only rows that wait for something, so that they stay small under millions of finished jobs.
    /// - `(namespace, status, id)` serves lists with and without a status filter: without one, the reader merges the statuses.
    /// - Every event of a job is written in a transaction that holds the job's row lock, so `seq` is in commit order per job.
    /// - The index of leases does not name the status: a statement that names jobs by id and guards their status would else be
    ///   planned over it, through the dead entries of every job that has just ended.
    /// - `executions` holds ended attempts: one row each, written with the end. The attempt under way stands in its job's row.
    /// - Words that are compared bytewise say so (`COLLATE "C"`): the database's own collation costs time and gives them no meaning.
    /// - CHECK constraints tie a status to its times: a bug in a statement fails loudly instead of leaving a half-moved row.
    static let coreSchema = Migration(
        number: 1, name: "core",
        sql: """
            CREATE TABLE job_types (
                name text COLLATE "C" PRIMARY KEY,
                queue text NOT NULL,
                version integer NOT NULL,
                description text NOT NULL DEFAULT '',
                spec_schema jsonb NOT NULL,
                policy jsonb NOT NULL,
                registered_at timestamptz NOT NULL DEFAULT now()
            );

            CREATE TABLE api_keys (
                id uuid PRIMARY KEY,
                namespace text NOT NULL,
                name text NOT NULL,
                hash bytea NOT NULL UNIQUE,
                scopes text[] NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now(),
                revoked_at timestamptz
            );

            CREATE TABLE jobs (
                id uuid PRIMARY KEY,
                namespace text COLLATE "C" NOT NULL,
                type text COLLATE "C" NOT NULL,
                status text COLLATE "C" NOT NULL CHECK (status IN
                    ('scheduled', 'queued', 'running', 'stopping', 'completed', 'failed', 'cancelled', 'stopped')),
                priority smallint NOT NULL,
                attempt integer NOT NULL DEFAULT 0,
                max_attempts integer NOT NULL CHECK (max_attempts >= 1),
                failures integer NOT NULL DEFAULT 0,
                crashes integer NOT NULL DEFAULT 0,
                timeout_seconds integer NOT NULL CHECK (timeout_seconds >= 1),
                created_at timestamptz NOT NULL DEFAULT now(),
                due_at timestamptz NOT NULL,
                dispatched_at timestamptz,
                started_at timestamptz,
                finished_at timestamptz,
                lease_until timestamptz,
                worker text,
                wanted text CHECK (wanted IN ('cancel', 'stop')),
                phase text,
                name text,
                labels jsonb NOT NULL,
                spec jsonb NOT NULL,
                progress jsonb,
                result jsonb,
                error jsonb,
                parent_id uuid,
                original_job_id uuid,
                trace_id text,
                idempotency_key text COLLATE "C",
                request_hash bytea,
                CHECK ((status IN ('completed', 'failed', 'cancelled', 'stopped')) = (finished_at IS NOT NULL)),
                CHECK ((status IN ('running', 'stopping')) = (lease_until IS NOT NULL)),
                CHECK ((status = 'stopping') = (wanted IS NOT NULL)),
                CHECK (status NOT IN ('running', 'stopping') OR (worker IS NOT NULL AND attempt >= 1)),
                CHECK ((idempotency_key IS NULL) = (request_hash IS NULL))
            ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
            CREATE INDEX jobs_list ON jobs (namespace, status, id);
            CREATE UNIQUE INDEX jobs_idempotency ON jobs (namespace, idempotency_key) WHERE idempotency_key IS NOT NULL;
            CREATE INDEX jobs_dispatch ON jobs (type, priority DESC, id) WHERE status = 'queued' AND dispatched_at IS NULL;
            CREATE INDEX jobs_dispatched ON jobs (type, dispatched_at) WHERE status = 'queued' AND dispatched_at IS NOT NULL;
            CREATE INDEX jobs_parent ON jobs (parent_id, id) WHERE parent_id IS NOT NULL;
            CREATE INDEX jobs_due ON jobs (due_at) WHERE status = 'scheduled';
            CREATE INDEX jobs_lease ON jobs (lease_until) WHERE lease_until IS NOT NULL;

            CREATE TABLE executions (
                job_id uuid NOT NULL,
                attempt integer NOT NULL,
                worker text NOT NULL,
                status text NOT NULL,
                started_at timestamptz NOT NULL,
                finished_at timestamptz NOT NULL DEFAULT now(),
                error jsonb,
                PRIMARY KEY (job_id, attempt)
            );

            CREATE TABLE events (
                seq bigint GENERATED ALWAYS AS IDENTITY,
                job_id uuid NOT NULL,
                kind text NOT NULL,
                status text NOT NULL,
                attempt integer NOT NULL,
                data jsonb,
                at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (job_id, seq)
            );

            CREATE TABLE job_logs (
                job_id uuid NOT NULL,
                attempt integer NOT NULL,
                number integer NOT NULL,
                at timestamptz NOT NULL,
                level smallint NOT NULL,
                message text NOT NULL,
                operator text,
                details jsonb,
                PRIMARY KEY (job_id, attempt, number)
            );

            CREATE TABLE checkpoints (
                job_id uuid NOT NULL,
                epoch integer NOT NULL,
                attempt integer NOT NULL,
                state jsonb NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (job_id, epoch)
            );

            CREATE TABLE files (
                id uuid PRIMARY KEY,
                namespace text NOT NULL,
                job_id uuid,
                name text NOT NULL,
                media_type text NOT NULL,
                size bigint NOT NULL,
                sha256 text NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now()
            );
            CREATE INDEX files_job ON files (job_id) WHERE job_id IS NOT NULL;

            CREATE TABLE dead_letters (
                id uuid PRIMARY KEY,
                reason text NOT NULL,
                detail text NOT NULL,
                exchange text NOT NULL,
                routing_key text NOT NULL,
                job_id uuid,
                headers jsonb NOT NULL,
                body bytea NOT NULL,
                received_at timestamptz NOT NULL DEFAULT now()
            );
            CREATE INDEX dead_letters_newest ON dead_letters (received_at);

            -- Which process does a duty that only one may do at a time, and until when.
            CREATE TABLE leaders (
                duty text PRIMARY KEY,
                holder text NOT NULL,
                until timestamptz NOT NULL
            );
            """)
}

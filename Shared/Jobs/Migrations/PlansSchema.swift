extension Migrations {
    /// Schedules, workflows, and jobs that wait for others.
    ///
    /// - A job that waits for others is `scheduled` and has no `due_at`: no index of due jobs ever shows it.
    /// - `awaited` says that somebody waits for the job's end. The partial index holds only such jobs that have ended and whose
    ///   end has not been dealt with, so finding them costs nothing while there are none, and the others pay nothing.
    /// - `is_watched` says that the needed job is `awaited` already. The flag is set after the waiting job's commit, by the loop
    ///   that deals with ends: who submits a job must not lock the rows of running ones.
    static let plansSchema = Migration(
        number: 6, name: "plans",
        sql: """
            ALTER TABLE jobs ALTER COLUMN due_at DROP NOT NULL;
            ALTER TABLE jobs ADD CONSTRAINT jobs_due_check
                CHECK (due_at IS NOT NULL OR status NOT IN ('queued', 'running', 'stopping')) NOT VALID;
            ALTER TABLE jobs ADD COLUMN awaited boolean NOT NULL DEFAULT false;
            CREATE INDEX jobs_awaited ON jobs (id) WHERE awaited AND finished_at IS NOT NULL;

            CREATE TABLE job_dependencies (
                job_id uuid NOT NULL,
                needs uuid NOT NULL,
                name text,
                is_read boolean NOT NULL DEFAULT false,
                is_watched boolean NOT NULL DEFAULT false,
                ended_as text COLLATE "C",
                PRIMARY KEY (job_id, needs)
            );
            CREATE INDEX job_dependencies_open ON job_dependencies (needs) WHERE ended_as IS NULL;
            CREATE INDEX job_dependencies_unwatched ON job_dependencies (needs) WHERE NOT is_watched;

            CREATE TABLE schedules (
                id uuid PRIMARY KEY,
                namespace text COLLATE "C" NOT NULL,
                name text,
                cron text NOT NULL,
                time_zone text NOT NULL,
                job jsonb NOT NULL,
                catch_up text NOT NULL CHECK (catch_up IN ('skip', 'last', 'all')),
                catch_up_limit integer NOT NULL CHECK (catch_up_limit >= 1),
                overlap text NOT NULL CHECK (overlap IN ('allow', 'skip')),
                is_paused boolean NOT NULL,
                next_at timestamptz NOT NULL,
                last_tick_at timestamptz,
                last_job_id uuid,
                last_error jsonb,
                fired bigint NOT NULL DEFAULT 0,
                skipped bigint NOT NULL DEFAULT 0,
                created_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now(),
                revision integer NOT NULL DEFAULT 1,
                idempotency_key text COLLATE "C",
                request_hash bytea
            );
            CREATE INDEX schedules_list ON schedules (namespace, id);
            CREATE INDEX schedules_due ON schedules (next_at) WHERE NOT is_paused;
            CREATE UNIQUE INDEX schedules_idempotency ON schedules (namespace, idempotency_key)
                WHERE idempotency_key IS NOT NULL;

            CREATE TABLE workflows (
                id uuid PRIMARY KEY,
                namespace text COLLATE "C" NOT NULL,
                name text,
                labels jsonb NOT NULL,
                fail_fast boolean NOT NULL,
                status text COLLATE "C" NOT NULL DEFAULT 'running' CHECK (status IN
                    ('running', 'completed', 'failed', 'cancelled', 'stopped')),
                -- Why its jobs are being cancelled, while they are: asked for, or because one of them failed.
                wanted text CHECK (wanted IN ('cancel', 'fail')),
                reason text,
                retry_of uuid UNIQUE,
                original_workflow_id uuid,
                created_at timestamptz NOT NULL DEFAULT now(),
                finished_at timestamptz,
                idempotency_key text COLLATE "C",
                request_hash bytea,
                CHECK ((status = 'running') = (finished_at IS NULL))
            );
            CREATE INDEX workflows_list ON workflows (namespace, id);
            CREATE INDEX workflows_cancelling ON workflows (id) WHERE wanted IS NOT NULL AND status = 'running';
            CREATE UNIQUE INDEX workflows_idempotency ON workflows (namespace, idempotency_key)
                WHERE idempotency_key IS NOT NULL;

            CREATE TABLE workflow_steps (
                workflow_id uuid NOT NULL,
                name text NOT NULL,
                position integer NOT NULL,
                job_id uuid NOT NULL,
                -- The job has completed in an earlier workflow that this one retries.
                is_reused boolean NOT NULL,
                depends_on text[] NOT NULL,
                definition jsonb NOT NULL,
                PRIMARY KEY (workflow_id, position)
            );
            CREATE INDEX workflow_steps_job ON workflow_steps (job_id);
            """)
}

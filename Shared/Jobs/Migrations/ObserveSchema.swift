extension Migrations {
    /// What jobs tell about their inside: operators, errors, sampled output, and how long jobs of a type take.
    ///
    /// Choices that carry weight:
    /// - Every table is keyed by its job first, so that all reads are short ranges of one index, and none is written by a job that
    ///   reports nothing.
    /// - An operator's numbers are one value: they are written and read as a whole, and merged by the reader. Each row holds absolute
    ///   numbers of one attempt, so a repeated write changes nothing.
    /// - `checkpoint_entries` holds what a job has finished, once, under the epoch that first told of it. A checkpoint is its own
    ///   state and every entry up to its epoch; without this each checkpoint would store all that the ones before have stored.
    /// - `type_history` has a row or two for each type. Workers add to it every few seconds, never for a single job.
    static let observeSchema = Migration(
        number: 4, name: "observe",
        sql: """
            CREATE TABLE job_operators (
                job_id uuid NOT NULL,
                attempt integer NOT NULL,
                operator text COLLATE "C" NOT NULL,
                task_index integer NOT NULL,
                kind text NOT NULL CHECK (kind IN ('source', 'transform', 'sink')),
                counters jsonb NOT NULL,
                started_at timestamptz NOT NULL,
                updated_at timestamptz NOT NULL,
                PRIMARY KEY (job_id, attempt, operator, task_index)
            ) WITH (fillfactor = 70);

            CREATE TABLE job_errors (
                job_id uuid NOT NULL,
                attempt integer NOT NULL,
                number integer NOT NULL,
                at timestamptz NOT NULL,
                level smallint NOT NULL,
                operator text NOT NULL,
                task_index integer NOT NULL,
                message text NOT NULL,
                details jsonb,
                record text,
                record_bytes integer,
                PRIMARY KEY (job_id, attempt, number),
                CHECK ((record IS NULL) = (record_bytes IS NULL))
            );

            CREATE TABLE job_samples (
                job_id uuid NOT NULL,
                operator text COLLATE "C" NOT NULL,
                attempt integer NOT NULL,
                number integer NOT NULL,
                task_index integer NOT NULL,
                at timestamptz NOT NULL,
                record jsonb NOT NULL,
                PRIMARY KEY (job_id, operator, attempt, number)
            );

            CREATE TABLE checkpoint_entries (
                job_id uuid NOT NULL,
                epoch integer NOT NULL,
                number integer NOT NULL,
                entry jsonb NOT NULL,
                PRIMARY KEY (job_id, epoch, number)
            );

            CREATE TABLE type_history (
                type text COLLATE "C" NOT NULL,
                unit text COLLATE "C" NOT NULL,
                histogram jsonb NOT NULL,
                updated_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (type, unit)
            );

            ALTER TABLE job_logs ADD COLUMN task_index integer;
            ALTER TABLE checkpoints ADD COLUMN started_at timestamptz, ADD COLUMN operators jsonb;
            """)
}

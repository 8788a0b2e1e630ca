extension Migrations {
    /// Requests to running jobs, with what they allow and by when; how much a job may do at a time.
    ///
    /// - `stop_mode` says what kind of stop is wanted and is empty for a cancellation; `stop_deadline` is when the execution is
    ///   ended by force. Both go with `wanted`. A process of an earlier build knows neither and leaves them as they are, so no
    ///   constraint ties them to it.
    /// - The constraints are not checked against the rows that are there: the columns are new and empty, and reading a table of
    ///   millions of jobs under an exclusive lock would stop the platform for as long.
    static let controlSchema = Migration(
        number: 3, name: "control",
        sql: """
            ALTER TABLE jobs ADD COLUMN stop_mode text, ADD COLUMN stop_deadline timestamptz, ADD COLUMN parallelism integer,
                ADD CONSTRAINT jobs_stop_mode_check CHECK (stop_mode IN ('checkpoint', 'immediate')) NOT VALID,
                ADD CONSTRAINT jobs_parallelism_check CHECK (parallelism BETWEEN 1 AND 64) NOT VALID;
            """)
}

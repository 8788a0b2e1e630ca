extension Migrations {
    /// Which pull request a job has made, so that what its provider tells of it finds the job.
    ///
    /// A table of its own, which the worker fills in its fence as soon as there is a pull request: it may be merged before the job has ended. An index
    /// over `jobs.result` would cost every job of every type: PostgreSQL updates a row in place only while no column that any index names has changed.
    ///
    /// - `origin` is the job that the marker in the body names: of a line of retries the first.
    /// - `hook_deliveries` has what became an event, for as long as a provider may send it again.
    static let pullRequestSchema = Migration(
        number: 22, name: "pull requests",
        sql: """
            CREATE TABLE pull_requests (
                job_id uuid PRIMARY KEY,
                origin uuid NOT NULL,
                provider text COLLATE "C" NOT NULL,
                host text COLLATE "C" NOT NULL,
                repository text COLLATE "C" NOT NULL,
                number bigint NOT NULL,
                commit text COLLATE "C"
            );
            CREATE INDEX pull_requests_number ON pull_requests (repository, number);
            CREATE INDEX pull_requests_commit ON pull_requests (commit) WHERE commit IS NOT NULL;

            CREATE TABLE hook_deliveries (
                provider text COLLATE "C" NOT NULL,
                id text COLLATE "C" NOT NULL,
                received_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (provider, id)
            );
            CREATE INDEX hook_deliveries_age ON hook_deliveries (received_at);
            """)
}

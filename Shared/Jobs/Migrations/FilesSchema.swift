extension Migrations {
    /// Content that is on its way into the artifact store, so that what a death leaves there is found.
    static let filesSchema = Migration(
        number: 19, name: "pending files",
        sql: """
            CREATE TABLE pending_files (
                id uuid PRIMARY KEY,
                job_id uuid,
                created_at timestamptz NOT NULL DEFAULT now()
            );
            CREATE INDEX pending_files_job ON pending_files (job_id) WHERE job_id IS NOT NULL;
            """)
}

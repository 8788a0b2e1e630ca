extension Migrations {
    /// Jobs that go on where another one failed.
    ///
    /// A job has at most one such successor: however often and at however many gateways a retry is asked for, it is one job.
    static let repeatSchema = Migration(
        number: 2, name: "repeat",
        sql: """
            ALTER TABLE jobs ADD COLUMN retry_of uuid;
            CREATE UNIQUE INDEX jobs_retry ON jobs (retry_of) WHERE retry_of IS NOT NULL;
            """)

    /// Which job's work a job goes on from, whether by a retry or from a checkpoint of choice: the one that goes on names the files of
    /// the other, which must stay as long.
    static let resumeSchema = Migration(
        number: 11, name: "resume",
        sql: """
            ALTER TABLE jobs ADD COLUMN resumes uuid;
            UPDATE jobs SET resumes = retry_of WHERE retry_of IS NOT NULL;
            CREATE INDEX jobs_resumes ON jobs (resumes) WHERE resumes IS NOT NULL;
            """)
}

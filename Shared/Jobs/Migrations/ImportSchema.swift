extension Migrations {
    /// How far imports are, and the rows that they could not take.
    ///
    /// Both are written in the transaction that loads the rows, so that an attempt after a death goes on exactly behind what is there. An import that is
    /// retried as another job goes on with the row of the first.
    static let importSchema = Migration(
        number: 18, name: "imports",
        sql: """
            CREATE TABLE imports (
                job_id uuid PRIMARY KEY,
                position jsonb NOT NULL,
                loaded bigint NOT NULL DEFAULT 0,
                updated bigint NOT NULL DEFAULT 0,
                rejected bigint NOT NULL DEFAULT 0
            ) WITH (fillfactor = 50);

            CREATE TABLE import_rejects (
                job_id uuid NOT NULL,
                number bigint NOT NULL,
                line bigint NOT NULL,
                name text,
                value text,
                reason text NOT NULL,
                fields text[],
                PRIMARY KEY (job_id, number)
            );
            """)
}

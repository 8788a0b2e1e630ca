extension Migrations {
    /// Who writes with which token of a git provider, and how much more may be written: one job at a time, however many workers there are.
    static let forgeSchema = Migration(
        number: 21, name: "forge tokens",
        sql: """
            CREATE TABLE forge_tokens (
                id bytea PRIMARY KEY,
                holder uuid,
                attempt integer,
                held_until timestamptz NOT NULL,
                -- Writes that are left, and when they were counted.
                budget double precision NOT NULL,
                counted_at timestamptz NOT NULL,
                blocked_until timestamptz NOT NULL DEFAULT '-infinity'
            ) WITH (fillfactor = 50);
            """)
}

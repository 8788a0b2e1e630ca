extension Migrations {
    /// What can be exported and imported, as the exports worker that started last knows it: the gateway knows no worker and reads it here.
    static let datasetSchema = Migration(
        number: 20, name: "datasets",
        sql: """
            CREATE TABLE datasets (
                name text COLLATE "C" PRIMARY KEY,
                description text NOT NULL,
                parameters jsonb NOT NULL,
                columns jsonb,
                is_importable boolean NOT NULL,
                namespaces text[]
            );
            """)
}

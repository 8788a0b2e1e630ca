extension Migrations {
    /// What was embedded: vectors, the chunks that they belong to, and the sources that those were cut from.
    ///
    /// - A space is what one model made for one namespace. Everything hangs below a space, so that neither vectors of two models nor rows of two
    ///   namespaces ever meet.
    /// - A vector is there once for each text: `hash` is the SHA-256 of the text alone, whatever a model wants in front of it.
    /// - A source is searched while it is `ready`. It is `building` until all of its chunks are there, and `replaced` from then on until they are
    ///   taken away in batches. `identity` says which versions of a source take each other's place (see `EmbeddingSource`).
    /// - `words` of a chunk has the mark of its space among its lexemes (`EmbeddingSpace.mark`), so that a search for words reads one space's
    ///   part of the index.
    /// - A space with many vectors has a table of its own for PostgreSQL's `vector` extension, where that is there (see `VectorIndex`); `index_state` says
    ///   how far it is. The bytes in `embedding_vectors` stay what counts. They do not compress, so nobody tries.
    static let embeddingSchema = Migration(
        number: 17, name: "embeddings",
        sql: """
            CREATE TABLE embedding_spaces (
                id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                namespace text COLLATE "C" NOT NULL,
                model text COLLATE "C" NOT NULL,
                revision text COLLATE "C" NOT NULL,
                dimensions integer NOT NULL CHECK (dimensions > 0),
                index_state text COLLATE "C" NOT NULL DEFAULT 'none' CHECK (index_state IN ('none', 'filling', 'ready')),
                created_at timestamptz NOT NULL DEFAULT now(),
                UNIQUE (namespace, model, revision)
            );

            CREATE TABLE embedding_vectors (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                space integer NOT NULL,
                tokens integer NOT NULL,
                hash bytea NOT NULL CHECK (octet_length(hash) = 32),
                vector bytea NOT NULL,
                UNIQUE (space, hash)
            );
            ALTER TABLE embedding_vectors ALTER COLUMN vector SET STORAGE EXTERNAL;
            CREATE INDEX embedding_vectors_space ON embedding_vectors (space, id);

            CREATE TABLE embedding_sources (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                space integer NOT NULL,
                chunks integer NOT NULL DEFAULT 0,
                tokens bigint NOT NULL DEFAULT 0,
                job_id uuid NOT NULL,
                kind text COLLATE "C" NOT NULL CHECK (kind IN ('text', 'document', 'page', 'row')),
                state text COLLATE "C" NOT NULL DEFAULT 'building' CHECK (state IN ('building', 'ready', 'replaced')),
                chunker text COLLATE "C" NOT NULL,
                key text COLLATE "C" NOT NULL,
                identity bytea NOT NULL CHECK (octet_length(identity) = 32),
                hash bytea NOT NULL CHECK (octet_length(hash) = 32),
                title text,
                url text,
                labels jsonb NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now()
            ) WITH (fillfactor = 80);
            CREATE UNIQUE INDEX embedding_sources_ready ON embedding_sources (space, identity) WHERE state = 'ready';
            CREATE UNIQUE INDEX embedding_sources_building ON embedding_sources (space, identity, job_id) WHERE state = 'building';
            CREATE INDEX embedding_sources_replaced ON embedding_sources (id) WHERE state = 'replaced';
            CREATE INDEX embedding_sources_content ON embedding_sources (space, hash) WHERE state = 'ready';
            CREATE INDEX embedding_sources_key ON embedding_sources (space, key);
            CREATE INDEX embedding_sources_job ON embedding_sources (job_id);
            CREATE INDEX embedding_sources_labels ON embedding_sources USING gin (labels jsonb_path_ops);

            CREATE TABLE embedding_chunks (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                source bigint NOT NULL,
                vector bigint NOT NULL,
                ordinal integer NOT NULL,
                page integer,
                start_offset integer NOT NULL,
                end_offset integer NOT NULL,
                headings jsonb NOT NULL,
                text text NOT NULL,
                words tsvector NOT NULL,
                UNIQUE (source, ordinal)
            );
            CREATE INDEX embedding_chunks_vector ON embedding_chunks (vector, id);
            CREATE INDEX embedding_chunks_words ON embedding_chunks USING gin (words);
            """)
}

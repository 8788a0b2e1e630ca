extension Migrations {
    /// Documents as rows: what each says about itself, its pages and its chunks.
    ///
    /// - A document's id comes from its job and its place in it, so that work that is repeated finds its rows again.
    /// - `path` is that place as numbers, which sort as the tree does: an input before what is inside it, that before the next input.
    /// - Lists have the newest job first and its documents in order; `(job_id, path)` also finds what goes when the job goes.
    /// - Pages and chunks are keyed by their job first: those of an attempt that died have no document yet, and go with their job.
    /// - The document's own row is written last, see `DocumentRows` of the worker: who reads one reads all of it.
    static let documentsSchema = Migration(
        number: 13, name: "documents",
        sql: """
            CREATE TABLE documents (
                id uuid PRIMARY KEY,
                namespace text COLLATE "C" NOT NULL,
                job_id uuid NOT NULL,
                path integer[] NOT NULL CHECK (cardinality(path) > 0),
                parent_id uuid,
                name text NOT NULL,
                status text COLLATE "C" NOT NULL CHECK (status IN ('completed', 'failed')),
                media_type text,
                sha256 text,
                size bigint,
                title text,
                authors text[] NOT NULL,
                subject text,
                language text,
                created timestamptz,
                modified timestamptz,
                producer text,
                pages integer,
                characters integer,
                chunks integer,
                error_code text,
                error_message text,
                created_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now(),
                CHECK ((parent_id IS NULL) = (cardinality(path) = 1)),
                CHECK ((status = 'failed') = (error_code IS NOT NULL)),
                CHECK ((error_code IS NULL) = (error_message IS NULL))
            );
            CREATE UNIQUE INDEX documents_job ON documents (job_id, path);
            CREATE INDEX documents_list ON documents (namespace, job_id DESC, path);
            CREATE INDEX documents_status ON documents (namespace, status, job_id DESC, path);

            CREATE TABLE document_pages (
                job_id uuid NOT NULL,
                document_id uuid NOT NULL,
                number integer NOT NULL,
                start_offset integer NOT NULL,
                end_offset integer NOT NULL,
                error text,
                is_recognized boolean NOT NULL,
                text text NOT NULL,
                PRIMARY KEY (job_id, document_id, number)
            );

            CREATE TABLE document_chunks (
                job_id uuid NOT NULL,
                document_id uuid NOT NULL,
                number integer NOT NULL,
                content_id text NOT NULL,
                page integer,
                box_left double precision,
                box_top double precision,
                box_right double precision,
                box_bottom double precision,
                start_offset integer NOT NULL,
                end_offset integer NOT NULL,
                headings jsonb NOT NULL,
                text text NOT NULL,
                PRIMARY KEY (job_id, document_id, number),
                CHECK (num_nulls(box_left, box_top, box_right, box_bottom) IN (0, 4))
            );
            CREATE INDEX document_chunks_page ON document_chunks (document_id, page, number) WHERE page IS NOT NULL;
            """)

    /// The pictures of pages: files of the job, which go with it as the pages do.
    static let pageImagesSchema = Migration(
        number: 14, name: "page images",
        sql: """
            ALTER TABLE document_pages ADD COLUMN image_id uuid, ADD COLUMN thumbnail_id uuid;
            """)
}

import Postgres

extension Dataset {
    static let documents = Dataset(
        "documents", "The documents that jobs have read.", parameters: [ofJobs],
        query: """
            SELECT d.id, d.job_id, d.path, d.parent_id, d.name, d.status, d.media_type, d.sha256, d.size, d.title, d.authors,
                d.subject, d.language, d.created, d.modified, d.producer, d.pages, d.characters, d.chunks, d.error_code,
                d.error_message
            FROM documents d, parameters p
            WHERE d.namespace = p.namespace AND (p.jobs IS NULL OR d.job_id = ANY(p.jobs))
            ORDER BY d.job_id, d.path
            """)

    static let documentPages = Dataset(
        "document_pages", "The pages of documents with their text.", parameters: [ofJobs],
        query: """
            SELECT d.job_id, g.document_id, d.name AS document, g.number, g.start_offset, g.end_offset, g.is_recognized, g.error,
                g.text
            FROM document_pages g JOIN documents d ON d.id = g.document_id AND d.job_id = g.job_id, parameters p
            WHERE d.namespace = p.namespace AND (p.jobs IS NULL OR d.job_id = ANY(p.jobs))
            ORDER BY d.job_id, d.path, g.number
            """)

    static let documentChunks = Dataset(
        "chunks", "The chunks of documents.", parameters: [ofJobs],
        query: """
            SELECT d.job_id, c.document_id, d.name AS document, c.number, c.content_id, c.page, c.box_left, c.box_top, c.box_right,
                c.box_bottom, c.start_offset, c.end_offset, c.headings, c.text
            FROM document_chunks c JOIN documents d ON d.id = c.document_id AND d.job_id = c.job_id, parameters p
            WHERE d.namespace = p.namespace AND (p.jobs IS NULL OR d.job_id = ANY(p.jobs))
            ORDER BY d.job_id, d.path, c.number
            """)

    static let crawledPages = Dataset(
        "pages", "The pages that crawls have stored.", parameters: [ofJobs],
        query: """
            SELECT c.job_id, g.number, g.url, g.status, g.depth, g.fetched_at, g.title, g.description, g.language, g.canonical,
                g.words, g.duplicate_of, g.is_near AS is_near_duplicate, g.markdown, g.metadata, g.links
            FROM crawl_pages g JOIN crawls c ON c.number = g.crawl, parameters p
            WHERE c.namespace = p.namespace AND (p.jobs IS NULL OR c.job_id = ANY(p.jobs))
            ORDER BY c.number, g.number
            """)

    static let embeddings = Dataset(
        "embeddings", "Embedded chunks with their vectors, which are base64 of 32-bit floats, the lowest byte first.",
        parameters: [
            ofJobs, Parameter("models", .texts, "Only of these models."),
            Parameter("labels", .json, "Only of sources that have all of these labels."),
        ],
        query: """
            SELECT k.id AS chunk, s.job_id, e.model, e.revision, e.dimensions, s.kind, s.key AS source, s.title, s.url, s.labels,
                k.ordinal, k.page, k.start_offset, k.end_offset, k.headings, k.text, v.tokens,
                translate(encode(v.vector, 'base64'), E'\\n', '') AS vector
            FROM embedding_spaces e JOIN embedding_sources s ON s.space = e.id AND s.state = 'ready'
                JOIN embedding_chunks k ON k.source = s.id JOIN embedding_vectors v ON v.id = k.vector, parameters p
            WHERE e.namespace = p.namespace AND (p.jobs IS NULL OR s.job_id = ANY(p.jobs))
                AND (p.models IS NULL OR e.model = ANY(p.models)) AND (p.labels IS NULL OR s.labels @> p.labels)
            ORDER BY k.id
            """)
}

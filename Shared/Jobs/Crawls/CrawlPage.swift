import Crypto
import Foundation
import JSON
import Postgres

/// A page that a crawl has made of a URL.
public struct CrawlPage: Sendable, Equatable {
    /// Its place in the crawl's order of discovery, by which it is known there.
    public let number: Int64
    /// The row of its host.
    public let host: Int64
    /// The URL that answered.
    public let url: String
    /// The status code of the answer.
    public let status: Int16
    /// How many links lie between it and a seed.
    public let depth: Int16
    /// When it was fetched.
    public var fetchedAt: Date
    /// Its title.
    public var title: String?
    /// What it says about itself.
    public var description: String?
    /// A language tag.
    public var language: String?
    /// The URL that it names as its own.
    public var canonical: String?
    /// How many words its main text has.
    public var words: Int32 = 0
    /// The SHA-256 of its main text, white space and case aside; nil when there is too little to compare.
    public var content: [UInt8]?
    /// A hash of its main text that is near for texts that are.
    public var similarity: UInt64?
    /// The number of the page that has the same main text, or nearly.
    public var duplicateOf: Int64?
    /// Whether that is only nearly so.
    public var isNear = false
    /// Its main text.
    public var markdown = ""
    /// What else it says about itself: a JSON object.
    public var metadata = JSONText("{}")
    /// What it links to: a JSON array of arrays of URL and text.
    public var links = JSONText("[]")

    /// Makes a page of a URL.
    public init(_ url: FrontierURL, host: Int64, status: Int16, fetchedAt: Date = Date()) {
        self.init(number: url.id, host: host, url: url.url, status: status, depth: url.depth, fetchedAt: fetchedAt)
    }

    private init(number: Int64, host: Int64, url: String, status: Int16, depth: Int16, fetchedAt: Date) {
        self.number = number
        self.host = host
        self.url = url
        self.status = status
        self.depth = depth
        self.fetchedAt = fetchedAt
    }
}

extension CrawlPage: Representation {
    /// `CrawledPage`.
    public static let schemaName = "CrawledPage"

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A page that a crawl has stored. What it does not say about itself is null.",
        [
            "number": Schema.count.described("Its place in the order of discovery; not every number is a page's."),
            "url": Schema.text.described("The URL that answered, in its canonical form."),
            "status": Schema.integer(100...599).described("Of the answer."),
            "depth": Schema.count.described("How many links lie between it and a seed."),
            "fetched_at": Schema.time, "title": Schema.text.orNull, "description": Schema.text.orNull,
            "language": Schema.text.orNull,
            "canonical": Schema.text.orNull.described("The URL that it names as its own."),
            "words": Schema.count.described("Of its main text."),
            "duplicate_of": Schema.count.orNull.described(
                "The number of the page that has the same main text, or nearly."),
            "is_near_duplicate": Schema.bool.described("Whether that one's text is only nearly the same."),
            "markdown": Schema.text.described("Its main text."),
            "metadata": ["type": "object", "description": "What else it says about itself."],
            "links": Schema.list(Schema.list(Schema.text, 2...2)).described("What it links to: URL and text."),
        ])

    /// Appends the page as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("number", Int(number))
        json.member("url", url)
        json.member("status", Int(status))
        json.member("depth", Int(depth))
        json.member("fetched_at", fetchedAt)
        json.member("title", title)
        json.member("description", description)
        json.member("language", language)
        json.member("canonical", canonical)
        json.member("words", Int(words))
        json.member("duplicate_of", duplicateOf.map(Int.init))
        json.member("is_near_duplicate", isNear)
        json.member("markdown", markdown)
        json.member("metadata", raw: metadata.bytes)
        json.member("links", raw: links.bytes)
        json.endObject()
    }
}

extension Crawl {
    /// Inserts pages; the same again changes nothing. A page whose content an earlier one has is noted as its duplicate.
    func insertion(of pages: [CrawlPage]) -> Statement {
        """
        INSERT INTO crawl_pages (crawl, number, host_id, url, status, depth, fetched_at, title, description, language, canonical,
            words, content, simhash, duplicate_of, is_near, text_bytes, markdown, metadata, links)
        SELECT \(number), f.number, f.host_id, f.url, f.status, f.depth, f.fetched_at, f.title, f.description, f.language,
            f.canonical, f.words, f.content, f.simhash, coalesce(same.number, f.first, f.duplicate_of),
            same.number IS NULL AND f.first IS NULL AND f.is_near, f.text_bytes, f.markdown, f.metadata, f.links
        FROM (SELECT *, CASE WHEN content IS NOT NULL
            THEN nullif(first_value(number) OVER (PARTITION BY content ORDER BY number), number) END AS first
            FROM unnest(\(pages.map(\.number)), \(pages.map(\.host)), \(pages.map(\.url)), \(pages.map(\.status)),
            \(pages.map(\.depth)), \(pages.map(\.fetchedAt)), \(pages.map { $0.title?.replacingNUL }),
            \(pages.map { $0.description?.replacingNUL }), \(pages.map { $0.language?.replacingNUL }),
            \(pages.map(\.canonical)), \(pages.map(\.words)), \(pages.map(\.content)),
            \(pages.map { $0.similarity.map { Int64(bitPattern: $0) } }), \(pages.map(\.duplicateOf)), \(pages.map(\.isNear)),
            \(pages.map(\.textBytes)), \(pages.map(\.markdown.replacingNUL)), \(pages.map { JSONText(replacingNUL: $0.metadata.bytes) }),
            \(pages.map { JSONText(replacingNUL: $0.links.bytes) }))
            AS u (number, host_id, url, status, depth, fetched_at, title, description, language, canonical, words, content,
                simhash, duplicate_of, is_near, text_bytes, markdown, metadata, links)) f
        LEFT JOIN LATERAL (
            SELECT p.number FROM crawl_pages p WHERE p.crawl = \(number) AND p.content = f.content AND p.duplicate_of IS NULL AND p.number <> f.number
            ORDER BY p.number LIMIT 1
        ) same ON true
        ON CONFLICT (crawl, number) DO NOTHING
        """
    }

    /// The page that an earlier crawl has made of a URL, as this crawl's own; nil when there is none.
    public func page(
        of url: FrontierURL, host: Int64, from earlier: Crawl, in store: JobStore
    ) async throws -> CrawlPage? {
        guard let number = url.known?.page, let old = try await earlier.page(number, in: store) else { return nil }
        var page = CrawlPage(url, host: host, status: old.status, fetchedAt: old.fetchedAt)
        page.takeContent(of: old)
        return page
    }

    /// The page with a number; nil when there is none.
    public func page(_ number: Int64, in store: JobStore) async throws -> CrawlPage? {
        try await store.database.query(
            "SELECT * FROM crawl_pages WHERE crawl = \(self.number) AND number = \(number)"
        ).first.map(CrawlPage.init(row:))
    }

    /// The crawl's pages after a number, in the order of discovery.
    public func pages(after number: Int64, limit: Int, in store: JobStore) async throws -> [CrawlPage] {
        try await store.database.query(
            "SELECT * FROM crawl_pages WHERE crawl = \(self.number) AND number > \(number) ORDER BY number LIMIT \(limit)"
        ).map(CrawlPage.init(row:))
    }
}

extension CrawlPage {
    /// What its texts take in an answer, about.
    fileprivate var textBytes: Int32 {
        Int32(clamping: markdown.utf8.count + metadata.bytes.count + links.bytes.count)
    }

    fileprivate mutating func takeContent(of other: CrawlPage) {
        (title, description, language, canonical) = (other.title, other.description, other.language, other.canonical)
        (words, content, similarity) = (other.words, other.content, other.similarity)
        (markdown, metadata, links) = (other.markdown, other.metadata, other.links)
    }

    init(row: Row) throws {
        self.init(
            number: try row.decode("number"), host: try row.decode("host_id"), url: try row.decode("url"),
            status: try row.decode("status"), depth: try row.decode("depth"),
            fetchedAt: try row.decode("fetched_at"))
        title = try row.decode("title")
        description = try row.decode("description")
        language = try row.decode("language")
        canonical = try row.decode("canonical")
        words = try row.decode("words")
        content = try row.decode("content")
        similarity = try row.decode("simhash", as: Int64?.self).map { UInt64(bitPattern: $0) }
        duplicateOf = try row.decode("duplicate_of")
        isNear = try row.decode("is_near")
        markdown = try row.decode("markdown")
        metadata = try row.decode("metadata")
        links = try row.decode("links")
    }
}

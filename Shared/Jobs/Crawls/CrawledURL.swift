import Foundation
import JSON
import Postgres

/// A URL that a crawl has found, and what became of it.
public struct CrawledURL: Sendable, Equatable, Representation {
    /// Where a URL stands: it waits, or has ended in one of the ways of `FrontierEnd`.
    public enum State: String, Sendable, PostgresScalar, CaseIterable {
        /// It has not been fetched yet, or not for the last time.
        case waiting
        /// It is a page; one that is stored has its number.
        case page
        /// It is a list of URLs.
        case sitemap
        /// It leads elsewhere.
        case redirect
        /// It could not be fetched or read.
        case failed
        /// A rule left it out.
        case skipped
    }

    /// Its place in the crawl's order of discovery, which is also the number of its page.
    public let number: Int64
    /// Its canonical form.
    public let url: String
    /// What it is fetched as.
    public let kind: FrontierKind
    /// Where it stands.
    public let state: State
    /// Why, in a word, where the state alone does not say.
    public let reason: String?
    /// The status code of the answer.
    public let status: Int16?
    /// How many links lie between it and a seed.
    public let depth: Int16
    /// How often it was tried in vain before.
    public let tries: Int16
    /// The number of the URL that it was found on; nil for a seed.
    public let referrer: Int64?
    /// Where a redirect leads.
    public let location: String?
    /// When it was fetched for the last time, or left out.
    public let fetchedAt: Date?

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A URL that a crawl has found, and what became of it.",
        [
            "number": Schema.count.described("Its place in the order of discovery, and the number of its page."),
            "url": Schema.text.described("In its canonical form."),
            "kind": Schema.word(FrontierKind.allCases.map(\.rawValue)).described("What it is fetched as."),
            "state": Schema.word(State.allCases.map(\.rawValue)),
            "reason": Schema.text.orNull.described("Why, in a word, where the state alone does not say."),
            "status": Schema.integer(0...999).orNull.described("The status code of the answer."),
            "depth": Schema.count.described("How many links lie between it and a seed."),
            "tries": Schema.count.described("How often it was tried in vain before."),
            "referrer": Schema.count.orNull.described("The number of the URL that it was found on."),
            "location": Schema.text.orNull.described("Where a redirect leads."),
            "fetched_at": Schema.time.orNull.described("When it was fetched, or left out; null while it waits."),
        ])

    /// Appends the URL as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("number", Int(number))
        json.member("url", url)
        json.member("kind", kind.rawValue)
        json.member("state", state.rawValue)
        json.member("reason", reason)
        json.member("status", status.map(Int.init))
        json.member("depth", Int(depth))
        json.member("tries", Int(tries))
        json.member("referrer", referrer.map(Int.init))
        json.member("location", location)
        json.member("fetched_at", fetchedAt)
        json.endObject()
    }
}

extension Crawl {
    /// The crawl's URLs after a number, in the order of discovery.
    public func urls(after number: Int64, limit: Int, in store: JobStore) async throws -> [CrawledURL] {
        try await store.database.query(
            """
            SELECT \(raw: Self.shown) FROM crawl_urls WHERE crawl = \(self.number) AND id > \(number)
            ORDER BY id LIMIT \(limit)
            """
        ).map(CrawledURL.init(row:))
    }

    /// The crawl's URLs in one of these states after a number, in the order of discovery.
    ///
    /// The index has them by state, so those of each are read apart and then put into one order.
    public func urls(
        _ states: [CrawledURL.State], after number: Int64, limit: Int, in store: JobStore
    ) async throws -> [CrawledURL] {
        try await store.database.query(
            """
            SELECT u.* FROM unnest(\(states.map(\.rawValue))) AS s (state), LATERAL (
                SELECT \(raw: Self.shown) FROM crawl_urls
                WHERE crawl = \(self.number) AND state = s.state AND id > \(number) ORDER BY id LIMIT \(limit)
            ) u
            ORDER BY u.id LIMIT \(limit)
            """
        ).map(CrawledURL.init(row:))
    }

    private static let shown: StaticString =
        "id, url, kind, state, reason, status, depth, tries, referrer, location, fetched_at"
}

extension CrawledURL {
    fileprivate init(row: Row) throws {
        self.init(
            number: try row.decode("id"), url: try row.decode("url"), kind: try row.decode("kind"),
            state: try row.decode("state"), reason: try row.decode("reason"), status: try row.decode("status"),
            depth: try row.decode("depth"), tries: try row.decode("tries"), referrer: try row.decode("referrer"),
            location: try row.decode("location"), fetchedAt: try row.decode("fetched_at"))
    }
}

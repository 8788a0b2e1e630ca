import Crypto
import Foundation
import Postgres

/// What a URL of the frontier is fetched as.
public enum FrontierKind: String, Sendable, PostgresScalar, CaseIterable {
    /// Something that may be a page.
    case page
    /// A list of URLs.
    case sitemap
}

/// A URL that was found and is to be fetched, unless it is known.
public struct FoundURL: Sendable, Hashable {
    /// Its canonical form.
    public let url: String
    /// Scheme, host and port.
    public let origin: String
    /// What it is fetched as.
    public let kind: FrontierKind
    /// How many links lie between it and a seed.
    public let depth: Int16
    /// How many redirects in a row have led to it.
    public let hops: Int16
    /// The URL that it was found on.
    public let referrer: Int64?

    /// Makes it.
    public init(
        url: String, origin: String, kind: FrontierKind = .page, depth: Int16, hops: Int16 = 0, referrer: Int64? = nil
    ) {
        self.url = url
        self.origin = origin
        self.kind = kind
        self.depth = depth
        self.hops = hops
        self.referrer = referrer
    }

    /// By what a URL is known in its crawl: the first 16 bytes of the SHA-256 of its canonical form.
    public static func key(of url: String) -> UUID {
        let digest = sha256(Array(url.utf8))
        return digest.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}

/// A URL that waits in the frontier, as its host's owner takes it.
public struct FrontierURL: Sendable {
    /// By what it is known in its crawl.
    public let key: UUID
    /// Its place in the order of discovery.
    public let id: Int64
    /// Its canonical form.
    public let url: String
    /// What it is fetched as.
    public let kind: FrontierKind
    /// How many links lie between it and a seed.
    public let depth: Int16
    /// How many redirects in a row have led to it.
    public let hops: Int16
    /// How often it was tried in vain.
    public let tries: Int16
    /// What an earlier crawl was told of it, to ask only for what has changed.
    public let known: Known?

    /// What an earlier crawl has of a URL.
    public struct Known: Sendable, Equatable {
        /// The number of the page there.
        public let page: Int64
        /// What the server said about its version.
        public let validators: Validators
    }

    /// What a server says about the version of what it sends (RFC 9110, 8.8).
    public struct Validators: Sendable, Equatable {
        /// The entity tag.
        public let etag: String?
        /// The time of the last change.
        public let lastModified: String?

        /// Makes them.
        public init(etag: String?, lastModified: String?) {
            self.etag = etag
            self.lastModified = lastModified
        }
    }

    /// A place in the order of a host's URLs.
    public struct Position: Sendable, Equatable {
        let depth: Int16
        let id: Int64

        /// Before the first.
        public static let start = Position(depth: -1, id: 0)
    }

    /// The same after one more try in vain.
    public var triedOnceMore: FrontierURL {
        FrontierURL(
            key: key, id: id, url: url, kind: kind, depth: depth, hops: hops, tries: tries + 1, known: known)
    }

    /// Its place in the order of its host's URLs.
    public var position: Position { Position(depth: depth, id: id) }
}

extension Crawl {
    /// The next URLs of a host, in the order of depth and then of discovery; for the host's owner, who takes them one after the other.
    ///
    /// - Parameter earlier: the crawl that has fetched the same before.
    public func waiting(
        of host: Int64, after position: FrontierURL.Position, limit: Int, earlier: Crawl?, in store: JobStore
    ) async throws -> [FrontierURL] {
        let known: Statement =
            earlier.map {
                """
                , e.id AS page, e.etag, e.last_modified FROM next n LEFT JOIN crawl_urls e ON e.crawl = \($0.number) AND e.key = n.key AND e.state = 'page'
                """
            } ?? ", NULL::bigint AS page, NULL AS etag, NULL AS last_modified FROM next n"
        return try await store.database.query(
            """
            WITH next AS (
                SELECT key, id, url, kind, depth, hops, tries FROM crawl_urls
                WHERE host_id = \(host) AND state = 'waiting' AND (depth, id) > (\(position.depth), \(position.id))
                ORDER BY depth, id LIMIT \(limit)
            )
            SELECT n.key, n.id, n.url, n.kind, n.depth, n.hops, n.tries\(known) ORDER BY n.depth, n.id
            """
        ).map(FrontierURL.init(row:))
    }
}

extension FrontierURL {
    fileprivate init(row: Row) throws {
        let page = try row.decode("page", as: Int64?.self)
        let validators = Validators(etag: try row.decode("etag"), lastModified: try row.decode("last_modified"))
        self.init(
            key: try row.decode("key"), id: try row.decode("id"), url: try row.decode("url"),
            kind: try row.decode("kind"), depth: try row.decode("depth"), hops: try row.decode("hops"),
            tries: try row.decode("tries"),
            known: page.map { Known(page: $0, validators: validators) })
    }
}

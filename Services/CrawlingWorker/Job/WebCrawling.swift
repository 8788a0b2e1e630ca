import Foundation
import JSON
import Jobs
import WorkerKit

/// The job type `web_crawling`: what goes in.
struct WebCrawling: Decodable, Sendable {
    /// Which URLs belong to the crawl.
    struct Scope: Decodable, Sendable {
        enum Reach: String, Decodable, Sendable, CaseIterable {
            /// The hosts of the seeds.
            case host
            /// Their registrable domains: for `www.example.co.uk` all of `example.co.uk`.
            case domain
            /// What begins as a seed does, up to its last slash.
            case prefix
            /// Everything.
            case anywhere
        }

        let within: Reach
        /// Hosts that belong to it besides.
        let hosts: [String]
        /// Expressions of which one must match, when there are any, and of which none may.
        let allow: [String]
        let deny: [String]
    }

    /// How a host is treated.
    struct Politeness: Decodable, Sendable {
        /// The most requests to it at a time.
        let concurrency: Int
        /// The least time from the beginning of one request to that of the next.
        let delayMilliseconds: Int

        enum CodingKeys: String, CodingKey {
            case concurrency
            case delayMilliseconds = "delay_ms"
        }
    }

    /// What one answer may cost.
    struct PageLimits: Decodable, Sendable {
        /// Bytes, after decompression.
        let maxBytes: Int
        let maxSeconds: Int

        enum CodingKeys: String, CodingKey {
            case maxBytes = "max_bytes"
            case maxSeconds = "max_seconds"
        }
    }

    /// What is sent to a host with every request.
    struct Credentials: Decodable, Sendable {
        let host: String
        let headers: [String: String]
        let cookies: [String: String]
    }

    /// What is kept of the exchanges themselves.
    enum Archive: String, Decodable, Sendable, CaseIterable {
        case none
        /// Files of WARC 1.1.
        case warc
    }

    /// An earlier crawl, whose pages are asked for only if they have changed.
    struct Revisit: Decodable, Sendable {
        let job: UUID

        enum CodingKeys: String, CodingKey { case job = "job_id" }
    }

    let seeds: [String]
    let scope: Scope
    let maxPages: Int
    let maxDepth: Int
    let maxBytes: Int
    let maxSeconds: Int
    let concurrency: Int
    let perHost: Politeness
    let page: PageLimits
    let sitemaps: Bool
    let keepsTracking: Bool
    let userAgent: String
    let credentials: [Credentials]
    let contentTypes: [String]
    let languages: [String]
    let archive: Archive
    let revisit: Revisit?
    /// The job whose crawl this one helps with; then nothing else counts.
    let helps: UUID?

    enum CodingKeys: String, CodingKey {
        case seeds, scope, concurrency, page, sitemaps, credentials, languages, archive, revisit
        case maxPages = "max_pages"
        case maxDepth = "max_depth"
        case maxBytes = "max_bytes"
        case maxSeconds = "max_seconds"
        case perHost = "per_host"
        case keepsTracking = "keep_tracking"
        case userAgent = "user_agent"
        case contentTypes = "content_types"
        case helps
    }
}

extension WebCrawling {
    static let typeName = "web_crawling"
    static let defaultAgent = "Switchyard/1.0"

    static func jobType() throws -> JobType {
        try JobType(
            name: typeName, version: 1,
            description: """
                Crawls web sites from seed URLs: obeys robots.txt, keeps to a rate for each host, and stores the main text of each page as Markdown with \
                its title, language, links and metadata.
                """,
            specSchema: [
                "type": "object", "additionalProperties": false, "required": ["seeds"],
                "properties": .object(properties),
            ],
            // Pages are parsed in children and what is done is in the database, so an end of the worker costs a crawl little; a long one sees many.
            policy: JobPolicy(timeoutSeconds: 24 * 3600, maxAttempts: 5, maxCrashes: 12))
    }

    private static var properties: JSONObject {
        [
            // Whoever writes a password into a URL is told before it is stored.
            "seeds": Schema.list(
                [
                    "type": "string", "maxLength": 4096,
                    "pattern": #"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\\\u0000-\u0020]+([/?#]|$)"#,
                ], 1...10_000),
            "scope": settings([
                "within": Schema.word(Scope.Reach.allCases.map(\.rawValue)).defaulting(to: "host"),
                "hosts": Schema.list(host, 0...1000).defaulting(to: []),
                "allow": expressions, "deny": expressions,
            ]),
            "max_pages": number(1...100_000_000, 10_000),
            "max_depth": number(0...1000, 50),
            "max_bytes": number(1...(1 << 50), 10 << 30),
            "max_seconds": number(1...31_536_000, 24 * 3600),
            "concurrency": number(1...256, 32),
            "per_host": settings(["concurrency": number(1...64, 2), "delay_ms": number(0...600_000, 500)]),
            "page": settings(["max_bytes": number(1024...(16 << 20), 4 << 20), "max_seconds": number(1...600, 60)]),
            "sitemaps": ["type": "boolean", "default": true],
            "keep_tracking": ["type": "boolean", "default": false],
            "user_agent": [
                "type": "string", "pattern": #"^[A-Za-z_-]+[^\u0000-\u001f\u007f]*$"#, "maxLength": 256,
                "default": .string(defaultAgent),
            ],
            "credentials": Schema.list(credentials, 0...100).defaulting(to: []),
            "render": Schema.word(["none"]).defaulting(to: "none"),
            "content_types": Schema.list(
                ["type": "string", "pattern": "^[a-z]+/[a-z0-9.+-]+$", "maxLength": 100], 1...20
            ).defaulting(to: ["text/html", "application/xhtml+xml"]),
            "languages": Schema.list(["type": "string", "pattern": "^[a-z]{2,3}$"], 0...50).defaulting(to: []),
            "archive": Schema.word(Archive.allCases.map(\.rawValue)).defaulting(to: "none"),
            "revisit": [
                "type": "object", "additionalProperties": false, "required": ["job_id"],
                "properties": ["job_id": ["type": "string", "format": "uuid"]],
            ],
            "helps": [
                "type": "string", "format": "uuid",
                "description":
                    "Set by the worker itself: the job that this one is a part of, which asked for more parallelism.",
            ],
        ]
    }

    private static let host: JSON = ["type": "string", "minLength": 1, "maxLength": 253]
    private static let expressions = Schema.list(["type": "string", "minLength": 1, "maxLength": 1000], 0...100)
        .defaulting(to: [])

    private static let credentials: JSON = [
        "type": "object", "additionalProperties": false, "required": ["host"],
        "properties": [
            "host": host,
            "headers": texts(names: "^[A-Za-z0-9-]+$").defaulting(to: [:]),
            "cookies": texts(names: "^[A-Za-z0-9_.-]+$").defaulting(to: [:]),
        ],
    ]

    /// Texts by name, which are sealed where they are stored and shown to nobody.
    private static func texts(names: String) -> JSON {
        [
            "type": "object", "maxProperties": 50, "propertyNames": ["pattern": .string(names), "maxLength": 100],
            "additionalProperties": [
                "type": "string", "maxLength": 4096, "pattern": #"^[^\u0000-\u001f\u007f]*$"#, "x-secret": true,
            ],
        ]
    }

    /// An object whose default is that of each of its members.
    private static func settings(_ properties: JSONObject) -> JSON {
        var defaults = JSONObject()
        for (name, schema) in properties { defaults[name] = schema["default"] }
        return [
            "type": "object", "additionalProperties": false, "default": .object(defaults),
            "properties": .object(properties),
        ]
    }

    private static func number(_ range: ClosedRange<Int>, _ fallback: Int) -> JSON {
        Schema.integer(range).defaulting(to: .int(Int64(fallback)))
    }
}

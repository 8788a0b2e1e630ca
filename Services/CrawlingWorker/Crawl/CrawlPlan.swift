import Foundation
import JSON
import Pattern
import WebAddress
import WorkerKit

/// What a crawl is to do, read from its job's spec once.
struct CrawlPlan: Sendable {
    let seeds: [PageURL]
    let scope: CrawlScope
    let maxPages: Int
    let maxDepth: Int
    let maxBytes: Int
    let time: Duration
    let concurrency: Int
    let pace: HostPace.Settings
    let retries: RetryPolicy
    let pageBytes: Int
    let pageTime: Duration
    let usesSitemaps: Bool
    let keepsTracking: Bool
    let userAgent: String
    let mediaTypes: Set<String>
    let languages: Set<String>
    let revisited: UUID?
    /// Whether the exchanges themselves are kept.
    let isArchived: Bool
    private let headers: [String: [(name: String, value: String)]]

    /// Reads a spec.
    ///
    /// - Throws: `JobFailure` for seeds or expressions that are none.
    init(_ spec: WebCrawling) throws(JobFailure) {
        var seeds: [PageURL] = []
        for (index, text) in spec.seeds.enumerated() {
            do {
                seeds.append(try PageURL(text).canonical(withoutTracking: !spec.keepsTracking))
            } catch {
                throw JobFailure(
                    code: "invalid_seed", message: "seeds/\(index) is no URL that can be crawled: \(error).")
            }
        }
        self.seeds = seeds
        scope = try CrawlScope(spec.scope, seeds: seeds)
        (maxPages, maxDepth, maxBytes) = (spec.maxPages, spec.maxDepth, spec.maxBytes)
        time = .seconds(spec.maxSeconds)
        concurrency = spec.concurrency
        pace = Self.pace(spec.perHost)
        retries = RetryPolicy(tries: 3, patientTries: 5, firstDelay: .seconds(1), maximumDelay: .seconds(60))
        (pageBytes, pageTime) = (spec.page.maxBytes, .seconds(spec.page.maxSeconds))
        (usesSitemaps, keepsTracking) = (spec.sitemaps, spec.keepsTracking)
        userAgent = spec.userAgent
        mediaTypes = Set(spec.contentTypes)
        languages = Set(spec.languages)
        revisited = spec.revisit?.job
        isArchived = spec.archive == .warc
        var headers: [String: [(name: String, value: String)]] = [:]
        for entry in spec.credentials {
            var list = entry.headers.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
            if !entry.cookies.isEmpty {
                let cookies = entry.cookies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                list.append((name: "Cookie", value: cookies.joined(separator: "; ")))
            }
            headers[entry.host.lowercased(), default: []] += list
        }
        self.headers = headers
    }

    /// What is sent to a host with each request.
    func headers(for url: PageURL) -> [(name: String, value: String)] { headers[url.host] ?? [] }

    /// Slow answers spread requests so that about as many as are allowed run at once.
    private static func pace(_ politeness: WebCrawling.Politeness) -> HostPace.Settings {
        var settings = HostPace.Settings()
        settings.minimumDelay = .milliseconds(politeness.delayMilliseconds)
        settings.concurrency = politeness.concurrency
        settings.responseShare = 1 / Double(politeness.concurrency)
        settings.longestWay = .seconds(5)
        return settings
    }
}

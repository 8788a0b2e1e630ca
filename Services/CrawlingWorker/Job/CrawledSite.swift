import Foundation
import Jobs

/// What comes out of a job.
struct CrawledSite: Encodable, Sendable {
    struct Artifact: Encodable, Sendable {
        let id: UUID
        let kind: String
        let name: String
        let size: Int64
        let sha256: String
        let pages: Int
    }

    /// Why it ended: nothing was left (`exhausted`), or which limit was reached.
    let ended: String
    let discovered: Int
    let pages: Int
    let bytes: Int
    let failed: Int
    let skipped: Int
    /// How many URLs ended so, by their reason.
    var failures: [String: Int] = [:]
    var skips: [String: Int] = [:]
    var redirects = 0
    var sitemaps = 0
    var notModified = 0
    let artifacts: [Artifact]

    enum CodingKeys: String, CodingKey {
        case ended, discovered, pages, bytes, failed, skipped, failures, skips, redirects, sitemaps, artifacts
        case notModified = "not_modified"
    }

    init(
        _ ending: CrawlShare.Ending, _ counts: CrawlCounts,
        _ endings: [(state: String, reason: String?, count: Int)], _ artifacts: [Artifact]
    ) {
        ended = ending.rawValue
        (discovered, pages, bytes) = (counts.discovered, counts.pages, counts.bytes)
        (failed, skipped) = (counts.failed, counts.skipped)
        self.artifacts = artifacts
        for (state, reason, count) in endings {
            switch FrontierEnd(rawValue: state) {
            case .failed: failures[reason ?? "error", default: 0] += count
            case .skipped: skips[reason ?? "rule", default: 0] += count
            case .redirect: redirects += count
            case .sitemap: sitemaps += count
            case .page: if reason == "not_modified" { notModified += count }
            case nil: break
            }
        }
    }
}

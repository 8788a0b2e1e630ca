import Foundation
import HTTPClient
import Jobs
import WebAddress

/// How a host's robots.txt is come by: the one that is known while it is fresh, or else a new one, which may be behind a few redirects.
///
/// A robots.txt that cannot be reached forbids everything (RFC 9309, 2.3.1.4), so it is asked for again a few times.
struct RobotsVisit {
    enum Outcome {
        case rules(RobotsRules)
        /// Nothing may be fetched from the host.
        case fault(FetchFault, String)
        /// The share has ended meanwhile.
        case ended
    }

    private static let mostRedirects = 5

    let visit: HostVisit
    private var share: CrawlShare { visit.share }

    func run() async throws -> Outcome {
        if let known = visit.host.robots, known.age < RobotsAnswer.lifetime {
            return .rules(rules(RobotsAnswer(status: Int(known.status), body: known.body)))
        }
        guard let url = PageURL(checking: visit.host.origin + "/robots.txt") else {
            return .fault(.badURL, "the host's name is none")
        }
        var failures = 0
        while true {
            switch try await fetch(url) {
            case nil: return .ended
            case .success(let robots): return .rules(try await keep(robots))
            case .failure(let failure):
                try Task.checkCancellation()
                failures += 1
                let delay = share.plan.retries.delay(
                    after: .robotsUnreachable, failures: failures, retryAfter: failure.retryAfter,
                    jitter: Double.random(in: 0...1))
                guard failure.fault.isTransient, let delay else {
                    return .fault(failure.fault, "robots.txt cannot be read: \(failure.message)")
                }
                try await Task.sleep(for: delay)
            }
        }
    }

    private struct Failure: Error {
        let fault: FetchFault
        let message: String
        let retryAfter: Duration?
    }

    /// Nil when the share ends first.
    private func fetch(_ start: PageURL) async throws -> Result<CrawlHost.Robots, Failure>? {
        var url = start
        for _ in 0...Self.mostRedirects {
            let request = FetchRequest(
                url: url, headers: share.plan.headers(for: url), maxBytes: RobotsFile.maximumSize, takesBeginning: true,
                time: share.plan.pageTime)
            let isOwn = url.origin == visit.host.origin
            switch isOwn ? await visit.fetch(request) : try await share.fetchAsGuest(request) {
            case nil: return nil
            case .body(let body, let head):
                return .success(CrawlHost.Robots(head, body: body))
            case .redirect(let target, let head):
                guard let next = url.resolving(checking: target)?.canonical(withoutTracking: false) else {
                    share.note(
                        FetchFault.badRedirect.rawValue,
                        "the redirect of robots.txt leads to no URL that may be followed: \(target.prefix(200))",
                        of: url.text, status: head.status)
                    return .success(CrawlHost.Robots(head))
                }
                url = next
            case .notModified(let head), .unwanted(_, let head):
                return .success(CrawlHost.Robots(head))
            case .fault(let fault, let message, let head, _):
                // Any other refusal means that there are no rules (RFC 9309, 2.3.1.3).
                if let head, (400..<500).contains(head.status), head.status != 429 {
                    return .success(CrawlHost.Robots(head))
                }
                return .failure(Failure(fault: fault, message: message, retryAfter: head?.retryAfter))
            }
        }
        // More than five are as good as none.
        return .success(CrawlHost.Robots(status: 404, body: []))
    }

    private func keep(_ robots: CrawlHost.Robots) async throws -> RobotsRules {
        let (crawl, host) = (share.crawl, visit.host.id)
        try await share.context.transaction { try crawl.keep(robots, of: host, $0) }
        let answer = RobotsAnswer(status: Int(robots.status), body: robots.body)
        if share.plan.usesSitemaps, case .file(let file) = answer {
            let lists = file.sitemaps
                .compactMap { PageURL(checking: $0)?.canonical(withoutTracking: !share.plan.keepsTracking) }
                .filter { share.plan.scope.reaches($0) }
            try await share.add(lists.map { FoundURL($0, kind: .sitemap, depth: 0) })
        }
        return rules(answer)
    }

    private func rules(_ answer: RobotsAnswer) -> RobotsRules {
        switch answer {
        case .file(let file): file.rules(for: share.plan.userAgent)
        case .unavailable, .unreachable: RobotsRules([], crawlDelay: nil)
        }
    }
}

extension CrawlHost.Robots {
    /// An answer; nothing counts of the bodies of most.
    fileprivate init(_ head: WebHead, body: [UInt8] = []) {
        self.init(status: Int16(clamping: head.status), body: body)
    }
}

extension PageURL {
    /// Reads a URL that may be none.
    init?(checking text: String) {
        do throws(URLFault) { try self.init(text) } catch { return nil }
    }

    /// Resolves a reference that may lead nowhere.
    func resolving(checking reference: String) -> PageURL? {
        do throws(URLFault) { return try resolving(reference) } catch { return nil }
    }
}

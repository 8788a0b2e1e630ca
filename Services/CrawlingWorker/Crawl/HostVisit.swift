import Concurrency
import Foundation
import Jobs
import Synchronization
import WebAddress
import WorkerKit

/// One host while a share owns it: its robots.txt, its pace, and its URLs, one after the other.
///
/// A single loop lets one request begin after the other; what follows runs beside it. `news` wakes that loop.
final class HostVisit: Sendable {
    private struct State {
        var pace: HostPace
        var queue = HostQueue()
        var ledger = TrapLedger()
        var near = NearIndex(capacity: HostVisit.comparedPages)
        /// URLs of a template that were decided on and have not ended.
        var pending: [UInt64: Int] = [:]
        /// URLs that are under way, or wait for another try, because the ledger let them.
        var decided: Set<Int64> = []
        /// Whether a request has been let go that has not begun yet.
        var isBeginning = false
        /// Whether the host is being given back: no request begins any more.
        var isOver = false
    }

    /// How many earlier pages a new one is compared with.
    static let comparedPages = 10_000
    private static let restoredTemplates = 100_000

    let host: CrawlHost
    let share: CrawlShare
    private let state: Mutex<State>
    private let news = Wakeup()

    init(_ host: CrawlHost, _ share: CrawlShare) {
        self.host = host
        self.share = share
        // Whoever owned it before may have begun a request a moment before its time was over.
        let pause = max(host.delay, share.plan.pace.minimumDelay)
        state = Mutex(State(pace: HostPace(share.plan.pace, notBefore: .now + pause)))
    }

    /// Fetches the host's URLs until none waits or the share ends; gives the host back however that ends.
    func run() async throws {
        do {
            try await restore()
            try await visit()
        } catch {
            try await release()
            throw error
        }
        try await release()
    }

    /// Also when the task is cancelled: whoever goes on with the host would wait until the share's time is over.
    private func release() async throws {
        let earliest = state.withLock { state in
            state.isOver = true
            return state.pace.earliestStart
        }
        let delay = max(.zero, (earliest ?? .now) - .now)
        try await Task { [host, share] in try await share.release(host, delay: delay) }.value
    }

    private func restore() async throws {
        let (templates, hashes) = try await share.context.read { store in
            (
                try await share.crawl.templates(of: host.id, limit: Self.restoredTemplates, in: store),
                try await share.crawl.hashes(of: host.id, limit: Self.comparedPages, in: store)
            )
        }
        state.withLock { state in
            for count in templates {
                state.ledger.restore(
                    template: UInt64(bitPattern: count.template), fetched: count.fetched, new: count.fresh)
            }
            for (page, hash) in hashes { state.near.add(SimHash(bits: hash), id: page) }
        }
    }

    private func visit() async throws {
        let rules: RobotsRules
        let robots = RobotsVisit(visit: self)
        switch try await robots.run() {
        case .rules(let found): rules = found
        case .fault(let fault, let message): return try await giveUp(fault, message)
        case .ended: return
        }
        let end = ContinuousClock.now + RobotsAnswer.lifetime
        state.withLock { $0.pace.take(crawlDelay: rules.crawlDelay) }
        try await withThrowingDiscardingTaskGroup { group in
            while share.mayBegin {
                switch state.withLock({ $0.queue.next(at: .now) }) {
                case .finished: return
                case .wait(let due): await news.wait(upTo: min(.seconds(1), (due ?? .now + .seconds(1)) - .now))
                case .load(let position):
                    // A share with more than its part of the hosts gives one away before it looks for more; so does one whose rules are old.
                    let isDone = share.hasTooManyHosts || end < .now
                    if isDone, state.withLock({ $0.queue.underWay == 0 }) { return }
                    try await load(after: position)
                case .url(let url): try await take(url, rules, &group)
                }
            }
        }
    }

    /// Nothing can be fetched from the host: all that waits for it ends the same way.
    private func giveUp(_ fault: FetchFault, _ message: String) async throws {
        while share.mayBegin {
            let urls = try await share.context.read { store in
                try await share.crawl.waiting(of: host.id, after: .start, limit: 500, earlier: nil, in: store)
            }
            guard !urls.isEmpty else { return }
            for url in urls { share.note(fault.rawValue, message, of: url.url, status: nil) }
            try await withThrowingDiscardingTaskGroup { group in
                for url in urls {
                    group.addTask { [share] in
                        try await share.write(CrawlRecord(url, .failed, reason: fault.rawValue))
                    }
                }
            }
        }
    }

    private func load(after position: FrontierURL.Position) async throws {
        let urls = try await share.context.read { store in
            try await share.crawl.waiting(
                of: host.id, after: position, limit: HostQueue.ahead, earlier: share.earlier, in: store)
        }
        state.withLock { $0.queue.load(urls) }
    }

    // MARK: one URL

    private func take(
        _ url: FrontierURL, _ rules: RobotsRules, _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) async throws {
        guard let page = PageURL(checking: url.url) else { return leaveOut(url, .badURL, in: &group) }
        var template: Template?
        // A list of URLs that a robots.txt names may be fetched.
        if url.kind == .page {
            guard rules.decision(target: page.target).isAllowed else {
                return leaveOut(url, .robotsDisallowed, in: &group)
            }
            let kind = Template(page.target)
            switch decide(kind, about: url) {
            case .fetch: template = kind
            case .skip(let reason): return leaveOut(url, .trap, detail: reason.rawValue, in: &group)
            case .wait:
                state.withLock { $0.queue.putBack(url) }
                return await news.wait(upTo: .seconds(1))
            }
        }
        guard await waitForTurn() else { return state.withLock { $0.queue.putBack(url) } }
        let visit = PageVisit(url: url, page: page, template: template, host: self)
        state.withLock { $0.isBeginning = true }
        group.addTask { try await visit.run() }
        // The next one waits until this one has begun: that is what the pace counts from.
        while state.withLock({ $0.isBeginning }), !Task.isCancelled { await news.wait(upTo: .seconds(1)) }
    }

    /// The share ended before the request for a URL had its turn.
    func leave(_ url: FrontierURL) { state.withLock { $0.queue.putBack(url) } }

    /// One that was tried in this visit before was decided on then.
    private func decide(_ template: Template, about url: FrontierURL) -> TrapLedger.Decision {
        state.withLock { state in
            if state.decided.contains(url.id) { return .fetch }
            let decision = state.ledger.decide(template, pending: state.pending[template.hash] ?? 0)
            if decision == .fetch {
                state.decided.insert(url.id)
                state.pending[template.hash, default: 0] += 1
            }
            return decision
        }
    }

    /// A rule leaves a URL out.
    private func leaveOut(
        _ url: FrontierURL, _ fault: FetchFault, detail: String? = nil,
        in group: inout ThrowingDiscardingTaskGroup<any Error>
    ) {
        let reason = detail.map { "\(fault.rawValue)_\($0)" } ?? fault.rawValue
        group.addTask { [self] in
            try await share.write(CrawlRecord(url, .skipped, reason: reason))
            end(url, nil, isFresh: false)
        }
    }

    // MARK: the pace

    /// Waits until a request may begin, as far as can be told now; false when the share ends first. For the visit's own loop.
    private func waitForTurn() async -> Bool {
        while share.mayBegin, !Task.isCancelled {
            switch state.withLock({ $0.pace.hindrance(at: .now) }) {
            case nil, .begun: return true
            case .wait(let instant): await news.wait(upTo: min(.seconds(1), max(.zero, instant - .now)))
            case .full: await news.wait(upTo: .seconds(1))
            }
        }
        return false
    }

    /// Others have reserved that time for requests of theirs.
    func hold(for time: Duration) { state.withLock { $0.pace.hold(until: .now + time) } }

    /// Begins a request as soon as one may; nil when the share or the visit ends first.
    ///
    /// Asked anew however long ago the visit's loop let the request go: the places for requests are few, and a guest may have come between.
    private func begin() async -> ContinuousClock.Instant? {
        while share.mayBegin {
            let now = ContinuousClock.now
            let turn = state.withLock { $0.isOver ? nil : $0.pace.begin(at: now) }
            do {
                switch turn {
                case nil: return nil
                case .begun: return now
                case .wait(let instant): try await Task.sleep(for: min(.seconds(1), instant - now))
                case .full: try await Task.sleep(for: .milliseconds(20))
                }
            } catch {
                return nil
            }
        }
        return nil
    }

    /// Sends a request to the host when its turn has come; nil when the share or the visit ends first.
    ///
    /// - Parameter wasLetGo: whether the visit's loop has let it go, and waits until it begins.
    func fetch(_ request: FetchRequest, wasLetGo: Bool = false) async -> FetchedAnswer? {
        let start = await begin()
        if wasLetGo { state.withLock { $0.isBeginning = false } }
        news.signal()
        guard let start else { return nil }
        var headAfter: Duration?
        let answer = await share.fetcher.fetch(request) {
            let now = ContinuousClock.now
            headAfter = now - start
            self.state.withLock { $0.pace.reached(begunAt: start, at: now) }
            self.news.signal()
        }
        let ending = HostPace.Ending(answer, after: headAfter)
        state.withLock { $0.pace.finish(ending, begunAt: start, at: .now) }
        news.signal()
        return answer
    }

    // MARK: what became of a URL

    /// The page that has the same text, or nearly; notes the text of this one.
    func similarPage(to hash: UInt64, of page: Int64) -> Int64? {
        state.withLock { state in
            if let found = state.near.nearest(to: SimHash(bits: hash)) { return found.id }
            state.near.add(SimHash(bits: hash), id: page)
            return nil
        }
    }

    /// A URL has ended, and that is committed.
    func end(_ url: FrontierURL, _ template: Template?, isFresh: Bool) {
        state.withLock { state in
            state.queue.end(url)
            state.decided.remove(url.id)
            if let template {
                if let count = state.pending[template.hash] {
                    state.pending[template.hash] = count > 1 ? count - 1 : nil
                }
                if isFresh { state.ledger.noteNew(template) }
            }
        }
        news.signal()
    }

    /// A URL is to be tried once more.
    func retry(_ url: FrontierURL, after delay: Duration) {
        state.withLock { $0.queue.retry(url, at: .now + delay) }
        news.signal()
    }
}

extension HostPace.Ending {
    /// What an answer says about the host.
    fileprivate init(_ answer: FetchedAnswer, after time: Duration?) {
        switch answer {
        case .body, .notModified, .redirect, .unwanted: self = .served(after: time ?? .zero)
        case .fault(let fault, _, let head, _):
            switch fault {
            case .rateLimited: self = .throttled(retryAfter: head?.retryAfter)
            case .dns, .connect, .tls: self = .unreachable
            case .addressRefused, .badURL, .unknownHost: self = .abandoned
            case .timeout, .reset, .serverError, .brokenAnswer: self = .failed(after: time ?? .seconds(1))
            default: self = .served(after: time ?? .zero)
            }
        }
    }
}

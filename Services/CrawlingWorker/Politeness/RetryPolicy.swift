/// Whether and when a URL is fetched once more after a fault.
struct RetryPolicy: Sendable, Equatable {
    /// How often a URL is tried in all.
    var tries = 4
    /// How often it is tried when the host asks for patience or its robots.txt cannot be read: there the host is at fault, not the page.
    var patientTries = 8
    /// The wait after the first failure; it doubles with each one more.
    var firstDelay = Duration.seconds(5)
    var maximumDelay = Duration.seconds(600)
    /// The longest wait that a host can ask for with `Retry-After`.
    var maximumRetryAfter = Duration.seconds(3600)

    /// How often a URL is tried in all when it fails this way.
    func tries(for fault: FetchFault) -> Int {
        switch fault {
        // What is broken is mostly broken again.
        case .brokenAnswer: min(2, tries)
        case .rateLimited, .robotsUnreachable: max(tries, patientTries)
        default: fault.isTransient ? tries : 1
        }
    }

    /// How long to wait before the next try, at least what the host asked for; nil when there is none.
    ///
    /// - Parameters:
    ///   - failures: how often the URL has failed, this time included.
    ///   - jitter: a random number from 0 to 1; the wait is between half of its length and all of it.
    func delay(after fault: FetchFault, failures: Int, retryAfter: Duration? = nil, jitter: Double) -> Duration? {
        guard failures < tries(for: fault) else { return nil }
        let doublings = min(max(failures - 1, 0), 20)
        let full = min((0..<doublings).reduce(firstDelay) { delay, _ in delay * 2 }, maximumDelay)
        let delay = full * (0.5 + min(max(jitter, 0), 1) / 2)
        return max(delay, min(retryAfter ?? .zero, maximumRetryAfter))
    }
}

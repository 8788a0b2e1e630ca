/// When the next request to a host may begin.
///
/// Requests begin at least the current delay apart and no more than the allowed number run at once. The delay follows the host: never below
/// the minimum, at least a share of the time that answers take, more after 429 and 503, and slowly less while all is well. A host that
/// cannot be connected to several times in a row is left alone for a while and then tried with one request.
///
/// It has no clock: instants are passed in and must not go back.
struct HostPace: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Settings: Sendable, Equatable {
        /// The time between the beginnings of two requests below which it never goes.
        var minimumDelay = Duration.seconds(1)
        /// The longest delay that the pace comes to by itself; the minimum or a crawl-delay may be longer.
        var maximumDelay = Duration.seconds(60)
        /// How many requests may run at once.
        var concurrency = 2
        /// The least delay as a share of the smoothed response time; 0 does not look at it. Its inverse is about how many requests run at
        /// once at a host that is slower than the minimum delay.
        var responseShare = 0.5
        /// The longest wait that a host can ask for with `Retry-After`.
        var maximumRetryAfter = Duration.seconds(3600)
        /// How many requests in a row may fail to connect before the host is left alone.
        var failuresToBreak = 5
        /// How long it is left alone the first time; twice as long each time after, up to `maximumBreak`.
        var firstBreak = Duration.seconds(30)
        var maximumBreak = Duration.seconds(1800)
        /// How long a request may be on its way before it counts as there, where there is a least delay: the host counts from when it gets
        /// a request, which is known only when its answer begins.
        var longestWay = Duration.zero
    }

    /// What a request may do now.
    enum Turn: Sendable, Equatable {
        /// It has begun and holds a place until `finish`.
        case begun
        /// It may ask again then.
        case wait(until: Instant)
        /// It may ask again when another request has finished.
        case full
    }

    private let settings: Settings
    private var leastDelay: Duration
    private var lastStart: Instant?
    /// When the host has the last request, at the latest.
    private var lastArrival: Instant?
    private var heldUntil: Instant?
    private var grownAt: Instant?
    private var smoothedResponse: Duration?
    private var failures = 0
    /// The time that now must lie between the beginnings of two requests.
    private(set) var delay: Duration
    /// How many requests have begun and not finished.
    private(set) var running = 0
    /// How many times in a row the host was left alone because it could not be connected to.
    private(set) var breaks = 0

    /// Paces a host; after a restart `notBefore` says when its first request may begin.
    init(_ settings: Settings, notBefore: Instant? = nil) {
        self.settings = settings
        leastDelay = settings.minimumDelay
        delay = settings.minimumDelay
        heldUntil = notBefore
    }

    /// Takes the delay that robots.txt asks for; it counts where it is longer than the minimum.
    mutating func take(crawlDelay: Duration?) {
        leastDelay = max(settings.minimumDelay, crawlDelay ?? .zero)
        delay = max(delay, leastDelay)
    }

    /// When the next request may begin if a place is free, for the record that survives a restart; nil when any time will do.
    var earliestStart: Instant? { [lastArrival.map { $0 + delay }, heldUntil].compactMap { $0 }.max() }

    /// Begins a request if one may begin now.
    mutating func begin(at now: Instant) -> Turn {
        if let hindrance = hindrance(at: now) { return hindrance }
        running += 1
        lastStart = now
        lastArrival = leastDelay > .zero ? now + settings.longestWay : now
        return .begun
    }

    /// What keeps a request from beginning now; nil when it may begin.
    func hindrance(at now: Instant) -> Turn? {
        if let earliestStart, now < earliestStart { return .wait(until: earliestStart) }
        return running < (breaks > 0 ? 1 : max(1, settings.concurrency)) ? nil : .full
    }

    /// The answer to the request that began at `start` has begun: the host has had it by now.
    mutating func reached(begunAt start: Instant, at now: Instant) {
        // Of an earlier request that says nothing about the last one.
        guard start == lastStart, let lastArrival else { return }
        self.lastArrival = min(lastArrival, now)
    }

    /// How a request ended.
    enum Ending: Sendable, Equatable {
        /// The host answered as it should; 404 is such an answer. The time is that to the first byte of the answer.
        case served(after: Duration)
        /// An error of the server, a time-out, a broken answer: no reason to go faster.
        case failed(after: Duration)
        /// 429 or 503, and what `Retry-After` said.
        case throttled(retryAfter: Duration?)
        /// No connection.
        case unreachable
        /// The request was given up by its own side.
        case abandoned
    }

    /// Ends a request that began at `start`.
    mutating func finish(_ ending: Ending, begunAt start: Instant, at now: Instant) {
        precondition(running > 0, "a request ended that never began")
        running -= 1
        reached(begunAt: start, at: now)
        switch ending {
        case .served(let time):
            noteConnected()
            noteResponse(time)
            let wanted = max(leastDelay, wantedDelay)
            // A tenth nearer with each good answer.
            delay = max(wanted, delay - (delay - wanted) / 10)
        case .failed(let time):
            noteConnected()
            noteResponse(time)
            delay = max(delay, wantedDelay)
        case .throttled(let retryAfter):
            noteConnected()
            grow(begunAt: start, at: now)
            hold(until: now + min(max(retryAfter ?? .zero, .zero), settings.maximumRetryAfter))
        case .unreachable: noteUnreachable(at: now)
        case .abandoned: break
        }
    }

    private var wantedDelay: Duration {
        min((smoothedResponse ?? .zero) * settings.responseShare, max(settings.maximumDelay, leastDelay))
    }

    private mutating func noteResponse(_ time: Duration) {
        smoothedResponse = smoothedResponse.map { $0 + (time - $0) / 4 } ?? time
    }

    /// Doubles the delay, once for all the requests that were under way together.
    private mutating func grow(begunAt start: Instant, at now: Instant) {
        if let grownAt, start <= grownAt { return }
        grownAt = now
        delay = min(max(delay * 2, .milliseconds(500)), max(settings.maximumDelay, leastDelay))
    }

    private mutating func noteConnected() {
        failures = 0
        breaks = 0
    }

    private mutating func noteUnreachable(at now: Instant) {
        failures += 1
        // While it is being tried again, one failure is enough; those that began before the break tell nothing new.
        guard breaks > 0 || failures >= max(1, settings.failuresToBreak) else { return }
        if breaks > 0, let heldUntil, now < heldUntil { return }
        let length = (0..<min(breaks, 20)).reduce(settings.firstBreak) { length, _ in length * 2 }
        breaks += 1
        hold(until: now + min(length, settings.maximumBreak))
    }

    /// Lets no request begin before an instant.
    mutating func hold(until instant: Instant) { heldUntil = max(heldUntil ?? instant, instant) }
}

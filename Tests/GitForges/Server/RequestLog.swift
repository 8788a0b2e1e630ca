import Synchronization

/// A request that came.
public struct LoggedRequest: Sendable {
    /// The method in capitals.
    public let method: String
    /// The path as it was sent, without its query.
    public let path: String
    /// The decoded query.
    public let query: [String: String]
    /// The names of the headers in small letters, in their order. Values are not kept: they hold tokens.
    public let headerNames: [String]
    /// The body.
    public let body: [UInt8]
    /// When it came, on the machine's monotonic clock.
    public let time: ContinuousClock.Instant
    /// The login of whoever called; nil when that was not found out.
    public internal(set) var caller: String?
    /// The status of the answer; nil when none was sent.
    public internal(set) var status: Int?

    /// Whether it asks to change something.
    public var isWrite: Bool { method != "GET" && method != "HEAD" }
}

/// All requests that came, in order.
final class RequestLog: Sendable {
    private struct State {
        var entries: [LoggedRequest] = []
        /// How many were forgotten.
        var forgotten = 0
        /// How many are still worked on.
        var open = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// The most requests that are kept.
    private static let limit = 100_000

    var all: [LoggedRequest] { state.withLock { $0.entries } }

    /// Keeps a request and answers its place; `finish` must follow.
    func add(_ request: LoggedRequest) -> Int {
        state.withLock { state in
            precondition(state.entries.count < Self.limit, "a test makes more than \(Self.limit) requests")
            state.entries.append(request)
            state.open += 1
            return state.forgotten + state.entries.count - 1
        }
    }

    /// Nothing more is done for a request, whether or not it is answered.
    func finish(_ place: Int, status: Int?, caller: String?) {
        let waiting = state.withLock { state in
            if place >= state.forgotten {
                state.entries[place - state.forgotten].status = status
                state.entries[place - state.forgotten].caller = caller
            }
            state.open -= 1
            guard state.open == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until no request is worked on. Each one ends, because every run of a program does.
    func settle() async {
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state in
                if state.open > 0 { state.waiting.append(continuation) }
                return state.open == 0
            }
            if isSettled { continuation.resume() }
        }
    }

    func clear() {
        state.withLock { state in
            state.forgotten += state.entries.count
            state.entries = []
        }
    }
}

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
    private let entries = Mutex<[LoggedRequest]>([])

    /// The most requests that are kept.
    private static let limit = 100_000

    var all: [LoggedRequest] { entries.withLock { $0 } }

    /// Keeps a request and answers its place.
    func add(_ request: LoggedRequest) -> Int {
        entries.withLock { entries in
            precondition(entries.count < Self.limit, "a test makes more than \(Self.limit) requests")
            entries.append(request)
            return entries.count - 1
        }
    }

    func finish(_ index: Int, status: Int?, caller: String?) {
        entries.withLock { entries in
            guard entries.indices.contains(index) else { return }
            entries[index].status = status
            entries[index].caller = caller
        }
    }

    func clear() { entries.withLock { $0 = [] } }
}

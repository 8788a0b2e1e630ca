import Concurrency
import HTTPServer
import Synchronization

/// Takes in bodies whose senders are not known yet, with a limit on all of them together: strangers cannot fill the memory.
final class HookBodies: Sendable {
    /// The largest body of a delivery, in bytes.
    static let largest = 5 << 20
    private static let most = 64 << 20
    /// The providers themselves give up after ten seconds: who sends more slowly only holds a place.
    private static let longest: Duration = .seconds(15)

    private let held = Mutex(0)

    init() {}

    /// The body of a delivery, in the memory until `work` is done with it.
    func with<Output>(_ request: HTTPRequest, _ work: ([UInt8]) async throws -> Output) async throws -> Output {
        switch request.body {
        case .none: return try await work([])
        case .bytes(let all): return try await work(all)
        case .stream(let chunks):
            let share = Share(of: self)
            defer { share.giveBack() }
            let bytes: [UInt8]
            do {
                bytes = try await withTimeout(Self.longest) { try await share.read(chunks) }
            } catch is TimedOut {
                throw Problem(.requestTimeout, "The delivery did not arrive within \(Self.longest). Send it again.")
            }
            return try await work(bytes)
        }
    }

    /// What one delivery holds.
    private final class Share: Sendable {
        private let whole: HookBodies
        private let own = Mutex(0)

        init(of whole: HookBodies) { self.whole = whole }

        /// The server ends the stream with an error where the limit is passed.
        func read(_ chunks: BodyStream) async throws -> [UInt8] {
            var bytes: [UInt8] = []
            for try await chunk in chunks {
                guard whole.take(chunk.count) else {
                    throw Problem.unavailable("Too many deliveries at a time. Try again.")
                }
                own.withLock { $0 += chunk.count }
                bytes += chunk
            }
            return bytes
        }

        func giveBack() {
            let count = own.withLock { $0 }
            whole.held.withLock { $0 -= count }
        }
    }

    private func take(_ count: Int) -> Bool {
        held.withLock { held in
            guard held + count <= Self.most else { return false }
            held += count
            return true
        }
    }
}

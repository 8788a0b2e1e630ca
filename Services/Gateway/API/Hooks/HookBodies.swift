import HTTPServer
import Synchronization

/// Takes in bodies whose senders are not known yet, with a limit on all of them together: strangers cannot fill the memory.
final class HookBodies: Sendable {
    /// The largest body of a delivery, in bytes.
    static let largest = 5 << 20
    private static let most = 64 << 20

    private let held = Mutex(0)

    init() {}

    /// The body of a delivery, in the memory until `work` is done with it.
    func with<Output>(_ request: HTTPRequest, _ work: ([UInt8]) async throws -> Output) async throws -> Output {
        var bytes: [UInt8] = []
        var own = 0
        defer { held.withLock { $0 -= own } }
        switch request.body {
        case .none: break
        case .bytes(let all): bytes = all
        case .stream(let chunks):
            // The server ends the stream with an error where the limit is passed.
            for try await chunk in chunks {
                guard take(chunk.count) else { throw Problem.unavailable("Too many deliveries at a time. Try again.") }
                own += chunk.count
                bytes += chunk
            }
        }
        return try await work(bytes)
    }

    private func take(_ count: Int) -> Bool {
        held.withLock { held in
            guard held + count <= Self.most else { return false }
            held += count
            return true
        }
    }
}

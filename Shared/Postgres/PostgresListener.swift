import Concurrency
import Synchronization

/// Listens for notifications on a connection and thread of its own, and comes back when the connection is lost.
public final class PostgresListener: Sendable {
    /// What a listener reports.
    public enum Event: Sendable, Hashable {
        /// Listening (again): whatever was notified before may have been missed, so read the state now.
        ///
        /// Also comes when the buffer overflowed.
        case connected
        /// A NOTIFY.
        case notification(channel: String, payload: String)
    }

    /// The events of one `run`, for one reader. Holds the newest 1,024.
    public let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let hasStarted = Atomic(false)

    /// Makes a listener on these channels; nothing connects yet.
    public init(_ configuration: PostgresConfiguration, channels: [String]) {
        self.configuration = configuration
        self.channels = channels
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1_024))
    }

    /// Connects, listens, and reconnects with backoff until the task is cancelled; then returns and ends `events`.
    ///
    /// Runs once per listener (`.usage`).
    public func run() async throws {
        guard !hasStarted.exchange(true, ordering: .relaxed) else {
            throw PostgresError(.usage, "a listener runs once")
        }
        defer { continuation.finish() }
        let stop = try StopSignal()
        let connection = ListenerConnection(configuration, channels: channels, stop: stop)
        let backoff = Backoff(base: .milliseconds(50), cap: .seconds(5))
        var failures = 0
        while !Task.isCancelled {
            let hasListened = await withTaskCancellationHandler {
                await connection.listen(continuation)
            } onCancel: {
                stop.signal()
            }
            failures = hasListened ? 1 : failures + 1
            do { try await Task.sleep(for: backoff.delay(afterFailures: failures)) } catch { return }
        }
    }
}

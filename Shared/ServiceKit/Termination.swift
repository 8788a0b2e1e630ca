import Foundation

/// Requests to end the process: SIGTERM and SIGINT.
public enum Termination {
    /// Each request, from now on. The default action of the signals is switched off, so the caller must end the process.
    public static func requests() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(4)) { continuation in
            let queue = DispatchQueue(label: "termination")
            let sources = SignalSources(
                [SIGTERM, SIGINT].map { number in
                    signal(number, SIG_IGN)
                    let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                    source.setEventHandler { continuation.yield() }
                    source.resume()
                    return source
                })
            continuation.onTermination = { _ in sources.cancel() }
        }
    }

    /// Keeps the sources alive as long as the stream.
    // @unchecked: the array never changes, and a source may be cancelled from any thread.
    private final class SignalSources: @unchecked Sendable {
        private let sources: [any DispatchSourceSignal]

        init(_ sources: [any DispatchSourceSignal]) { self.sources = sources }

        func cancel() { sources.forEach { $0.cancel() } }
    }

    /// Runs `body` until it ends or the first request comes; then cancels it and runs `drain`.
    ///
    /// A second request, or `deadline` running out, ends the process at once: what a service must not lose is never only in memory.
    public static func run(
        deadline: Duration, body: @escaping @Sendable () async throws -> Void,
        drain: @escaping @Sendable () async -> Void
    ) async throws {
        let requests = requests()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return false
            }
            group.addTask {
                for await _ in requests { return true }
                return false
            }
            let wasRequested = try await group.next() ?? false
            if wasRequested {
                hurry(after: deadline, requests: requests)
                await drain()
            }
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {}
        }
    }

    private static func hurry(after deadline: Duration, requests: AsyncStream<Void>) {
        Task.detached {
            try await Task.sleep(for: deadline)
            _exit(75)
        }
        Task.detached {
            // A dying supervisor may ask twice at once; only a later request is an impatient one.
            let asked = ContinuousClock.now
            for await _ in requests where .now - asked > .milliseconds(500) { _exit(130) }
        }
    }
}

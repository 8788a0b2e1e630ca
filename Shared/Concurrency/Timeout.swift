import Synchronization

/// The time given to an operation ran out.
public struct TimedOut: Error, CustomStringConvertible {
    /// The time that was given.
    public let limit: Duration

    /// Makes the error.
    public init(limit: Duration) { self.limit = limit }

    /// A sentence for people.
    public var description: String { "not finished within \(limit)" }
}

/// Runs `operation` and cancels it after `limit`; then throws `TimedOut`, unless it finished all the same.
///
/// The operation must notice cancellation: this waits for it to end. What it gives is never thrown away, so a connection or a
/// claim that comes in the very moment of the timeout is not lost. When the caller is cancelled, the operation's own outcome
/// decides.
public func withTimeout<Output: Sendable>(
    _ limit: Duration, operation: @escaping @Sendable () async throws -> Output
) async throws -> Output {
    try await withThrowingTaskGroup(of: Ending<Output>.self) { group in
        group.addTask { .output(try await operation()) }
        group.addTask {
            do { try await Task.sleep(for: limit) } catch { return .callerCancelled }
            return .timeUp
        }
        defer { group.cancelAll() }
        let first = try await group.next()
        if case .output(let output) = first { return output }
        group.cancelAll()
        do {
            if case .output(let output) = try await group.next() { return output }
        } catch {
            guard case .timeUp = first else { throw error }
        }
        throw TimedOut(limit: limit)
    }
}

private enum Ending<Output: Sendable>: Sendable {
    case output(Output)
    case timeUp
    case callerCancelled
}

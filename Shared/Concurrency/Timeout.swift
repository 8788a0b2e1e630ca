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
/// The operation must notice cancellation: this waits for it to end.
public func withTimeout<Output: Sendable>(
    _ limit: Duration, operation: @escaping @Sendable () async throws -> Output
) async throws -> Output {
    try await withThrowingTaskGroup(of: Output?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let output = first else { throw TimedOut(limit: limit) }
        return output
    }
}

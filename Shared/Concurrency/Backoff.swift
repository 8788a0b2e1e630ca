/// Exponential backoff with jitter: the delay before attempt `n` lies between half and all of `base * factor^(n-1)`, capped.
///
/// Half of the delay is fixed so that a retry never comes at once; the other half is random so that many clients that failed
/// together do not come back together.
public struct Backoff: Sendable, Hashable {
    /// The upper bound of the first delay.
    public var base: Duration
    /// How much the bound grows with each attempt.
    public var factor: Double
    /// The bound never grows beyond this.
    public var cap: Duration

    /// Makes a backoff; the defaults suit reconnecting to a server on the same network.
    public init(base: Duration = .milliseconds(100), factor: Double = 2, cap: Duration = .seconds(10)) {
        self.base = base
        self.factor = factor
        self.cap = cap
    }

    /// The delay after `failures` failures in a row (1 or more).
    public func delay(
        afterFailures failures: Int, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        var bound = base
        var step = 1
        while step < failures, bound < cap, factor > 1 {
            bound = bound * factor
            step += 1
        }
        bound = min(bound, cap)
        return bound * Double.random(in: 0.5...1, using: &generator)
    }

    /// The delay after `failures` failures in a row, with the system's randomness.
    public func delay(afterFailures failures: Int) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return delay(afterFailures: failures, using: &generator)
    }
}

extension Backoff {
    /// Runs an operation until it succeeds, with these delays between the tries.
    ///
    /// - Parameters:
    ///   - isWorthWaiting: whether another try can help; every error is, unless told otherwise.
    ///   - onFirstFailure: called once, so that a log tells of the wait and is not filled by it.
    /// - Throws: the first error that is not worth waiting for, or `CancellationError` when the task is cancelled.
    public func retry<Output>(
        while isWorthWaiting: (any Error) -> Bool = { _ in true }, onFirstFailure: (any Error) -> Void = { _ in },
        isolation: isolated (any Actor)? = #isolation, _ operation: () async throws -> sending Output
    ) async throws -> sending Output {
        var failures = 0
        while true {
            do {
                return try await operation()
            } catch {
                // A cancelled operation fails in whatever way its library has for it.
                try Task.checkCancellation()
                guard isWorthWaiting(error) else { throw error }
                failures += 1
                if failures == 1 { onFirstFailure(error) }
            }
            try await Task.sleep(for: delay(afterFailures: failures))
        }
    }
}

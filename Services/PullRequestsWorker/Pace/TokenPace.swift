import Concurrency
import Crypto
import Foundation
import Jobs
import Synchronization
import WorkerKit

/// Lets one job at a time write with a token, within a budget for each minute, and nobody while the provider wants to be left alone.
///
/// The database keeps the count, for all workers together. A wait that is short is slept; a longer one is the job's: it is tried again later, which does not
/// count as a failure.
final class TokenPace: ForgePace {
    /// The longest wait within an attempt.
    private static let mostWait: Duration = .seconds(20)
    /// For how long a token is held at the least.
    private static let shortestHold: Duration = .seconds(90)
    private static let poll: Duration = .milliseconds(300)

    private let token: ForgeToken
    private let context: JobContext
    /// For how long a token is held: longer than a wait and a request may take.
    private let hold: Duration
    /// When the token was last taken or spent from.
    private let renewed = Mutex(ContinuousClock.now)
    /// Until when the provider wants to be left alone, as far as this attempt knows.
    private let blocked = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameters:
    ///   - address: the provider's.
    ///   - timeout: how long a request may take.
    init(
        _ credential: ForgeCredential, address: String, timeout: Duration, budget: ForgeToken.Budget,
        _ context: JobContext
    ) {
        self.context = context
        hold = max(Self.shortestHold, Self.mostWait + timeout + .seconds(10))
        token = ForgeToken(
            id: sha256("\(address)\n\(credential.identity)"), holder: context.job, attempt: context.attempt,
            budget: budget)
    }

    /// Waits for the token.
    ///
    /// - Throws: `ForgeError` of kind `.limited` when another job has it for long.
    func begin() async throws {
        let end = ContinuousClock.now + Self.mostWait
        while try await !context.read({ try await token.take(for: hold, in: $0) }) {
            guard .now < end else { throw ForgeError.tokenBusy }
            try await Task.sleep(for: Self.poll)
        }
        let wait = try await context.read { try await token.wait(in: $0) }
        if wait > .zero { blocked.withLock { $0 = .now + wait } }
    }

    /// Lets the next job have the token.
    func end() async {
        // A job that was cancelled gives it back, too; one that dies keeps it for a minute and a half.
        await Task { [context, token] in
            do { try await context.read { try await token.giveBack(in: $0) } } catch {
                context.log(.warning, "the token is held for a while longer: \(error)")
            }
        }.value
    }

    func beforeRead() async throws(ForgeError) {
        try await keep()
        guard let end = blocked.withLock({ $0 }) else { return }
        try await sleep(end - .now)
    }

    /// Many reads in a row must not cost the token.
    private func keep() async throws(ForgeError) {
        guard renewed.withLock({ .now - $0 }) > hold / 2 else { return }
        let isTaken: Bool
        do { isTaken = try await context.read { try await token.take(for: hold, in: $0) } } catch {
            throw ForgeError(.unclear, "database_unavailable", "The token cannot be kept: \(error)")
        }
        guard isTaken else { throw .tokenBusy }
        renewed.withLock { $0 = .now }
    }

    func beforeWrite() async throws(ForgeError) {
        let wait: Duration?
        do {
            wait = try await context.read { try await token.spend(keepingFor: hold, most: Self.mostWait, in: $0) }
        } catch {
            throw ForgeError(.unclear, "database_unavailable", "The budget cannot be read: \(error)")
        }
        guard let wait else { throw .tokenBusy }
        renewed.withLock { $0 = .now }
        try await sleep(wait)
    }

    func block(for time: Duration) async {
        blocked.withLock { $0 = .now + time }
        do { try await context.read { try await token.block(for: time, in: $0) } } catch {
            context.log(.warning, "other jobs do not know of the provider's limit: \(error)")
        }
    }

    private func sleep(_ time: Duration) async throws(ForgeError) {
        guard time > .zero else { return }
        guard time <= Self.mostWait else {
            throw ForgeError(.limited(time), "limit_reached", "the provider wants to be left alone for a while")
        }
        do { try await Task.sleep(for: time) } catch { throw .cancelled }
    }
}

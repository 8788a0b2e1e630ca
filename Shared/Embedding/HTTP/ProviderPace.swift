import Concurrency
import Synchronization

/// What came of one request, as far as it tells how the endpoint is.
enum Attempt<Answer: Sendable>: Sendable {
    /// It is well.
    case answer(Answer)
    /// It wants time.
    case trouble(Trouble)
}

/// Why an endpoint gave no usable answer that it may give later.
struct Trouble: Sendable {
    /// A phrase for people, such as `it answered 503`.
    let reason: String
    /// How long it asks to be left alone.
    var retryAfter: Duration?
    /// Whether it did answer, but by something that is no answer: what is away or busy comes back, this may stay.
    var isUnreadable = false
}

/// Keeps all who ask one endpoint from pressing it while it is unwell.
///
/// After trouble everybody waits for the same pause; then one request at a time goes, until one is answered. Requests that were under
/// way together and fail together count as one failure: they say the same thing.
final class ProviderPace: Sendable {
    private struct State {
        var resumeAt = ContinuousClock.now
        /// In a row.
        var failures = 0
        /// Counts pauses, and so tells requests from before a pause from those after it.
        var wave = 0
        var paused = Duration.zero
    }

    private enum Step<Answer: Sendable>: Sendable {
        case done(Attempt<Answer>)
        case well, late
    }

    private let patience: HTTPEmbedderSettings.Patience
    private let turn = Permits(count: 1)
    private let state = Mutex(State())

    init(_ patience: HTTPEmbedderSettings.Patience) { self.patience = patience }

    /// How often the endpoint was given time, and how much in all.
    var pauses: (count: Int, time: Duration) { state.withLock { ($0.wave, $0.paused) } }

    private var isUnwell: Bool { state.withLock { $0.failures > 0 || $0.resumeAt > .now } }

    /// Sends a request once the endpoint may be asked; nil when that is not before the deadline.
    func send<Answer>(
        before deadline: ContinuousClock.Instant,
        _ request: () async throws(EmbeddingError) -> Attempt<Answer>
    ) async throws(EmbeddingError) -> Attempt<Answer>? {
        while isUnwell {
            let step = try await turn.run(whenCancelled: .wasCancelled) {
                () async throws(EmbeddingError) -> Step<Answer> in
                guard try await pause(before: deadline) else { return .late }
                return isUnwell ? .done(try await observe(request)) : .well
            }
            switch step {
            case .done(let attempt): return attempt
            case .late: return nil
            case .well: continue
            }
        }
        return try await observe(request)
    }

    /// Waits for the end of the pause, or for the deadline; answers which came first.
    private func pause(before deadline: ContinuousClock.Instant) async throws(EmbeddingError) -> Bool {
        while true {
            let resumeAt = state.withLock { $0.resumeAt }
            guard resumeAt > .now else { return true }
            guard deadline > .now else { return false }
            do { try await Task.sleep(until: min(resumeAt, deadline)) } catch { throw .wasCancelled }
        }
    }

    private func observe<Answer>(
        _ request: () async throws(EmbeddingError) -> Attempt<Answer>
    ) async throws(EmbeddingError) -> Attempt<Answer> {
        let wave = state.withLock { $0.wave }
        let attempt = try await request()
        switch attempt {
        case .answer:
            // One that was sent before the trouble began says nothing about its end.
            state.withLock { if $0.wave == wave { $0.failures = 0 } }
        case .trouble(let trouble):
            note(trouble, in: wave)
        }
        return attempt
    }

    private func note(_ trouble: Trouble, in wave: Int) {
        let asked = min(trouble.retryAfter ?? .zero, patience.longestWait)
        state.withLock { state in
            let now = ContinuousClock.now
            let before = max(state.resumeAt, now)
            if state.wave == wave {
                state.wave += 1
                state.failures += 1
                state.resumeAt = max(before, now + patience.backoff.delay(afterFailures: state.failures))
            }
            state.resumeAt = max(before, state.resumeAt, now + asked)
            state.paused += state.resumeAt - before
        }
    }
}

extension EmbeddingError {
    static let wasCancelled = EmbeddingError(.cancelled, "the embedding was cancelled")
}

import Concurrency
import Foundation
import Jobs
import Postgres

/// Commits submissions: those that arrive while a commit is under way share the next one.
///
/// Order of effects: admission to the direct path (or not), commit, answer, publish. The commands of a committed batch are handed
/// to the dispatcher without waiting for them, so the next commit overlaps the broker's confirms. A crash after the commit
/// loses nothing: the row's grace ends and a dispatcher publishes it.
final class Submitter: Sendable {
    private let store: JobStore
    private let dispatcher: Dispatcher
    private let batcher: Batcher<Submission, SubmitOutcome>

    /// How long this gateway keeps the right to publish the command of a job that it has just committed.
    private static let grace: Duration = .seconds(5)

    init(_ store: JobStore, dispatcher: Dispatcher) {
        self.store = store
        self.dispatcher = dispatcher
        batcher = Batcher(maxBatch: 128, maxWaiting: 10_000) { submissions in
            try await Self.commit(submissions, dispatcher: dispatcher) { try await store.submit($0) }
        }
    }

    func submit(_ submission: Submission) async throws -> SubmitOutcome {
        try await batcher.submit(submission)
    }

    /// Commits these together, or none of them, also when one has the key of another request.
    func submit(batch submissions: [Submission]) async throws -> [SubmitOutcome] {
        try await Self.commit(submissions, dispatcher: dispatcher) { [store] in try await store.submit(allOrNone: $0) }
    }

    private typealias Row = (submission: Submission, grace: Duration)

    private static func commit(
        _ submissions: [Submission], dispatcher: Dispatcher, insert: ([Row]) async throws -> [SubmitOutcome]
    ) async throws -> [SubmitOutcome] {
        let admitted = dispatcher.admit(submissions)
        let rows = zip(submissions, admitted).map { (submission: $0, grace: $1 ? grace : .zero) }
        let outcomes: [SubmitOutcome]
        do {
            outcomes = try await insert(rows)
        } catch let error as PostgresError where error.sqlState == "40P01" {
            // Two batches with the same idempotency keys in different orders. The server undid this one; the keys make it safe.
            outcomes = try await insert(rows)
        }
        var commands: [Command] = []
        var waiting: [Submission] = []
        for (row, outcome) in zip(rows, outcomes) {
            guard case .created = outcome else { continue }
            GatewayMetrics.submitted.add()
            if row.grace > .zero {
                commands.append(Command(row.submission))
            } else if row.submission.isReady {
                waiting.append(row.submission)
            }
        }
        dispatcher.publishSoon(commands)
        dispatcher.queueSoon(waiting)
        return outcomes
    }
}

/// Reads jobs by id: reads that arrive while one is under way share the next.
struct JobReader: Sendable {
    private typealias Key = (id: UUID, namespace: String)

    private let store: JobStore
    private let batcher: Batcher<(id: UUID, namespace: String), Job?>

    init(_ store: JobStore) {
        self.store = store
        batcher = Batcher(maxBatch: 128, maxWaiting: 10_000, concurrency: 2) { try await store.jobs($0) }
    }

    func job(_ id: UUID, namespace: String) async throws -> Job? {
        try await batcher.submit((id, namespace))
    }

    func jobWithLastEvent(_ id: UUID, namespace: String) async throws -> Job? {
        try await store.jobWithLastEvent(id, namespace: namespace)
    }
}

import Foundation
import Jobs
import Postgres
import WorkerKit

/// Loads a batch into its target, within a transaction.
///
/// Where the server refuses rows for what one holds, they are halved until the row is alone; it is left out, and the others are loaded.
struct BatchLoad {
    /// What became of the batch.
    struct Outcome: Sendable {
        var counts = LoadCounts()
        /// Rows that the server refuses, by their places in the batch.
        var refused: [(row: Int, error: PostgresError)] = []
    }

    /// The batch takes longer than the job's other writes can wait: its transaction has locked the job's row.
    struct TooSlow: Error {}

    /// Until when all statements of a batch must have ended.
    struct Deadline: Sendable {
        fileprivate let end: ContinuousClock.Instant

        /// Lets the session's next statement take what is left.
        ///
        /// - Throws: `TooSlow` when nothing is.
        func limitNext(_ session: Session) throws {
            let left = Int((end - .now) / .milliseconds(1))
            guard left > 0 else { throw TooSlow() }
            try session.script("SET LOCAL statement_timeout = \(left)")
        }
    }

    /// How long all statements with the rows of a batch may take together: half of a lease. A batch that takes longer is halved.
    static let mostTime: Duration = .seconds(15)
    /// How long each statement behind the rows may take.
    private static let timeBehind: Duration = .seconds(5)
    /// How long rows that are refused are looked for; those that were found are left out, and the others are tried anew.
    private static let mostSearch: Duration = .seconds(5)

    let target: any ImportTarget
    let batch: ImportBatch
    /// The job that the import began as.
    let origin: UUID
    /// How many refused rows are put up with; one more and the loading ends there.
    let mostRefused: Int
    var mostTime = BatchLoad.mostTime

    func run(_ session: Session) throws -> Outcome {
        var outcome = Outcome()
        guard !batch.rows.isEmpty else { return outcome }
        // What is checked at the commit would be nobody's fault there.
        try session.script("SET CONSTRAINTS ALL IMMEDIATE")
        let deadline = Deadline(end: .now + mostTime)
        try load(0..<batch.rows.count, &outcome, until: .now + Self.mostSearch, deadline, session)
        // What the import itself writes behind is quick, however little is left.
        try Deadline(end: .now + Self.timeBehind).limitNext(session)
        return outcome
    }

    private func load(
        _ rows: Range<Int>, _ outcome: inout Outcome, until end: ContinuousClock.Instant, _ deadline: Deadline,
        _ session: Session
    ) throws {
        guard outcome.refused.count <= mostRefused, outcome.refused.isEmpty || .now < end else { return }
        do {
            let counts = try session.savepoint {
                try target.load(rows, of: batch, for: origin, within: deadline, $0)
            }
            outcome.counts.loaded += counts.loaded
            outcome.counts.updated += counts.updated
        } catch let error as PostgresError where error.isOfTheRow {
            guard rows.count > 1 else {
                outcome.refused.append((rows.lowerBound, error))
                return
            }
            let middle = (rows.lowerBound + rows.upperBound) / 2
            try load(rows.lowerBound..<middle, &outcome, until: end, deadline, session)
            try load(middle..<rows.upperBound, &outcome, until: end, deadline, session)
        } catch let error as PostgresError where error.kind == .server && error.sqlState == "57014" {
            throw TooSlow()
        }
    }
}

extension PostgresError {
    /// Whether a row is at fault: its data (22), a constraint (23), the option of a view (44), a value that is too large for an index
    /// (54000), or what a trigger says of it (P0001).
    var isOfTheRow: Bool {
        sqlState.map { ["22", "23", "44"].contains($0.prefix(2)) || $0 == "54000" || $0 == "P0001" } ?? false
    }
}

import Foundation
import JSON
import Postgres

/// Which part an operator plays in its job.
public enum OperatorKind: String, Sendable, Hashable, CaseIterable {
    /// Brings records in from outside.
    case source
    /// Makes records out of records.
    case transform
    /// Takes records out of the job.
    case sink
}

/// What an operator has counted, in one attempt or in several. Times are in microseconds.
public struct OperatorCounters: Sendable, Hashable, Codable {
    /// Records that it took and gave on.
    public var recordsIn = 0
    /// Records that it gave on.
    public var recordsOut = 0
    /// Bytes of the records that it took.
    public var bytesIn = 0
    /// Bytes of the records that it gave on.
    public var bytesOut = 0
    /// Records, or parts of them, that were lost.
    public var errors = 0
    /// What was odd about records that were not lost.
    public var warnings = 0
    /// Records that were offered as samples of its output.
    public var offered = 0
    /// Time that it worked.
    public var busy = 0
    /// Time that it waited for records.
    public var idle = 0
    /// Time that it waited for the operators behind it.
    public var backpressure = 0
    /// How long single records took in this operator.
    public var latency = DurationHistogram()
    /// How long single records took from their source to the end of this operator, when that is measured.
    public var endToEnd = DurationHistogram()

    enum CodingKeys: String, CodingKey {
        case recordsIn = "records_in"
        case recordsOut = "records_out"
        case bytesIn = "bytes_in"
        case bytesOut = "bytes_out"
        case errors, warnings, offered
        case busy = "busy_us"
        case idle = "idle_us"
        case backpressure = "backpressure_us"
        case latency
        case endToEnd = "end_to_end"
    }

    /// Nothing counted.
    public init() {}

    /// Adds what was counted elsewhere.
    public mutating func add(_ other: OperatorCounters) {
        recordsIn += other.recordsIn
        recordsOut += other.recordsOut
        bytesIn += other.bytesIn
        bytesOut += other.bytesOut
        errors += other.errors
        warnings += other.warnings
        offered += other.offered
        busy += other.busy
        idle += other.idle
        backpressure += other.backpressure
        latency.merge(other.latency)
        endToEnd.merge(other.endToEnd)
    }
}

/// The numbers of one subtask of one operator in one attempt, absolute since the attempt began.
///
/// Counters begin at nothing in each attempt. What a job shows is the sum over its attempts: work that was done twice, because a
/// worker died before the next checkpoint, is counted twice, for it was done twice.
public struct OperatorReport: Sendable {
    /// The number of the attempt, from 1.
    public let attempt: Int32
    /// The operator's name within the job.
    public let name: String
    /// Which of the operator's parallel parts, from 0.
    public let taskIndex: Int32
    /// The part that it plays.
    public let kind: OperatorKind
    /// What it has counted.
    public let counters: OperatorCounters
    /// When the attempt made it known, by the worker's clock.
    public let startedAt: Date
    /// When the numbers were read, by the worker's clock.
    public let updatedAt: Date

    /// Makes a report.
    public init(
        attempt: Int32, name: String, taskIndex: Int32, kind: OperatorKind, counters: OperatorCounters, startedAt: Date,
        updatedAt: Date
    ) {
        self.attempt = attempt
        self.name = name
        self.taskIndex = taskIndex
        self.kind = kind
        self.counters = counters
        self.startedAt = startedAt
        self.updatedAt = updatedAt
    }
}

extension JobStore {
    /// The most rows that one answer adds up; a job has at most 256 an attempt.
    static let maxOperatorRows = 4096

    /// The numbers of a job's operators, those of the newest attempts first.
    public func operators(of job: UUID, attempt: Int32? = nil) async throws -> [OperatorReport] {
        let condition: Statement = attempt.map { " AND attempt = \($0)" } ?? ""
        return try await database.query(
            """
            SELECT attempt, operator, task_index, kind, counters, started_at, updated_at FROM job_operators
            WHERE job_id = \(job)\(condition)
            ORDER BY attempt DESC, operator DESC, task_index DESC LIMIT \(Self.maxOperatorRows)
            """
        ).map { row in
            OperatorReport(
                attempt: try row.decode("attempt"), name: try row.decode("operator"),
                taskIndex: try row.decode("task_index"),
                kind: OperatorKind(rawValue: try row.decode("kind")) ?? .transform,
                counters: try JSON.parse(row.decode("counters", as: JSONText.self).bytes).decode(),
                startedAt: try row.decode("started_at"), updatedAt: try row.decode("updated_at"))
        }
    }
}

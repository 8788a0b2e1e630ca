import Crypto
import Foundation
import JSON
import Postgres
import TestKit

@testable import Jobs

/// Runs a test over a store of its own.
func withStore<Output: Sendable>(_ body: @Sendable (JobStore) async throws -> Output) async throws -> Output {
    try await TestDatabase.with { try await body(JobStore($0.database)) }
}

let probeSchema: JSON = [
    "type": "object", "additionalProperties": false, "required": ["pages"],
    "properties": [
        "pages": ["type": "integer", "minimum": 1], "mode": ["type": "string", "default": "fast"],
    ],
]

func probeType(_ name: String = "probe", policy: JobPolicy = JobPolicy(timeoutSeconds: 60, maxAttempts: 4)) throws
    -> JobType
{
    try JobType(name: name, version: 1, description: "A probe.", specSchema: probeSchema, policy: policy)
}

func submission(
    id: UUID = UUIDv7.generate(), type: String = "probe", namespace: String = "default", priority: Priority = .normal,
    at time: Date? = nil, labels: JSON = [:], key: String? = nil, body: String = "body"
) -> Submission {
    Submission(
        id: id, namespace: namespace, type: type, spec: Array(#"{"pages":1}"#.utf8), name: nil, labels: labels,
        priority: priority, scheduledAt: time, timeoutSeconds: 60, maxAttempts: 4, parentID: nil, traceID: nil,
        idempotency: key.map { ($0, sha256(body)) })
}

func ending(_ status: JobStatus, _ kind: String, dueIn: Duration = .zero, fails: Bool = false) -> Ending {
    var ending = Ending(status: status, kind: kind)
    ending.dueIn = dueIn
    ending.countsAsFailure = fails
    return ending
}

/// The numbers of one operator, with as many records in as are asked for.
func report(
    _ fence: Fence, _ name: String = "extract", _ kind: OperatorKind = .transform, subtask: Int32 = 0, records: Int = 1,
    from start: Date = Date(), to end: Date = Date()
) -> OperatorReport {
    var counters = OperatorCounters()
    counters.recordsIn = records
    counters.recordsOut = 2 * records
    counters.latency.add(.milliseconds(10))
    return OperatorReport(
        attempt: fence.attempt, name: name, taskIndex: subtask, kind: kind, counters: counters, startedAt: start,
        updatedAt: end)
}

func recordError(
    _ number: Int32, _ fence: Fence, _ level: LogLevel = .error, in name: String = "extract"
) -> RecordError {
    RecordError(
        attempt: fence.attempt, number: number, at: Date(), level: level, operatorName: name, taskIndex: 1,
        message: "message \(number)", details: Array(text: #"{"page":1}"#), record: ("cut", 5000))
}

func sample(_ number: Int32, _ fence: Fence, of name: String = "extract") -> OutputSample {
    OutputSample(
        operatorName: name, attempt: fence.attempt, number: number, taskIndex: 0, at: Date(),
        record: Array(text: #"{"number":\#(number)}"#))
}

/// A job's row and what its history says, to compare with what should be.
struct Snapshot: Sendable, Equatable {
    var status: JobStatus
    var attempt: Int32
    var failures: Int32
    var crashes: Int32
    var isDispatched: Bool
    var wanted: String?
    var terminalEvents: Int64
    var lastEventStatus: String?
    var events: Int64
}

extension JobStore {
    /// Adds queued jobs that any dispatcher may take at once.
    func queue(_ count: Int = 1, type: String = "probe", namespace: String = "default") async throws -> [UUID] {
        let jobs = (0..<count).map { _ in (submission(type: type, namespace: namespace), Duration.zero) }
        _ = try await submit(jobs)
        return jobs.map(\.0.id)
    }

    /// Adds a job and claims it.
    func run(worker: String = "w", lease: Duration = .seconds(30)) async throws -> Fence {
        try await claimOne(try await queue()[0], worker: worker, lease: lease)
    }

    func claimOne(_ id: UUID, worker: String = "w", lease: Duration = .seconds(30)) async throws -> Fence {
        let claims = try await claim([id], type: "probe", worker: worker, lease: lease)
        guard let claim = claims.first else { throw NotClaimed() }
        return Fence(job: claim.id, attempt: claim.attempt)
    }

    /// What the dispatchers of the type `probe` see.
    func look(pending: [UUID] = [], page: Int = 64) async throws -> DispatchSurvey {
        try await survey(
            types: ["probe"], cursors: Priority.allCases.map { LaneCursor(type: "probe", priority: $0) }, page: page,
            asked: pending, except: pending, staleAfter: .seconds(10))
    }

    /// The jobs of the type `probe` that may be dispatched, lane by lane.
    func waitingJobs() async throws -> [UUID] {
        let lanes = try await look().lanes["probe"] ?? []
        return try await backlog(type: "probe", lanes.map { LaneRequest($0, count: 100) }).map(\.id)
    }

    func snapshot(_ id: UUID) async throws -> Snapshot {
        let rows = try await database.query(
            """
            SELECT status, attempt, failures, crashes, dispatched_at IS NOT NULL AS dispatched, wanted,
                (SELECT count(*) FROM events WHERE job_id = jobs.id
                    AND status IN ('completed', 'failed', 'cancelled', 'stopped')) AS terminal,
                (SELECT status FROM events WHERE job_id = jobs.id ORDER BY seq DESC LIMIT 1) AS last,
                (SELECT count(*) FROM events WHERE job_id = jobs.id) AS events
            FROM jobs WHERE id = \(id)
            """)
        guard let row = rows.first else { throw NotClaimed() }
        return Snapshot(
            status: try row.decodeStatus("status"), attempt: try row.decode("attempt"),
            failures: try row.decode("failures"), crashes: try row.decode("crashes"),
            isDispatched: try row.decode("dispatched"), wanted: try row.decode("wanted"),
            terminalEvents: try row.decode("terminal"), lastEventStatus: try row.decode("last"),
            events: try row.decode("events"))
    }

    func history(_ id: UUID) async throws -> [Event] { try await events(after: [(id, 0)], limit: 1000) }

    func kinds(_ id: UUID) async throws -> [String] { try await history(id).map(\.kind) }

    func job(_ id: UUID, namespace: String = "default") async throws -> Job? {
        try await jobs([(id, namespace)])[0]
    }

    func expireLeases() async throws {
        try await database.query(
            "UPDATE jobs SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")
    }

    /// How an attempt ended; nil while it runs.
    func executionStatus(_ fence: Fence) async throws -> String? {
        try await database.query(
            "SELECT status FROM executions WHERE job_id = \(fence.job) AND attempt = \(fence.attempt)"
        ).first.map { try $0.decode("status") }
    }

    func count(_ statement: Statement) async throws -> Int {
        let rows = try await database.query(statement)
        return Int(try rows[0].decode("n", as: Int64.self))
    }
}

struct NotClaimed: Error {}

extension RecordAnswer {
    /// The answer without the time that is left, which no test can know.
    var word: String {
        switch self {
        case .written: "written"
        case .superseded: "superseded"
        case .wanted(let wanted): "wanted \(wanted.wish.rawValue)"
        }
    }
}

extension [UInt8] {
    init(text: String) { self = Array(text.utf8) }
    var text: String { String(decoding: self, as: UTF8.self) }
}

extension Optional where Wrapped == [UInt8] {
    /// The parsed JSON, null when there is none.
    func json() throws -> JSON { try map { try JSON.parse($0) } ?? .null }
}

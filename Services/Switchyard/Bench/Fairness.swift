import Crypto
import Foundation
import JSON
import Jobs
import Postgres

/// How long single jobs of one tenant wait for their start: on an idle stack, and while another tenant has thousands of jobs queued.
struct Fairness: Sendable {
    /// From the commit of the row to the claim, by the database's clock.
    let idle: Percentiles
    let busy: Percentiles
    /// How many jobs of the other tenant were queued at the least.
    let queued: Int

    private static let backlog = 10_000

    /// Fills the bench's own namespace, and submits single jobs with a key of another one.
    static func measure(
        on target: BenchTarget, database: Database, ledger: JobLedger, isQuick: Bool
    ) async throws -> Fairness {
        let quiet = "bench-quiet"
        let key = try await JobStore(database).createKey(
            namespace: quiet, name: "bench", scopes: [.submit, .read], expiresAt: Date(timeIntervalSinceNow: 600))
        let single = target.with(key: key)
        let jobs = isQuick ? 5 : 40
        note("\(jobs) single jobs, idle …")
        let idle = try await waits(of: jobs, on: single, database)
        let count = isQuick ? backlog / 10 : backlog
        note("\(jobs) single jobs beside \(count) of another tenant …")
        let first = try await submitCrowd(of: count, on: target)
        let busy = try await waits(of: jobs, on: single, database)
        let queued = try await database.query(
            "SELECT count(*) AS n FROM jobs WHERE namespace = \(ledger.namespace) AND status = 'queued'")[0]
            .decode("n", as: Int64.self)
        guard queued > 0 else { throw BenchError("the other tenant's jobs ended before the single ones") }
        _ = try await ledger.waitUntilEnded(from: first, every: .milliseconds(100))
        return Fairness(idle: idle, busy: busy, queued: Int(queued))
    }

    /// - Returns: the smallest id.
    private static func submitCrowd(of count: Int, on target: BenchTarget) async throws -> UUID {
        try await onThread("crowd") {
            // Of different lengths, so that the worker's slots do not all become free at once.
            let size = 500
            let jobs = (0..<size).map { #"{"type":"noop","spec":{"sleep_ms":\#(500 + 2 * $0)}}"# }
            let batch = target.request(
                "POST", "/api/v1/jobs/batch", body: Array(#"{"jobs":[\#(jobs.joined(separator: ","))]}"#.utf8),
                status: 201)
            let connection = try WireConnection(host: target.host, port: target.port)
            var ids: [UUID] = []
            for _ in 0..<count / size {
                let answer = try JSON.parse(try connection.exchange(batch).body)
                ids += answer["jobs"]?.arrayValue?.compactMap { $0["id"]?.stringValue.flatMap(UUID.init(text:)) } ?? []
            }
            guard let first = ids.min(), ids.count == count else {
                throw BenchError("of \(count) jobs \(ids.count) were accepted")
            }
            return first
        }
    }

    private static func waits(of count: Int, on target: BenchTarget, _ database: Database) async throws -> Percentiles {
        let ids = try await onThread("fairness") {
            let connection = try WireConnection(host: target.host, port: target.port)
            return try (0..<count).map { _ in
                let id = try connection.exchange(target.submission(#"{"type":"noop"}"#)).createdID()
                try connection.exchange(target.waiting(for: id)).requireCompleted()
                return id
            }
        }
        let rows = try await database.query(
            """
            SELECT (extract(epoch FROM started_at - created_at) * 1000000)::bigint AS wait FROM jobs WHERE id = ANY(\(ids))
            """)
        return Percentiles(microseconds: try rows.map { UInt32(clamping: try $0.decode("wait", as: Int64.self)) })
    }
}

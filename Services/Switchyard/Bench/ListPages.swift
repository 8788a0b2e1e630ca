import Foundation
import JSON
import Postgres

/// How long pages of `GET /jobs` take, and how fast jobs are submitted, with few jobs in the database and with many.
struct ListPages: Sendable {
    /// The figures at one size of the table.
    struct Stage: Sendable {
        let rows: Int
        /// By name of the question: the median of its first page and of its page 500, in milliseconds.
        let pages: [(name: String, first: Double, far: Double)]
        let submits: LoadOutcome
    }

    let stages: [Stage]

    private static let pageSize = 10
    private static let farPage = 500
    private static let questions = [
        ("by status", "status=completed"),
        ("by status and a label of every second job", "status=completed&label=half:yes"),
        ("by a label of 100 jobs", "label=rare:yes"),
    ]

    /// Fills the database of the running stack step by step with ended jobs of the key's namespace, and leaves them there.
    static func measure(
        on target: BenchTarget, database: Database, ledger: JobLedger, measurements: Measurements, rows: [Int]
    ) async throws -> ListPages {
        var stages: [Stage] = []
        for count in rows {
            try await fill(database, namespace: ledger.namespace, upTo: count)
            var pages: [(String, Double, Double)] = []
            for (name, query) in questions {
                note("pages \(name), \(count) jobs …")
                let path = "/api/v1/jobs?\(query)&limit=\(pageSize)"
                let far = try await Self.target(ofPage: farPage, from: path, on: target)
                pages.append(
                    (
                        name, try await medianTime(of: path, on: target, isQuick: measurements.isQuick),
                        try await medianTime(of: far, on: target, isQuick: measurements.isQuick)
                    ))
            }
            let submits = try await measurements.submits(connections: 64)
            stages.append(Stage(rows: count, pages: pages, submits: submits))
        }
        return ListPages(stages: stages)
    }

    private static func fill(_ database: Database, namespace: String, upTo count: Int) async throws {
        let step = 100_000
        var present = Int(
            try await database.query("SELECT count(*) AS n FROM jobs WHERE namespace = \(namespace)")[0]
                .decode("n", as: Int64.self))
        while present < count {
            let added = min(step, count - present)
            note("\(present) of \(count) jobs …")
            // Ids as of the last year, so that the jobs which are submitted meanwhile come after them.
            _ = try await database.query(
                """
                WITH inserted AS (
                    INSERT INTO jobs (id, namespace, type, status, priority, attempt, max_attempts, timeout_seconds, created_at, due_at,
                        started_at, finished_at, worker, labels, spec, result)
                    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
                        || '8' || substr(md5(random()::text), 1, 15))::uuid, \(namespace), 'noop',
                        CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'completed' END, 1, 1, 5, 60, at, at, at, at, 'bench',
                        CASE WHEN n + \(present) < 100 THEN '{"rare": "yes", "half": "yes"}'
                            WHEN n % 2 = 0 THEN '{"half": "yes"}' ELSE '{}' END::jsonb, '{"sleep_ms": 0}', '{}'
                    FROM (SELECT n, now() - random() * interval '360 days' - interval '1 day' AS at FROM generate_series(0, \(added - 1)) n) x
                    RETURNING id, namespace, labels
                )
                INSERT INTO job_labels (namespace, key, value, job_id)
                SELECT i.namespace, l.key, l.value, i.id FROM inserted i, jsonb_each_text(i.labels) l
                """)
            present += added
        }
        note("vacuum …")
        try await database.withSession { session in
            for command in ["VACUUM ANALYZE jobs, job_labels", "CHECKPOINT"] { try session.script(command) }
        }
    }

    /// Follows the cursors to a page, or to the last one before it.
    private static func target(ofPage page: Int, from path: String, on target: BenchTarget) async throws -> String {
        try await onThread("pages") {
            let connection = try WireConnection(host: target.host, port: target.port)
            var current = path
            for _ in 1..<page {
                let answer = try connection.exchange(target.request("GET", current))
                guard let cursor = try JSON.parse(answer.body)["next_cursor"]?.stringValue else { break }
                current = path + "&cursor=" + cursor
            }
            return current
        }
    }

    private static func medianTime(of path: String, on target: BenchTarget, isQuick: Bool) async throws -> Double {
        let load = Load(
            requests: [target.request("GET", path)], connections: 1, extent: .requests(isQuick ? 20 : 300))
        return try await LoadGenerator.run(load, on: target).latencies.milliseconds(0.5)
    }
}

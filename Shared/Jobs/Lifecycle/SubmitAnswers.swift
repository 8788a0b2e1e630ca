import Foundation
import Postgres

/// What became of each submission of a batch: collected from the insertion, and from a look at what stood in its way.
struct SubmitAnswers {
    private let jobs: [Submission]
    private var created: [UUID: Date] = [:]
    private var keyed: [String: (id: UUID, hash: [UInt8])] = [:]
    private var kinds: [[UInt8]: UUID] = [:]
    private var known: Set<UUID> = []

    init(_ jobs: [Submission]) {
        self.jobs = jobs
        created.reserveCapacity(jobs.count)
    }

    /// Takes the rows of an insertion, and looks up what it left out.
    mutating func take(_ inserted: Rows, _ session: Session) throws {
        for row in inserted {
            created[try row.decode("id", as: UUID.self)] = try row.decode("created_at", as: Date.self)
        }
        guard created.count < jobs.count else { return }
        let left = jobs.filter { created[$0.id] == nil }
        try findKeyed(left.filter { $0.idempotency != nil }, session)
        try findKinds(left.filter { $0.uniqueness != nil }, session)
    }

    private mutating func findKeyed(_ jobs: [Submission], _ session: Session) throws {
        guard !jobs.isEmpty else { return }
        let rows = try session.query(
            """
            SELECT j.id, j.namespace, j.idempotency_key, j.request_hash
            FROM unnest(\(jobs.map(\.namespace)), \(jobs.map { $0.idempotency?.key })) AS k (namespace, key)
            JOIN jobs j ON j.namespace = k.namespace AND j.idempotency_key = k.key
            """)
        for row in rows {
            let key = try Self.name(row.decode("namespace"), row.decode("idempotency_key"))
            keyed[key] = (try row.decode("id"), try row.decode("request_hash"))
        }
    }

    private mutating func findKinds(_ jobs: [Submission], _ session: Session) throws {
        guard !jobs.isEmpty else { return }
        for row in try session.query(Uniqueness.holders(jobs)) {
            let id = try row.decode("id", as: UUID.self)
            if let kind = try row.decode("unique_key", as: [UInt8]?.self) { kinds[kind] = id } else { known.insert(id) }
        }
    }

    /// Whether every submission has its answer.
    var isComplete: Bool { created.count == jobs.count || !jobs.contains(where: isMissing) }

    /// Whether a unique job was not inserted, and nothing is there that stands for it.
    func isMissing(_ job: Submission) -> Bool {
        guard let uniqueness = job.uniqueness, created[job.id] == nil else { return false }
        return kinds[uniqueness.key] == nil && !known.contains(job.id) && holder(ofKeyOf: job) == nil
    }

    /// The answers in the order of the submissions.
    func outcomes() throws(PostgresError) -> [SubmitOutcome] {
        guard created.count < jobs.count else { return jobs.map { .created(created[$0.id] ?? Date()) } }
        guard isComplete else {
            throw PostgresError(.server, "unique jobs of one kind end faster than they are found", sqlState: "40001")
        }
        var left = created
        return jobs.map { job in
            // An id that comes twice in one batch is one job.
            if let date = left.removeValue(forKey: job.id) { return .created(date) }
            if let idempotency = job.idempotency, let found = holder(ofKeyOf: job) {
                return found.hash == idempotency.requestHash ? .existing(found.id) : .conflict(found.id)
            }
            guard let kind = job.uniqueness?.key, !known.contains(job.id), created[job.id] == nil else {
                return .existing(job.id)
            }
            return .existing(kinds[kind] ?? job.id)
        }
    }

    private func holder(ofKeyOf job: Submission) -> (id: UUID, hash: [UInt8])? {
        job.idempotency.flatMap { keyed[Self.name(job.namespace, $0.key)] }
    }

    private static func name(_ namespace: String, _ key: String) -> String { namespace + "\n" + key }
}

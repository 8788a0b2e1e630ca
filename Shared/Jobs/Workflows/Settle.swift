import Foundation
import JSON
import Postgres

/// What waits to be done for schedules, dependencies and workflows.
public struct PlanState: Sendable {
    /// Jobs have ended that somebody waits for, or jobs wait for others that are not marked yet.
    public let hasEnds: Bool
    /// Workflows are to be cancelled.
    public let hasCancels: Bool
    /// How long until the next tick of a schedule; nil when there is none.
    public let nextTickIn: Duration?
}

/// Dealing with the ends of jobs that others wait for.
///
/// Order of effects, all in one transaction: the ended jobs are locked, their dependants' edges are settled, each dependant that
/// was waiting is queued, cancelled or failed with its event, the workflows that have ended thereby get their status, and the
/// ended jobs are marked as dealt with. A crash before the commit leaves all of it to the next round of any gateway; after it, the
/// dispatcher finds the queued ones, and a dependant that was cancelled is itself an end that the next round deals with.
///
/// Two rounds at once divide the ends between them (SKIP LOCKED). Where both reach the same dependant or workflow, each locks it
/// before it judges it in a later statement, so that the second one sees what the first has settled. Dependants and workflows
/// are locked in the order of their ids.
extension JobStore {
    /// Looks whether there is anything to do: a few looks into indexes that are mostly empty.
    public func planState() async throws -> PlanState {
        let row = try await database.query(
            """
            SELECT EXISTS (SELECT 1 FROM jobs WHERE awaited AND finished_at IS NOT NULL)
                    OR EXISTS (SELECT 1 FROM job_dependencies WHERE NOT is_watched) AS ends,
                EXISTS (SELECT 1 FROM workflows WHERE wanted IS NOT NULL AND status = 'running') AS cancels,
                (SELECT extract(epoch FROM next_at - now())::double precision FROM schedules
                    WHERE NOT is_paused ORDER BY next_at LIMIT 1) AS tick
            """)[0]
        return PlanState(
            hasEnds: try row.decode("ends"), hasCancels: try row.decode("cancels"),
            nextTickIn: try row.decode("tick", as: Double?.self).map { .seconds(max(0, $0)) })
    }

    /// Deals with the ends of awaited jobs, at most `limit` of them.
    ///
    /// - Returns: whether something was changed, so that another round may find more.
    public func settle(catalogue: TypeCatalogue, limit: Int = 200) async throws -> Bool {
        let changes = try await database.transaction { session in
            var settlement = Settlement(session: session, catalogue: catalogue)
            return try settlement.run(limit: limit)
        }
        if changes { try await announce() }
        return changes
    }
}

/// One round, within its transaction.
private struct Settlement {
    let session: Session
    let catalogue: TypeCatalogue
    private var verdicts = Verdicts()

    init(session: Session, catalogue: TypeCatalogue) {
        self.session = session
        self.catalogue = catalogue
    }

    /// How many dependants one round deals with; the rest of an end that very many wait for is left to the next.
    private static let maxEdges = 2000

    mutating func run(limit: Int) throws -> Bool {
        let watched = try watch()
        let ended = try session.query(
            """
            SELECT id, status FROM jobs WHERE awaited AND finished_at IS NOT NULL
            ORDER BY id LIMIT \(limit) FOR NO KEY UPDATE SKIP LOCKED
            """)
        let ids = try ended.map { try $0.decode("id", as: UUID.self) }
        let dependants = try settleEdges(of: ids, statuses: ended.map { try $0.decode("status", as: String.self) })
        try judge(dependants)
        try verdicts.apply(session)
        try session.query(
            """
            UPDATE jobs j SET awaited = false WHERE id = ANY(\(ids))
                AND NOT EXISTS (SELECT 1 FROM job_dependencies WHERE needs = j.id AND ended_as IS NULL)
            """)
        try WorkflowEnds.judge(after: ids, session)
        return watched || !ids.isEmpty || !dependants.isEmpty
    }

    /// Marks the jobs that new dependants wait for. One whose row is being written is left to the next round.
    private func watch() throws -> Bool {
        try !session.query(
            """
            WITH open AS (
                SELECT job_id, needs FROM job_dependencies WHERE NOT is_watched LIMIT \(Self.maxEdges) FOR UPDATE SKIP LOCKED
            ), found AS (
                SELECT j.id FROM (SELECT DISTINCT needs FROM open) o JOIN jobs j ON j.id = o.needs
                FOR NO KEY UPDATE OF j SKIP LOCKED
            ), marked AS (
                UPDATE jobs j SET awaited = true FROM found f WHERE j.id = f.id AND NOT j.awaited
            )
            UPDATE job_dependencies d SET is_watched = true FROM open o JOIN found f ON f.id = o.needs
            WHERE d.job_id = o.job_id AND d.needs = o.needs
            RETURNING d.job_id
            """
        ).isEmpty
    }

    /// - Returns: the jobs that waited for one of these, or for one that does not exist any more.
    private func settleEdges(of ended: [UUID], statuses: [String]) throws -> [UUID] {
        let settled = try session.query(
            """
            WITH chosen AS (
                SELECT d.job_id, d.needs, e.status
                FROM unnest(\(ended), \(statuses)) AS e (id, status)
                JOIN job_dependencies d ON d.needs = e.id AND d.ended_as IS NULL
                LIMIT \(Self.maxEdges)
            )
            UPDATE job_dependencies d SET ended_as = c.status, is_watched = true FROM chosen c
            WHERE d.job_id = c.job_id AND d.needs = c.needs
            RETURNING d.job_id
            """)
        let orphaned = try session.query(
            """
            UPDATE job_dependencies d SET ended_as = 'gone', is_watched = true
            WHERE NOT is_watched AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = d.needs)
            RETURNING d.job_id
            """)
        return Array(Set(try (Array(settled) + Array(orphaned)).map { try $0.decode("job_id", as: UUID.self) }))
    }

    private mutating func judge(_ dependants: [UUID]) throws {
        let locked = try session.query(
            """
            SELECT id FROM jobs WHERE id = ANY(\(dependants)) AND status = 'scheduled' AND due_at IS NULL
            ORDER BY id FOR NO KEY UPDATE
            """
        ).map { try $0.decode("id", as: UUID.self) }
        let rows = try session.query(
            """
            SELECT j.id, j.namespace, j.type, b.name, b.needs, b.ended_as,
                CASE WHEN d.reads AND d.broken = 0 THEN j.spec END AS spec
            FROM unnest(\(locked)) AS l (id) JOIN jobs j ON j.id = l.id, LATERAL (
                SELECT count(*) FILTER (WHERE ended_as IS NULL) AS open, bool_or(is_read) AS reads,
                    count(*) FILTER (WHERE ended_as <> 'completed') AS broken
                FROM job_dependencies WHERE job_id = j.id
            ) d LEFT JOIN LATERAL (
                SELECT name, needs, ended_as FROM job_dependencies
                WHERE job_id = j.id AND ended_as <> 'completed' ORDER BY name, needs LIMIT 1
            ) b ON true
            WHERE d.open = 0 OR d.broken > 0
            """)
        var readers: [Reader] = []
        for row in rows {
            let id = try row.decode("id", as: UUID.self)
            if let status = try row.decode("ended_as", as: String?.self) {
                let name = try row.decode("name", as: String?.self).map { "\"\($0)\" (job " } ?? "(job "
                let need = try row.decode("needs", as: UUID.self)
                verdicts.end(
                    id, .cancelled, code: "dependency_failed",
                    message: "It needs \(name)\(need.text)), which is \(status).")
            } else if let spec = try row.decode("spec", as: JSONText?.self) {
                readers.append(
                    Reader(
                        id: id, namespace: try row.decode("namespace"), type: try row.decode("type"), spec: spec.bytes))
            } else {
                verdicts.release(id, spec: nil)
            }
        }
        if !readers.isEmpty { try fillIn(readers) }
    }

    /// Gives jobs their input: what they refer to is there now.
    private mutating func fillIn(_ readers: [Reader]) throws {
        let rows = try session.query(
            """
            SELECT d.job_id, d.name, d.needs FROM job_dependencies d
            WHERE d.job_id = ANY(\(readers.map(\.id))) AND d.is_read
            """)
        var needs: [UUID: [String: UUID]] = [:]
        for row in rows {
            needs[try row.decode("job_id"), default: [:]][try row.decode("name")] = try row.decode(
                "needs", as: UUID.self)
        }
        let read = Array(Set(needs.values.flatMap(\.values)))
        // What cannot be read costs the jobs that need it, not the whole round.
        var sources: [UUID: Result<JSON, UnresolvedReference>] = [:]
        for row in try session.query("SELECT id, result FROM jobs WHERE id = ANY(\(read))") {
            let id = try row.decode("id", as: UUID.self)
            let text = try row.decode("result", as: JSONText?.self)
            sources[id] = Result { () throws(UnresolvedReference) in
                do {
                    return ["id": .string(id.text), "result": try text.map { try JSON.parse($0.bytes) } ?? .null]
                } catch {
                    throw UnresolvedReference(message: "the result of the job \(id.text) cannot be read: \(error)")
                }
            }
        }
        for reader in readers {
            let names = needs[reader.id] ?? [:]
            do {
                let type = try knownType(reader.type)
                // Opened before anything is filled in: what another job has answered is never opened.
                let given = try catalogue.plain(
                    JSON.parse(reader.spec), of: type, namespace: reader.namespace, from: .stored, prefix: "")
                let spec = try Reference.resolve(given) { name throws(UnresolvedReference) in
                    try names[name].flatMap { sources[$0] }?.get()
                }
                verdicts.release(reader.id, spec: try checked(spec, type, namespace: reader.namespace))
            } catch let error as UnresolvedReference {
                verdicts.end(reader.id, .failed, code: "unresolved_reference", message: error.message)
            } catch let error as SubmissionError {
                verdicts.end(reader.id, .failed, code: error.kind.rawValue, message: error.description)
            } catch let error as JSONError {
                verdicts.end(reader.id, .failed, code: "invalid_spec", message: "The spec cannot be read: \(error)")
            }
        }
    }

    private func knownType(_ name: String) throws(SubmissionError) -> JobType {
        guard let type = catalogue.types[name] else {
            throw SubmissionError(
                kind: .unknownType, detail: "There is no job type \"\(name)\" any more.", violations: [])
        }
        return type
    }

    /// The spec as the type wants it, and as it is stored.
    private func checked(_ spec: JSON, _ type: JobType, namespace: String) throws(SubmissionError) -> [UInt8] {
        let violations = type.validator.validate(spec)
        guard violations.isEmpty else {
            throw SubmissionError(
                kind: .invalidSpec,
                detail: "With its references filled in, the spec does not fit the schema of \(type.name).",
                violations: violations.moved(below: "/spec"))
        }
        let whole = type.validator.applyingDefaults(to: spec)
        let bytes = try catalogue.sealed(whole, of: type, namespace: namespace, prefix: "").serialized()
        guard bytes.count <= Submission.maxSpecBytes else {
            throw SubmissionError(
                kind: .invalidSpec,
                detail:
                    "With its references filled in, the spec has \(bytes.count) bytes; \(Submission.maxSpecBytes) are accepted.",
                violations: [])
        }
        return bytes
    }
}

/// A job whose spec refers to what others have answered.
private struct Reader {
    let id: UUID
    let namespace: String
    let type: String
    let spec: [UInt8]
}

/// What becomes of waiting jobs.
private struct Verdicts {
    private var released: [(id: UUID, spec: JSONText?)] = []
    private var ended: [(id: UUID, status: JobStatus, error: JSONText)] = []

    mutating func release(_ id: UUID, spec: [UInt8]?) { released.append((id, spec.map { JSONText($0) })) }

    mutating func end(_ id: UUID, _ status: JobStatus, code: String, message: String) {
        let error = JSON.object(["code": .string(code), "message": .string(message)])
        ended.append((id, status, JSONText(error.serialized())))
    }

    func apply(_ session: Session) throws {
        _ = try session.pipeline([
            """
            WITH moved AS (
                UPDATE jobs j SET status = 'queued', due_at = now(), spec = coalesce(i.spec, j.spec)
                FROM unnest(\(released.map(\.id)), \(released.map(\.spec))) AS i (id, spec)
                WHERE j.id = i.id AND j.status = ANY(\(Transition.release.guardStatuses))
                RETURNING j.id, j.type, j.attempt
            )
            INSERT INTO events (job_id, type, kind, status, attempt) SELECT id, type, 'queued', 'queued', attempt FROM moved
            """,
            """
            WITH moved AS (
                UPDATE jobs j SET status = i.status, finished_at = now(), error = i.error
                FROM unnest(\(ended.map(\.id)), \(ended.map(\.status.rawValue)), \(ended.map(\.error))) AS i (id, status, error)
                WHERE j.id = i.id AND j.status = ANY(\(Transition.reject.guardStatuses))
                RETURNING j.id, j.type, j.status, j.attempt, j.error
            )
            INSERT INTO events (job_id, type, kind, status, attempt, data)
            SELECT id, type, status, status, attempt, jsonb_build_object('error', error) FROM moved
            """,
        ])
    }
}

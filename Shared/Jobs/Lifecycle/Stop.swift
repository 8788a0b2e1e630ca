import Foundation
import JSON
import Postgres

/// What a request to end a job led to.
public enum StopOutcome: Sendable, Hashable {
    /// It has ended as asked, now or before.
    ///
    /// - Parameter abandoned: whether an execution was cut off from it just now: its worker is to be told.
    case done(abandoned: Bool)
    /// It runs; its worker is to be asked for this, which may be a stronger wish of before.
    case asked(Wanted)
    /// It has ended otherwise.
    case ended(JobStatus)
    /// There is no such job in this namespace.
    case unknown
}

/// Ending jobs on request: cancel, and stop in each mode (G8).
///
/// Order of effects: the wish is committed in the job's row, the request goes over the control exchange, the worker ends the
/// execution, the end is committed. What a crash or a loss between two of them does:
/// - wish committed, request lost: the answer to the worker's next heartbeat carries the wish;
/// - request heard, worker gone or deaf: the lease ends soon after the deadline of the wish, however often it is renewed, and the
///   reaper ends the job as it was wanted;
/// - ended by force: the row has its end before anybody is told, so nothing that the execution still writes counts; a worker that
///   misses the request learns it from its next heartbeat, and frees the slot.
///
/// A wish only grows: a stronger one takes the place of a weaker one, the nearer deadline stays. So every call may be repeated, and
/// the answer follows from the row alone.
extension JobStore {
    /// How long after the deadline of a wish the lease goes on: time for the worker to end the execution itself.
    public static let stopMargin: Duration = .seconds(5)

    /// Cancels a job: at once when it waits, by request when it runs, and by force after the timeout.
    public func cancel(
        _ id: UUID, namespace: String, reason: String?, timeout: Duration? = nil
    ) async throws -> StopOutcome {
        try await stop(id, namespace: namespace, .cancel, timeout: timeout, reason: reason)
    }

    /// Asks for the end of a job: at once when it waits or by force, by request when it runs.
    ///
    /// - Parameter timeout: how long the worker may take before the execution is abandoned; zero is by force. The default is the
    ///   `cancel_grace_seconds` of the type.
    public func stop(
        _ id: UUID, namespace: String, _ wish: Wish, timeout: Duration? = nil, reason: String? = nil
    ) async throws -> StopOutcome {
        try await one(id, namespace: namespace, wish, timeout: timeout, reason: reason).outcome
    }

    /// Asks for the end of several jobs; answers in their order, and tells which were changed.
    ///
    /// Rows that somebody else holds are left out of the transaction and done one by one after it: transactions that each hold
    /// several rows and wait for each other's would be a deadlock; one that waits for its only row is none.
    public func stop(
        _ ids: [UUID], namespace: String, _ wish: Wish, timeout: Duration? = nil, reason: String? = nil
    ) async throws -> [(outcome: StopOutcome, isChanged: Bool)] {
        let batch = Self.stop(ids, namespace: namespace, wish, timeout: timeout, reason: reason)
        let rows = try await commit([batch, Self.look(ids, namespace: namespace)])
        let answers = try Answers(rows[0], rows[1])
        var results: [(outcome: StopOutcome, isChanged: Bool)] = []
        for id in ids {
            results.append(
                answers.isHeldElsewhere(id)
                    ? try await one(id, namespace: namespace, wish, timeout: timeout, reason: reason)
                    : answers.result(of: id, wish))
        }
        return results
    }

    private func one(
        _ id: UUID, namespace: String, _ wish: Wish, timeout: Duration?, reason: String?
    ) async throws -> (outcome: StopOutcome, isChanged: Bool) {
        let rows = try await commit([
            Self.lock(id, namespace: namespace),
            Self.stop([id], namespace: namespace, wish, timeout: timeout, reason: reason),
            Self.look([id], namespace: namespace),
        ])
        return try Answers(rows[1], rows[2]).result(of: id, wish)
    }

    /// Waits until nobody else holds the row, so that the next statement sees it as it is.
    static func lock(_ id: UUID, namespace: String) -> Statement {
        "SELECT 1 FROM jobs WHERE id = \(id) AND namespace = \(namespace) FOR UPDATE"
    }

    /// The statement of every end on request.
    ///
    /// Leaves out rows that somebody else holds, and those that changed between the statement's beginning and their lock: the server
    /// checks the constraints of an updated row on what it was at the beginning, where the verdict need not fit. Who waits for
    /// the lock in a statement before meets neither.
    ///
    /// The namespace is compared in a way that no index serves, and the ids bound every look at the table: whatever the planner
    /// believes of a young table, the jobs are found by their ids.
    ///
    /// - Parameter condition: what else must be true of the job `j`.
    static func stop(
        _ ids: [UUID], namespace: String, _ wish: Wish, timeout: Duration?, reason: String?,
        if condition: Statement = ""
    ) -> Statement {
        let waiting = Transition.cancel.guardStatuses
        let because = JSON.object(reason.map { ["reason": .string($0)] } ?? [:]).serialized()
        let timeout = wish == .force ? Duration.zero : timeout
        return """
            WITH target AS (
                SELECT j.id, j.status AS was, j.stop_deadline AS promised, array_position(\(Wish.words), coalesce(j.stop_mode,
                        CASE j.wanted WHEN 'stop' THEN 'immediate' ELSE j.wanted END)) AS strength,
                    now() + coalesce(\(timeout?.seconds as Double?), (t.policy->>'cancel_grace_seconds')::double precision, 10)
                        * interval '1 second' AS deadline
                FROM jobs j LEFT JOIN job_types t ON t.name = j.type
                WHERE j.id = ANY(\(ids)) AND j.namespace IS NOT DISTINCT FROM \(namespace)
                    AND j.status = ANY(\(waiting + Transition.requestStop.guardStatuses)) \(condition)
                FOR UPDATE OF j SKIP LOCKED
            ), judged AS (
                SELECT *, CASE
                    WHEN was = ANY(\(waiting)) THEN \(wish.end.rawValue)
                    WHEN strength > \(wish.strength) THEN NULL
                    WHEN deadline <= now() THEN \(wish.end.rawValue)
                    WHEN strength IS NULL OR strength < \(wish.strength) OR deadline < promised THEN 'stopping' END AS verdict
                FROM target
            ), moved AS (
                UPDATE jobs j SET status = v.verdict, dispatched_at = NULL,
                    finished_at = CASE WHEN v.verdict <> 'stopping' THEN now() END,
                    wanted = CASE WHEN v.verdict = 'stopping' THEN \(wish.wanted) END,
                    stop_mode = CASE WHEN v.verdict = 'stopping' THEN \(wish.mode as String?) END,
                    stop_deadline = CASE WHEN v.verdict = 'stopping' THEN least(v.promised, v.deadline) END,
                    lease_until = CASE WHEN v.verdict = 'stopping' THEN least(j.lease_until,
                        v.deadline + \(stopMargin.seconds) * interval '1 second') END
                FROM judged v
                WHERE j.id = v.id AND j.id = ANY(\(ids)) AND v.verdict IS NOT NULL AND j.status = v.was
                RETURNING j.id, j.type, j.status, j.attempt, j.worker, j.started_at, j.stop_deadline, v.was <> ALL(\(waiting)) AS ran
            ), executed AS (
                INSERT INTO executions (job_id, attempt, worker, status, started_at)
                SELECT id, attempt, worker, status, started_at FROM moved WHERE ran AND status <> 'stopping'
            ), announced AS (
                INSERT INTO events (job_id, type, kind, status, attempt, data)
                SELECT id, type, status, status, attempt, \(JSONText(replacingNUL: because)) || jsonb_strip_nulls(jsonb_build_object(
                    'wanted', CASE WHEN status = 'stopping' THEN \(wish.rawValue) END, 'deadline', stop_deadline,
                    'forced', CASE WHEN ran AND status <> 'stopping' THEN true END)) FROM moved
            )
            SELECT v.id, m.ran AND m.status <> 'stopping' AS abandoned FROM judged v LEFT JOIN moved m ON m.id = v.id
            WHERE v.verdict IS NULL OR m.id IS NOT NULL
            """
    }

    private static func look(_ ids: [UUID], namespace: String) -> Statement {
        """
        SELECT id, status, wanted, stop_mode, extract(epoch FROM stop_deadline - now())::double precision AS seconds_left
        FROM jobs WHERE id = ANY(\(ids)) AND namespace IS NOT DISTINCT FROM \(namespace)
        """
    }

    /// What the statement did, and how the rows stand after it.
    private struct Answers {
        private var rows: [UUID: (status: JobStatus, wanted: Wanted?)] = [:]
        private var judged: Set<UUID> = []
        /// Whether an execution was cut off, for each job that was changed.
        private(set) var changed: [UUID: Bool] = [:]

        init(_ stopped: Rows, _ looked: Rows) throws {
            for row in stopped {
                let id = try row.decode("id", as: UUID.self)
                judged.insert(id)
                changed[id] = try row.decode("abandoned", as: Bool?.self)
            }
            for row in looked {
                rows[try row.decode("id", as: UUID.self)] = (try row.decodeStatus("status"), try row.decodeWanted())
            }
        }

        /// Whether the row could be changed, and was left out.
        func isHeldElsewhere(_ id: UUID) -> Bool {
            rows[id].map { !$0.status.isTerminal } == true && !judged.contains(id)
        }

        func result(of id: UUID, _ wish: Wish) -> (outcome: StopOutcome, isChanged: Bool) {
            guard let row = rows[id] else { return (.unknown, false) }
            let outcome: StopOutcome =
                if let wanted = row.wanted {
                    .asked(wanted)
                } else if row.status == wish.end {
                    .done(abandoned: changed[id] ?? false)
                } else {
                    .ended(row.status)
                }
            return (outcome, changed[id] != nil)
        }
    }
}

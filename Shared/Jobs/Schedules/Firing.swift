import Crypto
import Foundation
import JSON
import Postgres

/// What the ticks of a schedule that were due have led to.
public struct Firing: Sendable {
    /// The jobs that were made, the oldest tick first.
    public var jobs: [UUID] = []
    /// How many ticks were left out.
    public var skipped = 0
    /// Why the job could not be made, when it could not.
    public var error: String?
}

/// Firing a schedule.
///
/// Order of effects: the schedule's row is locked, the jobs and their first events are inserted, the row is moved to its next tick;
/// all in one transaction. A crash before the commit leaves everything as it was, and any gateway does it again; after it, the
/// dispatcher finds the jobs. Whoever finds the row locked or moved lets it be, so that a tick fires once however many
/// gateways look. Each job also has an idempotency key made of the schedule and the tick: even a schedule that was set back
/// makes no second job for a tick.
extension JobStore {
    /// Schedules whose tick is due, the longest due first.
    public func dueSchedules(limit: Int = 100) async throws -> [UUID] {
        try await database.query(
            "SELECT id FROM schedules WHERE NOT is_paused AND next_at <= now() ORDER BY next_at LIMIT \(limit)"
        ).map { try $0.decode("id") }
    }

    /// Runs the due ticks of a schedule as its policies say; nil when nothing is due any more, or another gateway is at it.
    public func fire(_ id: UUID, catalogue: TypeCatalogue) async throws -> Firing? {
        do {
            return try await database.transaction { session in
                guard let (schedule, now) = try Self.lockDue(id, session) else { return nil }
                return try Self.fire(schedule, now: now, catalogue: catalogue, session)
            }
        } catch let error as PostgresError where error.isDataFault {
            // The database can never take this job: the ticks must not be tried for ever.
            return try await database.transaction { session in
                guard let (schedule, now) = try Self.lockDue(id, session) else { return nil }
                var firing = Firing(skipped: schedule.dueTicks(now: now).count)
                firing.error = error.message
                try Self.record(firing, tick: nil, schedule, now: now, session)
                return firing
            }
        }
    }

    private static func lockDue(_ id: UUID, _ session: Session) throws -> (Schedule, Date)? {
        let rows = try session.query(
            """
            SELECT \(scheduleColumns), now() AS now FROM schedules
            WHERE id = \(id) AND NOT is_paused AND next_at <= now() FOR UPDATE SKIP LOCKED
            """)
        return try rows.first.map { (try Schedule(row: $0), try $0.decode("now")) }
    }

    private static func fire(
        _ schedule: Schedule, now: Date, catalogue: TypeCatalogue, _ session: Session
    ) throws -> Firing {
        let due = schedule.dueTicks(now: now)
        var chosen = due.chosen
        if schedule.definition.overlap == .skip, !chosen.isEmpty {
            chosen = try hasUnended(schedule, session) ? [] : [chosen[0]]
        }
        var firing = Firing(skipped: due.count - chosen.count)
        var tick: Date?
        do {
            let submissions = try chosen.map { try schedule.submission(tick: $0, catalogue: catalogue, now: now) }
            for outcome in zip(submissions, try insert(submissions.map { ($0, .zero) }, session)) {
                switch outcome.1 {
                case .created: firing.jobs.append(outcome.0.id)
                case .existing, .conflict: firing.skipped += 1
                }
            }
            if !firing.jobs.isEmpty { tick = chosen.last }
        } catch let error as SubmissionError {
            firing.skipped = due.count
            firing.error = error.description
        }
        try record(firing, tick: tick, schedule, now: now, session)
        return firing
    }

    /// Whether one of the schedule's newest jobs has not ended.
    private static func hasUnended(_ schedule: Schedule, _ session: Session) throws -> Bool {
        try session.query(
            """
            SELECT EXISTS (SELECT 1 FROM (
                SELECT finished_at FROM jobs WHERE parent_id = \(schedule.id) AND namespace = \(schedule.namespace)
                ORDER BY id DESC LIMIT 20
            ) newest WHERE finished_at IS NULL) AS found
            """)[0].decode("found")
    }

    private static func record(
        _ firing: Firing, tick: Date?, _ schedule: Schedule, now: Date, _ session: Session
    ) throws {
        let error = firing.error.map {
            JSONText(
                JSON.object(["code": "not_submitted", "message": .string($0), "at": .string(now.rfc3339())])
                    .serialized())
        }
        // A tick that was left out by policy does not clear the error of the one before.
        let isSettled = firing.error != nil || !firing.jobs.isEmpty
        try session.query(
            """
            UPDATE schedules SET next_at = \(try schedule.definition.nextTick(after: now)),
                last_tick_at = coalesce(\(tick as Date?), last_tick_at), last_job_id = coalesce(\(firing.jobs.last as UUID?), last_job_id),
                last_error = CASE WHEN \(isSettled) THEN \(error as JSONText?) ELSE last_error END,
                fired = fired + \(firing.jobs.count), skipped = skipped + \(firing.skipped)
            WHERE id = \(schedule.id)
            """)
    }
}

extension Schedule {
    /// How many ticks are due, and which of them are to be run by the policy for missed ones, the oldest first.
    func dueTicks(now: Date) -> (count: Int, chosen: [Date]) {
        let most = definition.catchUp == .all ? definition.catchUpLimit : 1
        var count = 0
        var newest: [Date] = []
        definition.cron.forEachTick(after: nextAt.addingTimeInterval(-1), in: definition.zone) { tick in
            guard tick <= now else { return false }
            count += 1
            if newest.count == most { newest.removeFirst() }
            newest.append(tick)
            return true
        }
        if definition.catchUp == .skip {
            newest.removeAll { now.timeIntervalSince($0) > ScheduleDefinition.lateness }
        }
        return (count, newest)
    }

    /// The job of a tick; validated anew, because its type may have changed since the schedule was made.
    func submission(tick: Date, catalogue: TypeCatalogue, now: Date) throws(SubmissionError) -> Submission {
        var submission = try submission(catalogue: catalogue, now: now)
        // The separator cannot be in a header, so no client has such a key.
        let key = "schedule\u{1F}\(id.text)\u{1F}\(tick.rfc3339())"
        submission.idempotency = (key, sha256(key))
        return submission
    }

    /// The schedule's job, to be run now.
    public func submission(catalogue: TypeCatalogue, now: Date = Date()) throws(SubmissionError) -> Submission {
        var submission = try Submission.read(
            definition.job, id: UUIDv7.generate(), namespace: namespace, catalogue: catalogue, prefix: "/job",
            from: .stored, now: now)
        submission.parentID = id
        return submission
    }
}

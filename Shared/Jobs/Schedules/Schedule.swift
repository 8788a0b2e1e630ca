import Foundation
import JSON
import Postgres

/// A schedule as its row tells it.
public struct Schedule: Sendable {
    /// The schedule's id, also the `parent_id` of its jobs.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String
    /// What is asked for.
    public let definition: ScheduleDefinition
    /// The next tick to be run; in the past while the schedule is paused or nobody has looked yet.
    public let nextAt: Date
    /// The newest tick that led to a job.
    public let lastTickAt: Date?
    /// The job of that tick.
    public let lastJobID: UUID?
    /// Why the newest tick led to no job, a JSON object; nil when it did.
    public let lastError: [UInt8]?
    /// How many ticks have led to a job.
    public let fired: Int
    /// How many ticks were left out, by policy or by an error.
    public let skipped: Int
    /// When it was made.
    public let createdAt: Date
    /// When its definition was last changed.
    public let updatedAt: Date
    /// Counts the changes of the definition: a change names the one that it has read.
    let revision: Int32
}

extension Schedule: Representation {
    /// How many ticks a schedule shows in advance.
    private static let shownTicks = 5

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A job that is submitted again and again.",
        [
            "id": Schema.uuid.described("Also the `parent_id` of its jobs."), "namespace": Schema.text,
            "name": Schema.text.orNull, "cron": Schema.text, "time_zone": Schema.text,
            "job": Schema.anyObject.described("What is submitted, as for `POST /jobs`."),
            "catch_up": Schema.word(CatchUp.allCases.map(\.rawValue)), "catch_up_limit": Schema.count,
            "overlap": Schema.word(Overlap.allCases.map(\.rawValue)), "paused": Schema.bool,
            "next_ticks": Schema.list(Schema.time).described("The next five ticks; none while it is paused."),
            "last_tick_at": Schema.time.orNull.described("The newest tick that led to a job."),
            "last_job_id": Schema.uuid.orNull.described("The job of that tick."),
            "last_error": Schema.anyObject.orNull.described(
                "Why the newest tick led to no job: `code`, `message` and `at`; null when it did."),
            "fired": Schema.count.described("How many ticks have led to a job."),
            "skipped": Schema.count.described("How many ticks were left out, by policy or by an error."),
            "created_at": Schema.time, "updated_at": Schema.time,
        ])

    /// Appends the schedule as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("namespace", namespace)
        json.member("name", definition.name)
        json.member("cron", definition.cron.text)
        json.member("time_zone", definition.timeZone)
        json.member("job", raw: Redaction.hide(definition.job.serialized()))
        json.member("catch_up", definition.catchUp.rawValue)
        json.member("catch_up_limit", definition.catchUpLimit)
        json.member("overlap", definition.overlap.rawValue)
        json.member("paused", definition.isPaused)
        json.member(
            "next_ticks",
            definition.isPaused
                ? [] : definition.cron.ticks(after: Date(), in: definition.zone, limit: Self.shownTicks))
        json.member("last_tick_at", lastTickAt)
        json.member("last_job_id", lastJobID)
        json.member("last_error", raw: lastError ?? Array("null".utf8))
        json.member("fired", fired)
        json.member("skipped", skipped)
        json.member("created_at", createdAt)
        json.member("updated_at", updatedAt)
        json.endObject()
    }

    init(row: Row) throws {
        let zoneName = try row.decode("time_zone", as: String.self)
        guard let zone = TimeZone(ianaName: zoneName) else {
            throw PostgresError(.decoding, "the time zone \(zoneName) is not known any more")
        }
        self.init(
            id: try row.decode("id"), namespace: try row.decode("namespace"),
            definition: ScheduleDefinition(
                name: try row.decode("name"), cron: try CronExpression(row.decode("cron")), timeZone: zoneName,
                zone: zone, job: try JSON.parse(row.decode("job", as: JSONText.self).bytes),
                catchUp: CatchUp(rawValue: try row.decode("catch_up")) ?? .skip,
                catchUpLimit: Int(try row.decode("catch_up_limit", as: Int32.self)),
                overlap: Overlap(rawValue: try row.decode("overlap")) ?? .allow,
                isPaused: try row.decode("is_paused")),
            nextAt: try row.decode("next_at"), lastTickAt: try row.decode("last_tick_at"),
            lastJobID: try row.decode("last_job_id"),
            lastError: try row.decode("last_error", as: JSONText?.self)?.bytes,
            fired: try row.decode("fired"), skipped: try row.decode("skipped"),
            createdAt: try row.decode("created_at"), updatedAt: try row.decode("updated_at"),
            revision: try row.decode("revision"))
    }
}

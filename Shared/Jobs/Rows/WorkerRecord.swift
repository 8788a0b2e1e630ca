import Foundation
import JSON
import Postgres

/// Where a worker stands.
public enum WorkerState: String, Sendable, CaseIterable {
    /// Takes jobs.
    case active
    /// Takes no more, and ends or hands back those that it has.
    case draining
    /// Has none and takes none, until it is resumed or its process is started anew.
    case drained
    /// Has ended, or was silent for longer than `WorkerRecord.silentAfter`.
    case gone
}

/// A worker process as the registry knows it.
public struct WorkerRecord: Sendable, Representation {
    /// After this time without a heartbeat a worker counts as gone. Its jobs are judged by their own leases.
    public static let silentAfter: Duration = .seconds(30)

    /// The name that its jobs' rows and events have.
    public let id: String
    /// The type of job that it runs.
    public let type: String
    /// Which build of the program it is.
    public let build: String
    /// The version of the type's spec.
    public let typeVersion: Int
    /// The newest migration that the build knows.
    public let schemaVersion: Int
    /// The machine that it runs on.
    public let host: String
    /// Its process there.
    public let pid: Int32
    /// How many jobs it runs at once.
    public let slots: Int
    /// How many it runs now.
    public var running: Int
    /// Where it stands.
    public var state: WorkerState
    /// When it was first heard of.
    public let startedAt: Date
    /// When it was last heard of.
    public let heartbeatAt: Date

    /// Makes the record of a worker that starts now.
    public init(id: String, type: JobType, build: String, host: String, pid: Int32, slots: Int) {
        self.init(
            id: id, type: type.name, build: build, typeVersion: type.version, schemaVersion: Migrations.newest,
            host: host, pid: pid, slots: slots, running: 0, state: .active, startedAt: Date(), heartbeatAt: Date())
    }

    fileprivate init(
        id: String, type: String, build: String, typeVersion: Int, schemaVersion: Int, host: String, pid: Int32,
        slots: Int, running: Int, state: WorkerState, startedAt: Date, heartbeatAt: Date
    ) {
        self.id = id
        self.type = type
        self.build = build
        self.typeVersion = typeVersion
        self.schemaVersion = schemaVersion
        self.host = host
        self.pid = pid
        self.slots = slots
        self.running = running
        self.state = state
        self.startedAt = startedAt
        self.heartbeatAt = heartbeatAt
    }

    /// `Worker`.
    public static let schemaName = "Worker"

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A worker process. Lists leave out `jobs`.",
        [
            "id": Schema.text, "type": Schema.text, "state": Schema.word(WorkerState.allCases.map(\.rawValue)),
            "slots": Schema.count.described("How many jobs it runs at once."),
            "running": Schema.count.described("How many it runs now, as of its last heartbeat."),
            "build": Schema.text, "type_version": Schema.count.described("The version of the type's spec."),
            "schema_version": Schema.count.described("The newest migration that its build knows."),
            "host": Schema.text, "pid": Schema.count, "started_at": Schema.time, "heartbeat_at": Schema.time,
            "jobs": Schema.list(
                Schema.answer(
                    "A job that it runs now.",
                    [
                        "id": Schema.uuid, "namespace": Schema.text, "status": JobStatus.schema,
                        "attempt": Schema.count, "started_at": Schema.time, "lease_until": Schema.time,
                    ])),
        ], optional: ["jobs"])

    /// Appends the worker as operators see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(to: &json)
        json.endObject()
    }

    /// Appends the worker with the jobs that it runs.
    public func write(to json: inout JSONWriter, jobs: [CurrentJob]) {
        json.beginObject()
        writeMembers(to: &json)
        json.key("jobs")
        json.beginArray()
        for job in jobs { job.write(to: &json) }
        json.endArray()
        json.endObject()
    }

    private func writeMembers(to json: inout JSONWriter) {
        json.member("id", id)
        json.member("type", type)
        json.member("state", state.rawValue)
        json.member("slots", slots)
        json.member("running", running)
        json.member("build", build)
        json.member("type_version", typeVersion)
        json.member("schema_version", schemaVersion)
        json.member("host", host)
        json.member("pid", Int(pid))
        json.member("started_at", startedAt)
        json.member("heartbeat_at", heartbeatAt)
    }
}

/// A job that a worker runs now.
public struct CurrentJob: Sendable {
    /// The job's id.
    public let id: UUID
    /// The tenant that it belongs to.
    public let namespace: String
    /// `running` or `stopping`.
    public let status: JobStatus
    /// The number of the attempt.
    public let attempt: Int32
    /// When the attempt began.
    public let startedAt: Date
    /// Until when the worker owns it without another word.
    public let leaseUntil: Date

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("namespace", namespace)
        json.member("status", status.rawValue)
        json.member("attempt", Int(attempt))
        json.member("started_at", startedAt)
        json.member("lease_until", leaseUntil)
        json.endObject()
    }
}

extension WorkerRecord {
    init(row: Row) throws {
        self.init(
            id: try row.decode("id"), type: try row.decode("type"), build: try row.decode("build"),
            typeVersion: Int(try row.decode("type_version", as: Int32.self)),
            schemaVersion: Int(try row.decode("schema_version", as: Int32.self)), host: try row.decode("host"),
            pid: try row.decode("pid"), slots: Int(try row.decode("slots", as: Int32.self)),
            running: Int(try row.decode("running", as: Int32.self)),
            state: WorkerState(rawValue: try row.decode("state")) ?? .gone, startedAt: try row.decode("started_at"),
            heartbeatAt: try row.decode("heartbeat_at"))
    }
}

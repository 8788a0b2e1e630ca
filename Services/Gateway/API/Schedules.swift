import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `POST /schedules`: 201 after the commit; 200 with the first one when the same request was made before.
    func createSchedule(_ call: Call) async throws -> HTTPResponse {
        let body = call.request.collectedBody
        let key = try call.idempotencyKey().map { ($0, sha256(body)) }
        let definition = try await readSchedule(try parse(body), call)
        let id = UUIDv7.generate()
        let earlier = try await audited(call.entry("schedule.create", on: "schedules/" + id.text)) {
            switch try await store.create(
                definition, id: id, namespace: call.namespace, idempotency: key, most: configuration.maxSchedules)
            {
            case .created: return nil as UUID?
            case .existing(let earlier): return earlier
            case .conflict(let other): throw Problem.keyReused(other, of: "schedule")
            case .full: throw Problem.tooManySchedules(configuration.maxSchedules)
            }
        }
        if let earlier { return try await answer(schedule: earlier, call) }
        planner.wake()
        return try await answer(schedule: id, call, status: 201)
    }

    /// `GET /schedules`: the newest first, page by page.
    func listSchedules(_ call: Call) async throws -> HTTPResponse {
        let limit = call.limit()
        let position = try call.text("cursor").map(Cursor.job)
        let schedules = try await store.schedules(namespace: call.namespace, before: position, limit: limit)
        return .page("schedules", schedules, limit: limit) { Cursor.text($0.id) }
    }

    /// `GET /schedules/{id}`: the schedule with its next ticks.
    func getSchedule(_ call: Call) async throws -> HTTPResponse {
        try await answer(schedule: planID(call, "schedule"), call)
    }

    /// `PATCH /schedules/{id}`: replaces the fields that are given; null brings back a default.
    func changeSchedule(_ call: Call) async throws -> HTTPResponse {
        let old = try await existingSchedule(call)
        guard let patch = try parse(call.request.collectedBody).objectValue else {
            throw Problem.invalidField("", "an object is required")
        }
        // A job that is not given anew is the one that is stored, with its secrets sealed.
        let new = try await readSchedule(
            old.definition.merging(patch), call, from: patch["job"] == nil ? .stored : .client)
        var change = patch
        if change["job"] != nil { change["job"] = new.job }
        try await audited(call.entry("schedule.change", on: "schedules/" + old.id.text, details: .object(change))) {
            guard try await store.replace(old, by: new) else { throw Problem.changedMeanwhile }
        }
        planner.wake()
        return try await answer(schedule: old.id, call)
    }

    /// `DELETE /schedules/{id}`: its jobs stay.
    func deleteSchedule(_ call: Call) async throws -> HTTPResponse {
        let id = try planID(call, "schedule")
        try await audited(call.entry("schedule.delete", on: "schedules/" + id.text)) {
            guard try await store.deleteSchedule(id, namespace: call.namespace) else {
                throw Problem.notFound("schedule")
            }
        }
        return HTTPResponse(status: 204)
    }

    /// `POST /schedules/{id}/pause`: no tick fires until it is resumed.
    func pauseSchedule(_ call: Call) async throws -> HTTPResponse { try await pause(true, call) }

    /// `POST /schedules/{id}/resume`: ticks fire again; what was missed is dealt with as `catch_up` says.
    func resumeSchedule(_ call: Call) async throws -> HTTPResponse { try await pause(false, call) }

    private func pause(_ isPaused: Bool, _ call: Call) async throws -> HTTPResponse {
        let id = try planID(call, "schedule")
        try await audited(call.entry(isPaused ? "schedule.pause" : "schedule.resume", on: "schedules/" + id.text)) {
            guard try await store.pause(isPaused, schedule: id, namespace: call.namespace) else {
                throw Problem.notFound("schedule")
            }
        }
        planner.wake()
        return try await answer(schedule: id, call)
    }

    /// `POST /schedules/{id}/trigger`: submits its job now, whatever its ticks and policies say; answers the job.
    func triggerSchedule(_ call: Call) async throws -> HTTPResponse {
        let schedule = try await existingSchedule(call)
        var submission = try schedule.submission(catalogue: await types.catalogue(for: schedule.definition.job))
        submission.idempotency = try call.idempotencyKey().map { ($0, sha256("trigger \(schedule.id.text)")) }
        switch try await submitter.submit(submission) {
        case .created: return try await answer(submission.id, call, status: 201)
        case .existing(let id): return try await answer(id, call, status: 200)
        case .conflict(let id): throw Problem.keyReused(id)
        }
    }

    private func readSchedule(
        _ json: JSON, _ call: Call, from origin: SpecOrigin = .client
    ) async throws -> ScheduleDefinition {
        try ScheduleDefinition.read(
            json, namespace: call.namespace, catalogue: await types.catalogue(for: json["job"] ?? .null), from: origin)
    }

    private func existingSchedule(_ call: Call) async throws -> Schedule {
        guard let schedule = try await store.schedule(planID(call, "schedule"), namespace: call.namespace) else {
            throw Problem.notFound("schedule")
        }
        return schedule
    }

    private func answer(schedule id: UUID, _ call: Call, status: Int = 200) async throws -> HTTPResponse {
        guard let schedule = try await store.schedule(id, namespace: call.namespace) else {
            throw Problem.notFound("schedule")
        }
        let location = status == 201 ? [("Location", "/api/v1/schedules/" + id.text)] : []
        return HTTPResponse(schedule, status: status, headers: location)
    }

    /// The id that the path names.
    func planID(_ call: Call, _ what: String) throws -> UUID {
        guard let id = UUID(text: call.parameters[0]) else { throw Problem.notFound(what) }
        return id
    }
}

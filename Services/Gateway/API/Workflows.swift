import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `POST /workflows`: 201 after the commit of all its jobs; 200 with the first one when the same request was made before.
    func startWorkflow(_ call: Call) async throws -> HTTPResponse {
        let body = call.request.collectedBody
        let key = try call.idempotencyKey().map { ($0, sha256(body)) }
        let json = try parse(body)
        let id = UUIDv7.generate()
        let definition = try WorkflowDefinition.read(
            json, namespace: call.namespace, workflow: id, catalogue: try await catalogue(forJobsOf: json))
        switch try await store.start(definition, id: id, namespace: call.namespace, idempotency: key) {
        case .existing(let earlier): return try await answer(workflow: earlier, call)
        case .conflict(let other): throw Problem.keyReused(other, of: "workflow")
        case .created:
            dispatcher.lookSoon()
            return try await answer(workflow: id, call, status: 201)
        }
    }

    /// `GET /workflows`: the newest first, without their jobs, page by page.
    func listWorkflows(_ call: Call) async throws -> HTTPResponse {
        let limit = call.limit()
        let workflows = try await store.workflows(
            namespace: call.namespace, status: call.text("status").flatMap(Workflow.Status.init(rawValue:)),
            before: try call.text("cursor").map(Cursor.job), limit: limit)
        return .page("workflows", workflows, limit: limit) { Cursor.text($0.id) }
    }

    /// `GET /workflows/{id}`: one status for the whole, and each job's.
    func getWorkflow(_ call: Call) async throws -> HTTPResponse {
        try await answer(workflow: planID(call, "workflow"), call)
    }

    /// `POST /workflows/{id}/cancel`: 202; the jobs that wait are cancelled, those that run are asked to end. 200 when it was
    /// cancelled before.
    func cancelWorkflow(_ call: Call) async throws -> HTTPResponse {
        let id = try planID(call, "workflow")
        let reason = call.json["reason"]?.stringValue
        let entry = call.entry("workflow.cancel", on: "workflows/" + id.text, details: call.json)
        let isNew = try await audited(entry) {
            switch try await store.cancelWorkflow(id, namespace: call.namespace, reason: reason) {
            case .unknown: throw Problem.notFound("workflow")
            case .ended(.cancelled): return false
            case .ended(let status): throw Problem.illegalMove("cancel", status)
            case .accepted: return true
            }
        }
        // The wish is committed: what is left over here, the planner does.
        if isNew { _ = try await planner.cancelSteps(of: id) }
        return try await answer(workflow: id, call, status: isNew ? 202 : 200)
    }

    /// `POST /workflows/{id}/retry`: a new workflow that goes on with what did not complete. 201 with the new one; 200 with the
    /// same one when it was asked for before.
    func retryWorkflow(_ call: Call) async throws -> HTTPResponse {
        let id = try planID(call, "workflow")
        let catalogue = try await types.refresh()
        let (made, isNew) = try await audited(call.entry("workflow.retry", on: "workflows/" + id.text)) {
            switch try await store.retryWorkflow(
                id, namespace: call.namespace, as: UUIDv7.generate(), catalogue: catalogue)
            {
            case .unknown: throw Problem.notFound("workflow")
            case .refused(let status): throw Problem.illegalMove("retry", status)
            case .existing(let made): return (made, false)
            case .created(let made): return (made, true)
            }
        }
        if isNew { dispatcher.lookSoon() }
        return try await answer(workflow: made, call, status: isNew ? 201 : 200)
    }

    /// The known types, read anew when one of the jobs has a type that is not among them.
    private func catalogue(forJobsOf json: JSON) async throws -> TypeCatalogue {
        let jobs = json["jobs"]?.objectValue ?? [:]
        let known = try await types.catalogue(for: .null)
        let isNew = jobs.contains { $0.value["type"]?.stringValue.map { known.types[$0] == nil } ?? false }
        return isNew ? try await types.refresh() : known
    }

    private func answer(workflow id: UUID, _ call: Call, status: Int = 200) async throws -> HTTPResponse {
        guard let workflow = try await store.workflow(id, namespace: call.namespace) else {
            throw Problem.notFound("workflow")
        }
        let location = status == 201 ? [("Location", "/api/v1/workflows/" + id.text)] : []
        return HTTPResponse(workflow, status: status, headers: location)
    }
}

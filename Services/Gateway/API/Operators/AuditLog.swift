import Foundation
import HTTPServer
import JSON
import Jobs
import Telemetry

extension Call {
    /// The entry of the audit log for what this request does.
    ///
    /// - Parameters:
    ///   - action: kind of object and verb, such as `queue.pause`.
    ///   - object: the object's path below `/api/v1`, such as `queues/noop`.
    func entry(_ action: String, on object: String, details: JSON = [:]) -> AuditEntry {
        AuditEntry(by: key, from: request.remoteAddress, action: action, object: object, details: details)
    }
}

extension Gateway {
    /// Runs an action and writes its entry into the audit log: `done`, or the code of the problem that it ended with.
    ///
    /// An action without a transaction of its own is followed by its entry; the answer waits for it. One that has a transaction writes
    /// the entry in it (`AuditEntry.statement`) and passes `isWritten`, so that only refusals are written here.
    func audited<Output>(
        _ entry: AuditEntry, isWritten: Bool = false, _ action: () async throws -> Output
    ) async throws -> Output {
        let output: Output
        do {
            output = try await action()
        } catch let problem as Problem where problem.status < 500 {
            var entry = entry
            entry.outcome = problem.code
            try await store.write(entry)
            throw problem
        }
        if !isWritten { try await store.write(entry) }
        return output
    }

    /// `GET /audit`: what was done by keys of this namespace, the newest first; operators may name another one, or `*` for all.
    func listAudit(_ call: Call) async throws -> HTTPResponse {
        var filter = AuditFilter(limit: try call.limit())
        filter.namespace = try call.managedNamespace()
        filter.action = call.request.query("action")
        filter.object = call.request.query("object")
        filter.keyID = try call.id("key_id")
        filter.since = try call.time("since")
        filter.until = try call.time("until")
        filter.before = try call.request.query("cursor").map(Cursor.event)
        let entries = try await store.auditLog(filter)
        let next = entries.count == filter.limit ? entries.last.map { Cursor.text($0.sequence) } : nil
        return page("entries", entries, next: next) { $0.write(to: &$1) }
    }
}

extension Call {
    /// The namespace that the parameter `namespace` names, which must be the key's own unless the key is an operator's; nil for all.
    func managedNamespace() throws -> String? {
        guard let name = request.query("namespace"), name != namespace else { return namespace }
        guard key.allows(.operator) else { throw Problem.forbidden(.operator) }
        return name == "*" ? nil : name
    }

    /// The namespace in which a key of this id may be found: the key's own, or nil for all when it is an operator's.
    var visibleNamespace: String? { key.allows(.operator) ? nil : namespace }

    /// A parameter with an id.
    func id(_ name: String) throws -> UUID? {
        guard let text = request.query(name) else { return nil }
        guard let id = UUID(text: text) else { throw Problem.invalidParameter(name, "an id") }
        return id
    }

    /// A parameter with a time.
    func time(_ name: String) throws -> Date? {
        guard let text = request.query(name) else { return nil }
        guard let time = Date(rfc3339: text) else {
            throw Problem.invalidParameter(name, "a time such as 2026-01-31T12:00:00Z")
        }
        return time
    }

    /// A parameter that is `true` or `false`.
    func flag(_ name: String) throws -> Bool { try choice(name, of: ["true", "false"]) == "true" }

    /// The members of the body, a JSON object that fits the schema; empty when there is no body.
    func fields(_ schema: JSONSchema) throws -> JSONObject {
        let body = request.collectedBody
        let json: JSON
        do { json = body.isEmpty ? [:] : try JSON.parse(body) } catch { throw Problem.malformedJSON(error) }
        let violations = schema.validate(json)
        guard violations.isEmpty, let fields = json.objectValue else {
            throw Problem(
                status: 422, code: "invalid_field", title: "The request does not fit its schema",
                detail: "The request is not well formed.", violations: violations)
        }
        return fields
    }
}

extension JSONSchema {
    /// A schema that stands in this program's source.
    init(own schema: JSON) {
        do { try self.init(schema) } catch { preconditionFailure("a request's own schema does not compile: \(error)") }
    }
}

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
            entry.outcome = problem.code.rawValue
            try await store.write(entry)
            throw problem
        }
        if !isWritten { try await store.write(entry) }
        return output
    }

    /// `GET /audit`: what was done by keys of this namespace, the newest first; operators may name another one, or `*` for all.
    func listAudit(_ call: Call) async throws -> HTTPResponse {
        var filter = AuditFilter(limit: call.limit())
        filter.namespace = try call.managedNamespace()
        filter.action = call.text("action")
        filter.object = call.text("object")
        filter.keyID = call.uuid("key_id")
        filter.since = call.time("since")
        filter.until = call.time("until")
        filter.before = try call.text("cursor").map(Cursor.event)
        let entries = try await store.auditLog(filter)
        return .page("entries", entries, limit: filter.limit) { Cursor.text($0.sequence) }
    }
}

extension Call {
    /// The namespace that the parameter `namespace` names, which must be the key's own unless the key is an operator's; nil for all.
    func managedNamespace() throws -> String? {
        guard let name = text("namespace"), name != namespace else { return namespace }
        guard key.allows(.operator) else { throw Problem.forbidden(.operator) }
        return name == "*" ? nil : name
    }

    /// The namespace in which a key of this id may be found: the key's own, or nil for all when it is an operator's.
    var visibleNamespace: String? { key.allows(.operator) ? nil : namespace }
}

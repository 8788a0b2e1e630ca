import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `GET /limits`: those of queues, of this namespace and of its keys; to operators those of every namespace.
    func listLimits(_ call: Call) async throws -> HTTPResponse {
        let limits = try await store.limits().filter {
            switch $0.subject.scope {
            case .queue: true
            case .namespace: ["*", call.namespace].contains($0.subject.name) || call.key.allows(.operator)
            case .key: $0.subject.namespace == call.namespace
            }
        }
        return .page("limits", whole: limits)
    }

    /// `PUT /limits/{scope}/{subject}`: sets a limit, or replaces it. The subject `*` stands for each one without a limit of its own.
    func putLimit(_ call: Call) async throws -> HTTPResponse {
        let subject = try limitSubject(call)
        let limit = try Self.readLimit(call.json, subject)
        try await audited(
            call.entry("limit.set", on: "limits/\(subject.scope.rawValue)/\(subject.name)", details: call.json)
        ) {
            try await store.set(limit, by: call.key.name)
        }
        try await rules.refresh()
        return HTTPResponse(limit)
    }

    /// `DELETE /limits/{scope}/{subject}`.
    func deleteLimit(_ call: Call) async throws -> HTTPResponse {
        let subject = try limitSubject(call)
        try await audited(call.entry("limit.remove", on: "limits/\(subject.scope.rawValue)/\(subject.name)")) {
            guard try await store.removeLimit(subject) else { throw Problem.notFound("limit") }
        }
        try await rules.refresh()
        dispatcher.lookSoon()
        return HTTPResponse(status: 204)
    }

    /// Keys belong to the namespace of whoever asks.
    private func limitSubject(_ call: Call) throws -> LimitSubject {
        let name = call.parameters[1]
        guard let scope = LimitScope(rawValue: call.parameters[0]), (1...200).contains(name.utf8.count),
            !name.utf8.contains(0)
        else {
            throw Problem.notFound("limit")
        }
        // What holds for everybody is the operators'.
        guard scope == .key || call.key.allows(.operator) else { throw Problem.forbidden(.operator) }
        return LimitSubject(scope, namespace: scope == .key ? call.namespace : "", name: name)
    }

    static let limitSchema: JSON = [
        "type": "object", "additionalProperties": false,
        "properties": [
            "max_running": ["type": "integer", "minimum": 0, "maximum": 1_000_000],
            "max_starts": ["type": "integer", "minimum": 1, "maximum": 1_000_000],
            "per_seconds": ["type": "integer", "minimum": 1, "maximum": 31_536_000],
        ],
        "minProperties": 1,
    ]

    private static func readLimit(_ json: JSON, _ subject: LimitSubject) throws -> Limit {
        func number(_ name: String) -> Int? { json[name]?.intValue }
        guard (json["max_starts"] == nil) == (json["per_seconds"] == nil) else {
            throw Problem.invalidField("/per_seconds", "max_starts and per_seconds are given together")
        }
        return Limit(
            subject, maxRunning: number("max_running"), maxStarts: number("max_starts"),
            perSeconds: number("per_seconds"))
    }
}

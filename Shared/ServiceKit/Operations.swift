import Concurrency
import Foundation
import HTTPServer
import JSON
import Synchronization
import Telemetry

/// What a service needs before it can work, by name; nil when all is well, else a sentence.
public struct ReadinessCheck: Sendable {
    let name: String
    let problem: @Sendable () async -> String?

    /// Makes a check; its waits are bounded by the caller, at two seconds.
    public init(_ name: String, problem: @escaping @Sendable () async -> String?) {
        self.name = name
        self.problem = problem
    }

    /// The same check of one part of a service, told with the part's name.
    public func of(_ part: String) -> ReadinessCheck { ReadinessCheck("\(part) \(name)", problem: problem) }
}

/// The pages that every service has: `/healthz` (the process lives), `/readyz` (it can work), `/metrics` (Prometheus text).
public struct OperationsPages: Sendable {
    private let service: String
    private let checks: [ReadinessCheck]

    /// Makes the pages of a service.
    public init(service: String, checks: [ReadinessCheck]) {
        self.service = service
        self.checks = checks
    }

    /// The answer to a request for one of the pages; nil for any other path.
    public func response(to request: HTTPRequest) async -> HTTPResponse? {
        guard request.method == "GET" || request.method == "HEAD" else { return nil }
        switch request.path {
        case "/healthz": return .json(status: 200, ["status": "ok", "service": .string(service)])
        case "/readyz": return await readiness()
        case "/metrics":
            return HTTPResponse(
                status: 200, headers: [("Content-Type", Metrics.contentType)], body: .bytes(Metrics.shared.text()))
        default: return nil
        }
    }

    private func readiness() async -> HTTPResponse {
        var results: JSONObject = [:]
        var isReady = true
        for check in checks {
            let problem: String?
            do {
                problem = try await withTimeout(.seconds(2)) { await check.problem() }
            } catch {
                problem = "no answer within 2 s"
            }
            results[check.name] = .string(problem ?? "ok")
            if problem != nil { isReady = false }
        }
        return .json(
            status: isReady ? 200 : 503,
            ["status": isReady ? "ready" : "not_ready", "service": .string(service), "checks": .object(results)])
    }
}

/// A server with nothing but the operations pages, for services without an API of their own.
public struct OperationsHandler: HTTPHandler {
    private let pages: OperationsPages

    /// Makes the handler.
    public init(_ pages: OperationsPages) { self.pages = pages }

    /// No page takes a body.
    public func bodyPolicy(for head: RequestHead) -> BodyPolicy { .collect(limit: 0) }

    /// Answers with a page, or 404.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        await pages.response(to: request) ?? .json(status: 404, ["title": "Not found", "status": 404])
    }

    /// Answers to what the server refuses.
    public func response(to error: RequestError) -> HTTPResponse {
        .json(status: error.status, ["title": .string(error.description), "status": .int(Int64(error.status))])
    }
}

extension HTTPResponse {
    /// A JSON answer.
    public static func json(status: Int, _ json: JSON) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: .bytes(json.serialized()))
    }
}

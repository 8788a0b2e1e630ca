import Foundation
import HTTPServer
import ServiceKit
import Telemetry

/// Answers requests: operations pages, then routes, with every error as a problem.
struct Handler: HTTPHandler {
    let router: Router
    let pages: OperationsPages
    let contract: ContractPages
    let authentication: Authentication
    let log: Logger

    func bodyPolicy(for head: RequestHead) -> BodyPolicy {
        let route: Route
        switch router.match(method: head.method, segments: head.segments) {
        case .route(let found, _): route = found
        case .otherMethods(let methods): return .reject(Problem.methodNotAllowed(methods).response)
        case .none: return .reject(Problem.noSuchCall.response)
        }
        guard let scope = route.scope else { return route.body.policy }
        switch authentication.look(at: head, scope: scope) {
        case .refused(let problem): return .reject(problem.response)
        case .accepted: return route.body.policy
        // Held back until the key is known: what is announced is not taken into memory for a stranger.
        case .unknown: return .stream(limit: route.body.policy.limit)
        }
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let response: HTTPResponse
        do {
            response = try await answer(request)
        } catch {
            let problem = Problem(error)
            if problem.status >= 500 {
                log.error(
                    "request failed",
                    ["method": .string(request.method), "path": .string(request.path), "error": .error(error)])
            }
            response = problem.response
        }
        GatewayMetrics.requests.add(1, String(response.status))
        return response
    }

    func response(to error: RequestError) -> HTTPResponse {
        let problem = Problem(error)
        if problem.status == 500 {
            log.error("an answer could not be sent", ["error": .string(String(reflecting: error))])
        }
        return problem.response
    }

    private func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
        switch router.match(method: request.method, segments: request.segments) {
        case .route(let route, let parameters):
            if let answer = try await route.answerSigned(request, parameters: parameters) { return answer }
            guard let scope = route.scope else { throw Problem.unauthenticated }
            let key = try await authentication.key(of: request, scope: scope)
            let request = try await request.taken(as: route.body.policy)
            return try await route.answer(request, key: key, parameters: parameters)
        case .otherMethods(let methods):
            throw Problem.methodNotAllowed(methods)
        case .none:
            if let page = await pages.response(to: request) ?? contract.response(to: request) { return page }
            throw Problem.noSuchCall
        }
    }
}

extension BodyPolicy {
    /// The most bytes of a body.
    fileprivate var limit: Int {
        switch self {
        case .collect(let limit), .stream(let limit): limit
        case .reject: 0
        }
    }
}

extension HTTPRequest {
    /// The request with its body as the route wants it.
    fileprivate func taken(as policy: BodyPolicy) async throws -> HTTPRequest {
        guard case .collect = policy, case .stream(let chunks) = body else { return self }
        var bytes: [UInt8] = []
        // The server ends the stream with an error where the limit is passed.
        for try await chunk in chunks { bytes += chunk }
        return HTTPRequest(head: head, body: bytes.isEmpty ? .none : .bytes(bytes))
    }
}

import Foundation
import HTTPServer
import Jobs

/// A request with all that its use case needs.
struct Call: Sendable {
    let request: HTTPRequest
    let key: APIKey
    /// The variable parts of the path, in order.
    let parameters: [String]

    var namespace: String { key.namespace }
}

/// One call of the API.
struct Route: Sendable {
    let method: String
    /// Segments; `*` stands for a variable one.
    let pattern: [String]
    let scope: Scope
    let body: BodyPolicy
    let handle: @Sendable (Call) async throws -> HTTPResponse

    init(
        _ method: String, _ path: String, _ scope: Scope, body: BodyPolicy = .collect(limit: 0),
        _ handle: @escaping @Sendable (Call) async throws -> HTTPResponse
    ) {
        self.method = method
        self.pattern = path.split(separator: "/").map(String.init)
        self.scope = scope
        self.body = body
        self.handle = handle
    }

    /// The variable parts when the path fits.
    func parameters(of segments: [String]) -> [String]? {
        guard segments.count == pattern.count else { return nil }
        var parameters: [String] = []
        for (part, segment) in zip(pattern, segments) {
            if part == "*" {
                parameters.append(segment)
            } else if part != segment {
                return nil
            }
        }
        return parameters
    }
}

/// Finds the route of a request.
struct Router: Sendable {
    let routes: [Route]

    enum Match {
        case route(Route, [String])
        case otherMethods([String])
        case none
    }

    func match(method: String, segments: [String]) -> Match {
        let wanted = method == "HEAD" ? "GET" : method
        var others: [String] = []
        for route in routes {
            guard let parameters = route.parameters(of: segments) else { continue }
            if route.method == wanted { return .route(route, parameters) }
            // Whoever takes GET takes HEAD too.
            others += route.method == "GET" ? ["GET", "HEAD"] : [route.method]
        }
        return others.isEmpty ? .none : .otherMethods(others)
    }
}

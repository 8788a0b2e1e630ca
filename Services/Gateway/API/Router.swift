/// Finds the route of a request.
struct Router: Sendable {
    /// The routes by the number of their segments, those with a literal segment before those with a variable one in its place.
    private let routes: [Int: [Route]]

    init(_ groups: [RouteGroup]) {
        routes = Dictionary(grouping: groups.flatMap(\.routes), by: \.segmentCount).mapValues { routes in
            routes.enumerated().sorted { ($0.element.shape, $0.offset) < ($1.element.shape, $1.offset) }.map(\.element)
        }
    }

    enum Match {
        case route(Route, [String])
        case otherMethods([String])
        case none
    }

    /// The first path that fits counts.
    func match(method: String, segments: [String]) -> Match {
        let wanted = method == "HEAD" ? "GET" : method
        var path: String?
        var others: [String] = []
        for route in routes[segments.count] ?? [] {
            guard let parameters = route.parameters(of: segments), path ?? route.path == route.path else { continue }
            path = route.path
            if route.method == wanted { return .route(route, parameters) }
            // Whoever takes GET takes HEAD too.
            others += route.method == "GET" ? ["GET", "HEAD"] : [route.method]
        }
        return others.isEmpty ? .none : .otherMethods(others)
    }
}

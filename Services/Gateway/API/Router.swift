/// Finds the route of a request.
struct Router: Sendable {
    /// The routes by the number of their segments.
    private let routes: [Int: [Route]]

    init(_ groups: [RouteGroup]) {
        routes = Dictionary(grouping: groups.flatMap(\.routes), by: \.segmentCount)
    }

    enum Match {
        case route(Route, [String])
        case otherMethods([String])
        case none
    }

    /// The first path that fits counts: a literal segment must stand before a variable one in its place.
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

import HTTPServer
import JSON

/// The pages that tell what the gateway understands: `/openapi.json`, `/asyncapi.json` and `/docs`. They need no key: what they say
/// is the same on every installation.
struct ContractPages: Sendable {
    private let pages: [String: HTTPResponse]

    init(_ groups: [RouteGroup]) {
        func page(_ type: String, _ bytes: [UInt8]) -> HTTPResponse {
            HTTPResponse(
                status: 200, headers: [("Content-Type", type), ("Cache-Control", "max-age=60")], body: .bytes(bytes))
        }
        pages = [
            "/openapi.json": page("application/json", OpenAPI.document(of: groups).serialized()),
            "/asyncapi.json": page("application/json", AsyncAPI.document.serialized()),
            "/docs": page("text/html; charset=utf-8", Array(DocsPage(groups).html.utf8)),
        ]
    }

    /// The answer to a request for one of the pages; nil for any other.
    func response(to request: HTTPRequest) -> HTTPResponse? {
        request.method == "GET" || request.method == "HEAD" ? pages[request.path] : nil
    }
}

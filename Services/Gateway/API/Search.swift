import HTTPServer
import Jobs
import Search

extension Gateway {
    /// `POST /search`.
    func search(_ call: Call) async throws -> HTTPResponse {
        let request: SearchRequest
        do { request = try SearchRequest(call.json) } catch { throw Problem.invalidField(error.pointer, error.message) }
        return HTTPResponse(try await searches.search(request, namespace: call.namespace))
    }
}

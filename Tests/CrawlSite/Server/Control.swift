import HTTPServer
import JSON

/// What `control.localhost` answers: the log, the rates and the texts of the pages.
struct Control: Sendable {
    static let host = "control.localhost"

    let recorder: Recorder
    let reset: @Sendable () -> Void
    let model: SiteModel

    func respond(to request: HTTPRequest) -> HTTPResponse {
        switch (request.method, request.path) {
        case ("GET", "/__log"): log()
        case ("GET", "/__rates"): rates()
        case ("GET", "/__text"): text(request)
        case ("POST", "/__reset"): forget()
        default: .text("unknown\n", status: 404)
        }
    }

    /// A line for each request: microseconds, host, method, target, status (0 while it runs), and `robots` where it
    /// was forbidden.
    private func log() -> HTTPResponse {
        let entries = recorder.entries
        return HTTPResponse(
            status: 200, headers: [("Content-Type", "text/plain"), ("X-Dropped", String(recorder.dropped))],
            body: .stream { writer in
                for start in stride(from: 0, to: entries.count, by: 500) {
                    let lines = entries[start..<min(start + 500, entries.count)].map { entry in
                        "\(entry.time) \(entry.host.name) \(entry.method) \(entry.target) \(entry.status)"
                            + (entry.isForbidden ? " robots\n" : "\n")
                    }
                    try await writer.write(lines.joined())
                }
            })
    }

    private func rates() -> HTTPResponse {
        var hosts = JSONObject()
        for (host, rate) in zip(Host.allCases, recorder.rates) {
            hosts[host.name] = [
                "requests": JSON.int(Int64(rate.requests)), "smallest_gap_us": rate.smallestGap.map(JSON.int) ?? .null,
                "most_in_flight": .int(Int64(rate.mostInFlight)), "most_in_a_second": .int(Int64(rate.mostInSecond)),
                "forbidden": .int(Int64(rate.forbidden)),
            ]
        }
        return HTTPResponse(
            status: 200, headers: [("Content-Type", "application/json")],
            body: .bytes(JSON.object(hosts).serialized()))
    }

    /// The main text of the page at `?host=…&target=…`.
    private func text(_ request: HTTPRequest) -> HTTPResponse {
        guard let host = request.query("host").flatMap(Host.init(name:)), let target = request.query("target"),
            case .document(let document)? = model.page(at: SiteURL(host, target))?.body
        else { return .text("no text\n", status: 404) }
        return .text(document.text)
    }

    private func forget() -> HTTPResponse {
        reset()
        return HTTPResponse(status: 204)
    }
}

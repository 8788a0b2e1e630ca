import HTTPServer

/// A page as it is sent: its head and, unless it is made while it is sent, its bytes.
struct Answer: Sendable {
    let page: Page
    let headers: [(String, String)]
    let bytes: [UInt8]

    init(_ page: Page, _ model: SiteModel) {
        self.page = page
        switch page.body {
        case .document(let document): bytes = Layout.bytes(of: document, page, model)
        case .bytes(let content): bytes = content
        case .flood, .bomb: bytes = []
        }
        let isTyped = page.headers.contains { $0.0 == "Content-Type" } || page.redirect != nil
        headers = (isTyped ? [] : [("Content-Type", "text/html; charset=utf-8")]) + page.headers
    }

    /// Whether the client has this page already (RFC 9110, 13.2.2).
    func isKnown(to request: HTTPRequest) -> Bool {
        guard let tag = header("ETag") else { return false }
        if let known = request.headers["If-None-Match"] { return known == tag }
        return request.headers["If-Modified-Since"] == header("Last-Modified")
    }

    private func header(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }

    /// The whole answer; `attempt` counts the requests for this page from 1.
    func response(attempt: Int) async -> HTTPResponse {
        switch page.behaviour {
        case .immediate: return whole
        case .delayed(let milliseconds):
            do { try await Task.sleep(for: .milliseconds(milliseconds)) } catch { return .text("gone\n", status: 503) }
            return whole
        case .failing(let tries, let status, let retryAfter):
            guard attempt <= tries else { return whole }
            return HTTPResponse(
                status: status, headers: [("Retry-After", String(retryAfter))], body: .string("later\n"))
        case .cut(let tries): return attempt <= tries ? cut : whole
        case .trickle: return trickle
        }
    }

    private var whole: HTTPResponse {
        switch page.body {
        case .document, .bytes: HTTPResponse(status: page.status, headers: headers, body: .bytes(bytes))
        case .flood(let count): stream { try await $0.writeFlood(count) }
        case .bomb(let count): stream { try await $0.writeBomb(count) }
        }
    }

    private struct Cut: Error {}

    /// The half of the page, and the end of the connection without the last chunk.
    private var cut: HTTPResponse {
        stream { writer in
            try await writer.write(Array(bytes.prefix(bytes.count / 2)))
            throw Cut()
        }
    }

    private var trickle: HTTPResponse {
        stream { writer in
            while true {
                try await writer.write("<p>and so on\n")
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func stream(_ write: @escaping @Sendable (ResponseWriter) async throws -> Void) -> HTTPResponse {
        HTTPResponse(status: page.status, headers: headers, body: .stream(write))
    }
}

extension ResponseWriter {
    fileprivate func writeFlood(_ count: Int) async throws {
        let part = Array(String(repeating: "<p>water and still more water</p>\n", count: 500).utf8)
        for _ in 0..<count / part.count { try await write(part) }
    }

    fileprivate func writeBomb(_ count: Int) async throws {
        try await write(Gzip.bombStart)
        let parts = 1000
        let chunk = Array(repeatElement(Gzip.bombPart, count: parts).joined())
        for _ in 0..<count / (parts * Gzip.bombPartSize) { try await write(chunk) }
        // The end of the block. Nobody gets so far that the missing checksum matters.
        try await write([0])
    }
}

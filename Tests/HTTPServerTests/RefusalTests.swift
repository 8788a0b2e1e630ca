import HTTPServer
import Synchronization
import Testing

@Suite struct RefusalTests {
    private static let bad: [String] = [
        "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /?q=%f HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET  /a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\nY: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\02\r\nY: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n 4\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{0B}chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ]

    /// Each is answered with 400, and neither it nor what follows on the connection reaches the handler.
    @Test(arguments: bad)
    func brokenRequestsAreRefusedAndTheConnectionCloses(text: String) async throws {
        let served = Atomic(0)
        let handler = TestHandler(answer: { _ in
            served.add(1, ordering: .relaxed)
            return .text("served")
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send(text + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try await client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
            #expect(served.load(ordering: .relaxed) == 0, "\(answer)")
        }
    }

    @Test func theApplicationGivesTheFormat() async throws {
        try await withServer { server in
            let client = try await Client(port: server.port)
            try await client.send("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try await client.response()
            #expect(response.headers["content-type"] == "application/problem+json")
            #expect(response.text == #"{"detail":"the request target has a broken percent escape"}"#)
            #expect(server.statistics.refusals == 1)
        }
    }

    @Test func connectIsNotAllowed() async throws {
        try await withServer { server in
            let client = try await Client(port: server.port)
            try await client.send("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response().status == 405)
        }
    }

    @Test func headersOverTheLimit() async throws {
        try await withServer { server in
            let fits = try await Client(port: server.port)
            try await fits.send("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 16_000))\r\n\r\n")
            #expect(try await fits.response().status == 200)
            for size in [16_400, 100_000] {
                let client = try await Client(port: server.port)
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: size))\r\n\r\n")
                #expect(try await client.response().status == 431)
            }
            let many = try await Client(port: server.port)
            let fields = (0..<700).map { "A\($0): 1\r\n" }.joined()
            try await many.send("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            #expect([200, 431].contains(try await many.response().status))
        }
    }

    @Test(arguments: [true, false])
    func bodiesOverTheLimitAreRefusedByTheirAnnouncedLength(isStreamed: Bool) async throws {
        let handler = TestHandler(policy: { _ in isStreamed ? .stream(limit: 10) : .collect(limit: 10) })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
            #expect(try await client.response().status == 413)
            #expect(try await client.readToEnd() == "")
        }
    }

    @Test(arguments: [true, false])
    func chunkedBodiesOverTheLimitAreRefusedInTheMiddle(isStreamed: Bool) async throws {
        let handler = TestHandler(
            policy: { _ in isStreamed ? .stream(limit: 100_000) : .collect(limit: 100_000) },
            answer: { request in
                guard case .stream(let stream) = request.body else { return .text("not reached") }
                do { for try await _ in stream {} } catch { return .text("\(error)", status: 499) }
                return .text("not reached")
            })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "2710\r\n" + String(repeating: "x", count: 10_000) + "\r\n"
            for _ in 0..<11 { try await client.send(chunk) }
            let response = try await client.response()
            #expect(response.status == 413)
            #expect(response.text == #"{"detail":"the body is larger than 100000 bytes"}"#)
            #expect(try await client.readToEnd() == "")
        }
    }

    @Test func theServersOwnLimitBoundsCollectedBodies() async throws {
        try await withServer(
            HTTPServerConfiguration(maxCollectedBody: 5), TestHandler(policy: { _ in .collect(limit: .max) })
        ) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")
            #expect(try await client.response().status == 413)
        }
    }

    @Test func aPolicyCanRefuseByTheHeadAlone() async throws {
        let handler = TestHandler(policy: { _ in .reject(.text("no key", status: 401)) })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
            let response = try await client.response()
            #expect(response.status == 401)
            #expect(response.text == "no key")
        }
    }

    @Test func anUploadThatNeverEndsIsCutAfterItsRefusal() async throws {
        let handler = TestHandler(policy: { _ in .collect(limit: 10) })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
            #expect(try await client.response().status == 413)
            #expect(try await eventually { server.statistics.connections == 0 })
        }
    }
}

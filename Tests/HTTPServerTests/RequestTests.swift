import HTTPServer
import Testing

@Suite struct RequestTests {
    @Test func keepAliveServesManyRequestsOnOneConnection() async throws {
        try await withServer(HTTPServerConfiguration(), TestHandler(answer: { .text($0.path) })) { server in
            let client = try await Client(port: server.port)
            for index in 0..<5 {
                try await client.send("GET /\(index) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await client.response().text == "/\(index)")
            }
            #expect(server.statistics.connections == 1)
            #expect(server.statistics.requests == 5)
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let handler = TestHandler(answer: { request in
            if request.path == "/1" { await Task.yield() }
            if case .bytes(let bytes) = request.body {
                return .text(request.path + String(decoding: bytes, as: UTF8.self))
            }
            return .text(request.path)
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send(
                "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"
                    + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response().text == "/1")
            #expect(try await client.response().text == "/2xyz")
            #expect(try await client.response().text == "/3")
        }
    }

    @Test func targetIsDecoded() async throws {
        let handler = TestHandler(answer: { request in
            .text("\(request.path) \(request.segments) \(request.query("q") ?? "-") \(request.query("e") ?? "-")")
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("GET /a%20b//c%2Fd/%C3%A9?q=x+y%26&e&n=1 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response().text == "/a%20b//c%2Fd/%C3%A9 [\"a b\", \"c/d\", \"é\"] x y& ")
            try await client.send("GET http://a/abs?q=1 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response().text == "/abs [\"abs\"] 1 -")
        }
    }

    @Test func headersAreFoundWithoutRegardToCaseAndKeepRepeats() async throws {
        let handler = TestHandler(answer: { request in
            .text(
                "\(request.headers["x-ONE"] ?? "-")|\(request.headers.values("X-Many"))|\(request.headers["x-none"] ?? "-")"
            )
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send(
                "GET / HTTP/1.1\r\nHost: a\r\nx-one:  1 \t\r\nX-Many: a\r\nx-many: b\r\nX-Empty:\r\n\r\n")
            #expect(try await client.response().text == "1|[\"a\", \"b\"]|-")
        }
    }

    @Test func headHasTheHeadersOfGetWithoutABody() async throws {
        let handler = TestHandler(answer: { request in
            if request.path == "/stream" {
                return HTTPResponse(status: 200, body: .stream { try await $0.write("not for HEAD") })
            }
            return .text("twelve bytes")
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try await client.response(hasBody: false)
            #expect(head.status == 200)
            #expect(head.headers["content-length"] == "12")
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(try await client.response().text == "twelve bytes")
            #expect(try await client.readToEnd() == "")
            let stream = try await Client(port: server.port)
            try await stream.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await stream.response(hasBody: false).status == 200)
            #expect(try await stream.readToEnd() == "")
        }
    }

    @Test func unknownMethodsReachTheHandler() async throws {
        try await withServer(HTTPServerConfiguration(), TestHandler(answer: { .text($0.method) })) { server in
            let client = try await Client(port: server.port)
            for method in ["PATCH", "PROPFIND", "BREW"] {
                try await client.send("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await client.response().text == method)
            }
        }
    }

    @Test func responsesCarryADateAndTheHandlersHeaders() async throws {
        let handler = TestHandler(answer: { request in
            if request.path == "/bad" { return HTTPResponse(status: 200, headers: [("X", "a\r\nSet-Cookie: b")]) }
            return HTTPResponse(status: 204, headers: [("X-One", "1")])
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try await client.response()
            #expect(response.status == 204)
            #expect(response.headers["x-one"] == "1")
            #expect(response.headers["date"]?.hasSuffix("GMT") == true)
            try await client.send("GET /bad HTTP/1.1\r\nHost: a\r\n\r\n")
            let bad = try await client.response()
            #expect(bad.status == 500)
            #expect(bad.headers["set-cookie"] == nil)
        }
    }

    @Test func http10ClosesUnlessAskedOtherwise() async throws {
        try await withServer { server in
            let client = try await Client(port: server.port)
            try await client.send("GET / HTTP/1.0\r\n\r\n")
            #expect(try await client.readToEnd().hasSuffix("\r\n\r\nok"))
        }
    }
}

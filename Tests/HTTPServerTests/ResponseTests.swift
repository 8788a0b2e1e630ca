import Foundation
import HTTPServer
import Synchronization
import Testing

@Suite struct ResponseTests {
    @Test func filesAreSentWholeAndInPart() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("file-\(UUID().uuidString)")
        let content = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try content.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let handler = TestHandler(answer: { request in
            switch request.path {
            case "/all": HTTPResponse(status: 200, body: .file(path: file.path))
            case "/part": HTTPResponse(status: 206, body: .file(path: file.path, offset: 500_000, length: 10))
            case "/beyond": HTTPResponse(status: 200, body: .file(path: file.path, offset: 999_999, length: 2))
            default: HTTPResponse(status: 200, body: .file(path: file.path + ".missing"))
            }
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            func get(_ path: String) async throws -> Client.Response {
                try await client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                return try await client.response()
            }
            #expect(try await get("/all").body == Array(content))
            #expect(try await get("/part").body == Array(content[500_000..<500_010]))
            #expect(try await get("/beyond").status == 500)
            let missing = try await get("/missing")
            #expect(missing.status == 500)
            #expect(!missing.text.contains(file.path))
            try await client.send("HEAD /all HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response(hasBody: false).headers["content-length"] == "1000000")
        }
    }

    @Test func aStreamLargerThanAllBuffersArrivesWhole() async throws {
        let handler = TestHandler(answer: { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    for index in 0..<400 {
                        try await writer.write([UInt8](repeating: UInt8(index & 0xFF), count: 10_007))
                    }
                })
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            for _ in 0..<2 {
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                let body = Data(try await client.response().body)
                var expected = Data()
                for index in 0..<400 { expected.append(Data(repeating: UInt8(index & 0xFF), count: 10_007)) }
                #expect(body == expected)
            }
        }
    }

    @Test func aStreamOfAKnownLengthSaysItAndKeepsToIt() async throws {
        let handler = TestHandler(answer: { request in
            let count = Int(request.query("count") ?? "") ?? 0
            return HTTPResponse(
                status: 200,
                body: .stream(length: 200_000) { writer in
                    for _ in 0..<count { try await writer.write([UInt8](repeating: 7, count: 1000)) }
                })
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("HEAD /?count=200 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response(hasBody: false).headers["content-length"] == "200000")
            // The connection goes on.
            try await client.send("GET /?count=200 HTTP/1.1\r\nHost: a\r\n\r\n")
            let whole = try await client.response()
            #expect(whole.headers["content-length"] == "200000" && whole.headers["transfer-encoding"] == nil)
            #expect(whole.body == [UInt8](repeating: 7, count: 200_000))
            // Too much is cut, too little breaks off.
            try await client.send("GET /?count=201 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response().body.count == 200_000)
            let other = try await Client(port: server.port)
            try await other.send("GET /?count=199 HTTP/1.1\r\nHost: a\r\n\r\n")
            await #expect(throws: (any Error).self) { try await other.response() }
        }
    }

    @Test func aClientThatDoesNotReadHoldsTheWriterUp() async throws {
        let written = Mutex(0)
        let events = Events()
        let handler = TestHandler(answer: { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    do {
                        for _ in 0..<4096 {
                            try await writer.write([UInt8](repeating: 1, count: 16_384))
                            written.withLock { $0 += 16_384 }
                        }
                    } catch {
                        events.record("\(error)")
                        throw error
                    }
                })
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port, receiveBuffer: 16_384)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            var last = -1
            // Stands still long before the 64 MB that the handler would like to send.
            #expect(
                try await eventually {
                    try await Task.sleep(for: .milliseconds(300))
                    let now = written.withLock { $0 }
                    defer { last = now }
                    return now == last && now > 0
                })
            #expect(last < 32 << 20)
            client.reset()
            #expect(await events.next() != nil)
        }
    }

    @Test func aStreamThatThrowsIsCut() async throws {
        struct Broken: Error {}
        let handler = TestHandler(answer: { _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write("part")
                    throw Broken()
                })
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let text = try await client.readToEnd()
            #expect(!text.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func eventsArriveOneByOneWithKeepAlivesBetween() async throws {
        let go = Events()
        let handler = TestHandler(answer: { _ in
            .serverSentEvents(keepAlive: .milliseconds(200)) { writer in
                try await writer.send(ServerSentEvent(id: "1", event: "status", data: "one\ntwo"))
                _ = await go.next()
                try await writer.send(ServerSentEvent(data: "last"))
            }
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try await client.response(hasBody: false)
            #expect(head.headers["content-type"] == "text/event-stream")
            #expect(head.headers["cache-control"] == "no-cache")
            let first = try await client.chunks(until: "\n\n")
            #expect(first == "event: status\nid: 1\ndata: one\ndata: two\n\n")
            #expect(try await client.chunks(until: "keep-alive\n\n").contains(": keep-alive\n\n"))
            go.record("go")
            #expect(try await client.chunks(until: "last").contains("data: last\n\n"))
        }
    }

    @Test(arguments: ["/events", "/wait", "/quiet"], [true, false])
    func aClientThatLeavesCancelsTheHandler(path: String, isOrderly: Bool) async throws {
        let events = Events()
        let handler = TestHandler(answer: { request in
            switch request.path {
            case "/events":
                return .serverSentEvents { writer in
                    events.record("started")
                    events.record(await untilCancelled() ? "cancelled" : "ran on")
                }
            case "/quiet":
                return HTTPResponse(
                    status: 200,
                    body: .stream { writer in
                        events.record("started")
                        events.record(await untilCancelled() ? "cancelled" : "ran on")
                    })
            default:
                events.record("started")
                events.record(await untilCancelled() ? "cancelled" : "ran on")
                return .text("late")
            }
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await events.next() == "started")
            if isOrderly { client.disconnect() } else { client.reset() }
            #expect(await events.next() == "cancelled")
            #expect(try await eventually { server.statistics.connections == 0 })
            #expect(server.statistics.requestsInFlight == 0)
        }
    }
}

@Suite struct ServerSentEventTests {
    @Test func encoding() {
        func text(_ event: ServerSentEvent) -> String { String(decoding: event.encoded(), as: UTF8.self) }
        #expect(text(ServerSentEvent(data: "a\r\nb\rc\n")) == "data: a\ndata: b\ndata: c\ndata: \n\n")
        #expect(text(ServerSentEvent(id: "1\ndata: x", data: "")) == "id: 1data: x\ndata: \n\n")
        #expect(text(ServerSentEvent(retry: .milliseconds(2500))) == "retry: 2500\n\n")
        #expect(text(ServerSentEvent(comment: "a\nb")) == ": a\n: b\n\n")
    }
}

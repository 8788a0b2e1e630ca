import Foundation
import HTTPServer
import Testing

@Suite struct LifecycleTests {
    @Test func aTakenPortIsAClearError() async throws {
        try await withServer { server in
            let second = HTTPServer(HTTPServerConfiguration(port: server.port), handler: TestHandler())
            #expect(throws: HTTPServerError.addressInUse(host: "127.0.0.1", port: server.port)) { try second.start() }
            #expect(throws: HTTPServerError.alreadyStarted) { try server.start() }
        }
    }

    @Test func anUnknownHostIsAClearError() {
        let server = HTTPServer(HTTPServerConfiguration(host: "192.0.2.1", port: 80), handler: TestHandler())
        #expect {
            try server.start()
        } throws: { error in
            guard case HTTPServerError.cannotListen = error else { return false }
            return true
        }
    }

    @Test func drainAnswersWhatIsInFlightAndRefusesTheRest() async throws {
        let events = Events()
        let go = Events()
        let handler = TestHandler(answer: { _ in
            events.record("started")
            _ = await go.next()
            return .text("finished")
        })
        let server = HTTPServer(HTTPServerConfiguration(), handler: handler)
        try server.start()
        let busy = try await Client(port: server.port)
        let idle = try await Client(port: server.port)
        try await busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await events.next() == "started")
        async let drained: Void = server.drain(deadline: .seconds(20))
        #expect(try await idle.readToEnd() == "")
        #expect(try await Client(port: server.port).readToEnd() == "", "a new connection is closed at once")
        #expect(server.statistics.requestsInFlight == 1)
        go.record("go")
        let response = try await busy.response()
        #expect(response.text == "finished")
        #expect(response.headers["connection"]?.lowercased() == "close")
        await drained
        #expect(server.statistics.connections == 0)
        await server.drain(deadline: .zero)
    }

    @Test func drainEndsStreamsCleanly() async throws {
        let handler = TestHandler(answer: { _ in
            .serverSentEvents { writer in
                try await writer.send(ServerSentEvent(data: "hello"))
                try await Task.sleep(for: .seconds(60))
            }
        })
        let server = HTTPServer(HTTPServerConfiguration(), handler: handler)
        try server.start()
        let client = try await Client(port: server.port)
        try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try await client.response(hasBody: false)
        _ = try await client.chunks(until: "hello\n\n")
        await server.drain(deadline: .seconds(20))
        #expect(try await client.readToEnd().hasSuffix("0\r\n\r\n"))
    }

    @Test func drainCutsWhatIsLeftAtTheDeadline() async throws {
        let events = Events()
        let go = Events()
        let handler = TestHandler(
            policy: { _ in .stream(limit: 1 << 20) },
            answer: { request in
                events.record("started")
                // Deaf to cancellation.
                _ = await Task.detached { await go.next() }.value
                return .text("too late")
            })
        let server = HTTPServer(HTTPServerConfiguration(), handler: handler)
        try server.start()
        let waiting = try await Client(port: server.port)
        try await waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await events.next() == "started")
        let uploading = try await Client(port: server.port)
        try await uploading.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        try await uploading.send([UInt8](repeating: 1, count: 900_000))
        #expect(await events.next() == "started")
        await server.drain(deadline: .milliseconds(100))
        #expect(server.statistics.connections == 0)
        #expect(try await waiting.readToEnd() == "")
        go.record("go")
        go.record("go")
    }

    @Test func aForgottenServerStops() async throws {
        var server: HTTPServer? = HTTPServer(HTTPServerConfiguration(), handler: TestHandler())
        try server?.start()
        let client = try await Client(port: try #require(server?.port))
        server = nil
        #expect(try await client.readToEnd() == "")
    }

    @Test(.timeLimit(.minutes(1))) func fiveHundredConnectionsTogether() async throws {
        let events = Events()
        let handler = TestHandler(answer: { request in
            if request.path == "/slow" {
                events.record("started")
                return .text("\(await untilCancelled())")
            }
            await Task.yield()
            return .text(request.path)
        })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            // A handler that waits holds up nobody.
            let slow = try await Client(port: server.port)
            try await slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await events.next() == "started")
            var clients: [Client] = []
            for _ in 0..<500 { clients.append(try await Client(port: server.port)) }
            for round in 0..<3 {
                for (index, client) in clients.enumerated() {
                    try await client.send("GET /\(round)-\(index) HTTP/1.1\r\nHost: a\r\n\r\n")
                }
                for (index, client) in clients.enumerated() {
                    let text = try await client.response().text
                    #expect(text == "/\(round)-\(index)")
                }
            }
            #expect(server.statistics.connections == 501)
            slow.disconnect()
        }
    }
}

import HTTPServer
import Testing

@Suite struct DeadlineTests {
    private let quick = HTTPServerConfiguration(
        headerTimeout: .milliseconds(800), bodyTimeout: .milliseconds(800), idleTimeout: .seconds(1))

    /// Sends a byte now and then, so that no inactivity timeout would ever end it; answers what the server said.
    private func drip(_ client: Client, _ byte: String, statistics: () -> Int) async throws -> String {
        let isClosed = try await eventually {
            _ = client.sendWithoutWaiting(Array(byte.utf8))
            try await Task.sleep(for: .milliseconds(40))
            return statistics() == 0
        }
        #expect(isClosed)
        return try await client.readToEnd()
    }

    @Test func aSlowHeadIsEnded() async throws {
        try await withServer(quick) { server in
            let client = try await Client(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
            let answer = try await drip(client, "x") { server.statistics.connections }
            #expect(answer.hasPrefix("HTTP/1.1 408 "), "\(answer)")
        }
    }

    @Test func aSlowRequestLineIsEnded() async throws {
        try await withServer(quick) { server in
            let client = try await Client(port: server.port)
            let answer = try await drip(client, "G") { server.statistics.connections }
            #expect(answer.hasPrefix("HTTP/1.1 408 "), "\(answer)")
        }
    }

    @Test func aSlowSecondHeadIsEnded() async throws {
        try await withServer(quick) { server in
            let client = try await Client(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response().status == 200)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
            let answer = try await drip(client, "x") { server.statistics.connections }
            #expect(answer.hasPrefix("HTTP/1.1 408 "), "\(answer)")
        }
    }

    @Test func aSlowCollectedBodyIsEnded() async throws {
        try await withServer(quick) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            let answer = try await drip(client, "x") { server.statistics.connections }
            #expect(answer.hasPrefix("HTTP/1.1 408 "), "\(answer)")
            #expect(answer.contains("the request did not arrive in time"))
        }
    }

    @Test func aStreamedBodyMayTakeItsTimeButNotStop() async throws {
        let events = Events()
        let handler = TestHandler(
            policy: { _ in .stream(limit: 1000) },
            answer: { request in
                guard case .stream(let stream) = request.body else { return .text("") }
                var count = 0
                do {
                    for try await chunk in stream { count += chunk.count }
                } catch {
                    events.record("\(error)")
                }
                return .text("\(count)")
            })
        try await withServer(HTTPServerConfiguration(bodyTimeout: .seconds(2)), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n")
            for _ in 0..<10 {
                try await Task.sleep(for: .milliseconds(250))
                try await client.send("xx")
            }
            #expect(try await client.response().text == "20")
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nx")
            #expect(try await client.response().status == 408)
            let reason = await events.next()
            #expect(reason == BodyStreamError.timeout.description || reason == "\(CancellationError())")
        }
    }

    @Test(arguments: [
        "GET / HT", "GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func aClientThatHangsUpLeavesNothing(text: String) async throws {
        // With the default timeouts, so that none of them can be what ends the connection.
        try await withServer { server in
            let client = try await Client(port: server.port)
            try await client.send(text)
            client.disconnect()
            #expect(try await eventually { server.statistics.connections == 0 })
            #expect(server.statistics.requestsInFlight == 0)
        }
    }

    @Test func anIdleConnectionIsClosed() async throws {
        try await withServer(quick) { server in
            let client = try await Client(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response().status == 200)
            #expect(try await client.readToEnd() == "")
        }
    }

    @Test func aHandlerMayTakeLongerThanEveryTimeout() async throws {
        let handler = TestHandler(answer: { _ in
            do { try await Task.sleep(for: .milliseconds(2500)) } catch { return .text("cancelled", status: 500) }
            return .text("done")
        })
        try await withServer(quick, handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.response().text == "done")
        }
    }
}

import Foundation
import HTTPServer
import Synchronization
import Testing

/// Answers with the number of body bytes and their sum. Chunks of one repeated byte, which memcmp sees quickly, cost little.
@Sendable private func measure(_ request: HTTPRequest) async -> HTTPResponse {
    var count = 0
    var sum = 0
    func add(_ bytes: [UInt8]) {
        count += bytes.count
        if memcmp(bytes, Array(bytes.dropFirst()), max(0, bytes.count - 1)) == 0 {
            sum += bytes.count * Int(bytes.first ?? 0)
        } else {
            for byte in bytes { sum += Int(byte) }
        }
    }
    switch request.body {
    case .none: break
    case .bytes(let bytes): add(bytes)
    case .stream(let stream):
        do {
            for try await chunk in stream { add(chunk) }
        } catch {
            return .text("\(error)", status: 422)
        }
    }
    return .text("\(count) \(sum)")
}

@Suite struct BodyTests {
    private let streaming = TestHandler(policy: { _ in .stream(limit: 8 << 20) }, answer: measure)
    private let collecting = TestHandler(policy: { _ in .collect(limit: 1 << 20) }, answer: measure)

    @Test(arguments: [0, 1, 16_000, 1 << 20])
    func collectedBodies(size: Int) async throws {
        try await withServer(HTTPServerConfiguration(), collecting) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
            try await client.send([UInt8](repeating: 3, count: size))
            #expect(try await client.response().text == "\(size) \(size * 3)")
        }
    }

    @Test(arguments: [1, 300_000, 8 << 20])
    func streamedBodies(size: Int) async throws {
        try await withServer(HTTPServerConfiguration(), streaming) { server in
            let client = try await Client(port: server.port)
            for _ in 0..<2 {
                try await client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
                try await client.send([UInt8](repeating: 2, count: size))
                #expect(try await client.response().text == "\(size) \(size * 2)")
            }
        }
    }

    @Test(arguments: [true, false])
    func chunkedBodies(isStreamed: Bool) async throws {
        try await withServer(HTTPServerConfiguration(), isStreamed ? streaming : collecting) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            try await client.send("5\r\naaaaa\r\n")
            try await client.send("A;ext=1\r\naaaaaaaaaa\r\n0\r\nTrailer: x\r\n\r\n")
            #expect(try await client.response().text == "15 \(15 * 97)")
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n")
            #expect(try await client.response().status == 400)
        }
    }

    @Test func aSlowReaderHoldsTheClientUp() async throws {
        let go = Events()
        let handler = TestHandler(
            policy: { _ in .stream(limit: 1 << 30) },
            answer: { request in
                _ = await go.next()
                return await measure(request)
            })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            let size = 64 << 20
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
            let piece = [UInt8](repeating: 1, count: 1 << 16)
            var sent = 0
            var stuckSince = ContinuousClock.now
            // Without backpressure all of it would be taken: the kernel's buffers hold a few MB at most.
            while sent < size, ContinuousClock.now - stuckSince < .milliseconds(500) {
                let count = client.sendWithoutWaiting(Array(piece.prefix(size - sent)))
                sent += count
                if count > 0 { stuckSince = .now } else { try await Task.sleep(for: .milliseconds(5)) }
            }
            #expect(sent < size / 2)
            go.record("read")
            try await client.send([UInt8](repeating: 1, count: size - sent))
            #expect(try await client.response().text == "\(size) \(size)")
        }
    }

    @Test func aClientThatLeavesInTheMiddleFailsTheStream() async throws {
        let events = Events()
        let handler = TestHandler(
            policy: { _ in .stream(limit: 1 << 20) },
            answer: { request in
                let response = await measure(request)
                if case .bytes(let bytes) = response.body { events.record(String(decoding: bytes, as: UTF8.self)) }
                return response
            })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
            client.disconnect()
            let reason = await events.next()
            #expect(reason == BodyStreamError.disconnected.description || reason == "\(CancellationError())")
        }
    }

    @Test func anUnreadBodyDoesNotHoldUpTheAnswer() async throws {
        let handler = TestHandler(policy: { _ in .stream(limit: 1 << 30) }, answer: { _ in .text("no", status: 403) })
        try await withServer(HTTPServerConfiguration(), handler) { server in
            // The rest of the body never comes, and the client waits for the answer.
            let waiting = try await Client(port: server.port)
            try await waiting.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
            #expect(try await waiting.response().status == 403)
            // The rest is small and comes: the connection lives on.
            let small = try await Client(port: server.port)
            try await small.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            #expect(try await small.response().status == 403)
            try await small.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await small.response().status == 403)
        }
    }

    @Test func curlUploadsWithExpectContinue() async throws {
        try await withServer(HTTPServerConfiguration(), streaming) { server in
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("upload-\(server.port)")
            try Data(repeating: 1, count: 3 << 20).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            let url = "http://127.0.0.1:\(server.port)/"
            #expect(
                try await curl("-H", "Expect: 100-continue", "--data-binary", "@\(file.path)", url) == "3145728 3145728"
            )
            #expect(try await curl("-T", file.path, "-H", "Transfer-Encoding: chunked", url) == "3145728 3145728")
        }
    }

    @Test func continueIsSentBeforeTheBodyAndNotForARefusedOne() async throws {
        try await withServer(HTTPServerConfiguration(), collecting) { server in
            let client = try await Client(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            #expect(try await client.response().status == 100)
            try await client.send("ab")
            #expect(try await client.response().text == "2 195")
            try await client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n")
            #expect(try await client.response().status == 413)
            #expect(try await client.readToEnd() == "")
        }
    }
}

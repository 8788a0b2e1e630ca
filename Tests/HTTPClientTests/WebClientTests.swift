import Foundation
import HTTPServer
import Synchronization
import TestKit
import Testing

@testable import HTTPClient

/// Against a real server on loopback, which the clients are allowed to reach.
@Suite struct WebClientTests {
    private let loopback = AddressPolicy(["127.0.0.1"]) ?? AddressPolicy()

    private func get(_ receiver: Receiver, _ path: String = "/", _ limits: WebLimits = WebLimits()) throws -> WebRequest
    {
        WebRequest("GET", try WebURL(receiver.url(path)), limits: limits)
    }

    private func kind(of operation: () async throws -> Void) async -> WebError.Kind? {
        do {
            try await operation()
            return nil
        } catch {
            return (error as? WebError)?.kind
        }
    }

    @Test func requestsArriveAndAnswersComeBack() async throws {
        let receiver = try Receiver { request, _ in
            HTTPResponse(
                status: 418, headers: [("X-Echo", request.headers["X-Say"] ?? "")], body: .bytes(request.bytes))
        }
        let client = WebClient(addresses: loopback)
        let body = Array("the body".utf8)
        let request = WebRequest("PUT", try WebURL(receiver.url("/a?b=c")), headers: [("X-Say", "hi")], body: body)
        let response = try await client.send(request)
        #expect(response.status == 418 && response.head["x-echo"] == "hi" && response.body == body)
        let seen = try #require(receiver.requests.first)
        #expect(seen.method == "PUT" && seen.path == "/a" && seen.query("b") == "c" && seen.bytes == body)
        // Many at once over few connections.
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { try await client.send(try self.get(receiver)).status } }
            for try await status in group { #expect(status == 418) }
        }
        client.close()
        #expect(await kind { _ = try await client.send(try get(receiver)) } == .closed)
        await receiver.stop()
    }

    @Test func whatCannotBeSentIsRefused() async throws {
        let client = WebClient(addresses: loopback)
        let url = try WebURL("http://127.0.0.1:1/")
        for request in [
            WebRequest("GE T", url), WebRequest("GET", url, headers: [("X", "a\r\nY: b")]),
            WebRequest("GET", url, headers: [("X Y", "a")]), WebRequest("GET", url, headers: [("", "a")]),
        ] {
            #expect(await kind { _ = try await client.send(request) } == .invalidRequest)
        }
        #expect(await kind { _ = try await client.send(WebRequest("GET", url)) } == .connect)
        #expect(
            await kind { _ = try await client.send(WebRequest("GET", try WebURL("http://nothing.invalid/"))) } == .dns)
    }

    @Test func addressesThatAreNotAllowedAreNotConnectedTo() async throws {
        let receiver = try Receiver()
        let strict = WebClient()
        for host in ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"] {
            let request = WebRequest("GET", try WebURL("http://\(host):\(receiver.port)/"))
            #expect(await kind { _ = try await strict.send(request) } == .refusedAddress, "\(host)")
        }
        let named = WebClient(addresses: try #require(AddressPolicy(["localhost"])))
        #expect(try await named.send(WebRequest("GET", try WebURL("http://localhost:\(receiver.port)/"))).status == 204)
        #expect(await kind { _ = try await named.send(try get(receiver)) } == .refusedAddress)
        #expect(receiver.requests.count == 1)
        await receiver.stop()
    }

    @Test func redirectsAreFollowedAsFarAsAllowed() async throws {
        let receiver = try Receiver { request, _ in
            switch request.path {
            case "/loop": HTTPResponse(status: 302, headers: [("Location", "/loop")])
            case "/out": HTTPResponse(status: 302, headers: [("Location", "http://127.0.0.2:1/")])
            case "/file": HTTPResponse(status: 302, headers: [("Location", "file:///etc/passwd")])
            case "/post": HTTPResponse(status: 303, headers: [("Location", "end")])
            default: .text(request.method)
            }
        }
        let client = WebClient(addresses: loopback)
        let follow = WebLimits(redirects: 3)
        #expect(try await client.send(try get(receiver, "/loop")).status == 302, "off unless asked for")
        #expect(await kind { _ = try await client.send(try get(receiver, "/loop", follow)) } == .redirect)
        #expect(await kind { _ = try await client.send(try get(receiver, "/out", follow)) } == .refusedAddress)
        #expect(await kind { _ = try await client.send(try get(receiver, "/file", follow)) } == .redirect)
        let post = WebRequest("POST", try WebURL(receiver.url("/post")), body: [1], limits: follow)
        let response = try await client.send(post)
        #expect(response.url.text.hasSuffix("/end") && response.body == Array("GET".utf8))
        await receiver.stop()
    }

    @Test func answersHaveALimitInBytes() async throws {
        let receiver = try Receiver { request, _ in
            guard request.path == "/endless" else {
                return HTTPResponse(status: 200, body: .bytes(Array(repeating: 7, count: 2000)))
            }
            return HTTPResponse(
                status: 200,
                body: .stream { writer in
                    while true { try await writer.write([UInt8](repeating: 1, count: 16_384)) }
                })
        }
        let client = WebClient(addresses: loopback)
        #expect(try await client.send(try get(receiver, "/", WebLimits(body: 2000))).body.count == 2000)
        #expect(await kind { _ = try await client.send(try get(receiver, "/", WebLimits(body: 1999))) } == .tooLarge)
        #expect(
            await kind { _ = try await client.send(try get(receiver, "/endless", WebLimits(body: 100_000))) }
                == .tooLarge)
        // Read piece by piece, it is endless only for who goes on.
        let stream = try await client.open(try get(receiver, "/endless", WebLimits(body: 64 << 20)))
        var read = 0
        while read < 2 << 20, let chunk = try await stream.next() { read += chunk.count }
        stream.cancel()
        #expect(await kind { while try await stream.next() != nil {} } == .cancelled)
        await receiver.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aCompressedBodyIsReadSlowly() async throws {
        let compressed = try gzip("head -c 5M /dev/zero")
        let receiver = try Receiver { _, _ in
            HTTPResponse(status: 200, headers: [("Content-Encoding", "gzip")], body: .bytes(compressed))
        }
        let client = WebClient(addresses: loopback)
        let limits = WebLimits(total: .seconds(50), body: 64 << 20, acceptsCompression: true)
        let answer = try await client.open(get(receiver, "/", limits))
        var size = 0
        while let piece = try await answer.next() {
            size += piece.count
            // The client is faster, and has to wait.
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(size == 5 << 20)
        client.close()
        await receiver.stop()
    }

    @Test func aSinkTakesTheBodyOfASuccessOnly() async throws {
        let piece = [UInt8](repeating: 3, count: 50_000)
        let receiver = try Receiver { request, _ in
            switch request.path {
            case "/moved": HTTPResponse(status: 302, headers: [("Location", "/a")], body: .bytes(piece))
            case "/missing": HTTPResponse(status: 404, body: .bytes(piece))
            default: HTTPResponse(status: 200, body: .stream { for _ in 0..<40 { try await $0.write(piece) } })
            }
        }
        let client = WebClient(addresses: loopback)
        func take(_ path: String, limit: Int = 2_000_000, upTo end: Int = .max) async throws -> (Int, WebError.Kind?) {
            let taken = Mutex(0)
            var request = try get(receiver, path, WebLimits(body: limit, redirects: 1))
            request.sink = { bytes in
                taken.withLock {
                    $0 += bytes.count
                    return $0 <= end
                }
            }
            let kind = await kind {
                let rest = try await client.open(request).next()
                #expect(rest == nil)
            }
            return (taken.withLock(\.self), kind)
        }
        #expect(try await take("/moved") == (2_000_000, nil))
        #expect(try await take("/missing").0 == 0)
        let large = try await take("/a", limit: 1_999_999)
        #expect(large.0 < 2_000_000 && large.1 == .tooLarge)
        let refused = try await take("/a", upTo: 100_000)
        #expect((100_001..<2_000_000).contains(refused.0) && refused.1 == .answer)
        await receiver.stop()
    }

    @Test(arguments: [
        ("7", 7...7), ("-7", 0...0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0...0),
        ("Fri, 31 Dec 2100 23:59:59 GMT", 1_000_000...3_000_000_000),
    ]) func waitsThatServersAskForAreRead(text: String, seconds: ClosedRange<Int64>) {
        let head = WebHead(status: 503, headers: [("retry-after", text)])
        #expect(head.retryAfter.map { seconds.contains($0.components.seconds) } == true)
        #expect(WebHead(status: 503, headers: [("Retry-After", "soon")]).retryAfter == nil)
    }

    @Test(.timeLimit(.minutes(1))) func everyWaitHasABound() async throws {
        let gate = Gate()
        let receiver = try Receiver { request, _ in
            guard request.path == "/stall" else {
                await gate.pass()
                return HTTPResponse(status: 200)
            }
            return HTTPResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write([1])
                    await gate.pass()
                })
        }
        let client = WebClient(addresses: loopback, concurrency: 1, maxQueued: 1)
        let short = WebLimits(total: .milliseconds(300))
        #expect(await kind { _ = try await client.send(try get(receiver, "/", short)) } == .timeout)
        let stall = WebLimits(total: .seconds(50), stall: .seconds(1))
        #expect(await kind { _ = try await client.send(try get(receiver, "/stall", stall)) } == .timeout)

        // One place, one more waits, the third is told at once; the one that waits has its bound too.
        let patient = Task { try await client.send(try get(receiver, "/", WebLimits(total: .seconds(50)))) }
        try await eventually("the place to be taken") { receiver.requests.count == 3 }
        let bounded = WebLimits(total: .seconds(1))
        async let one = kind { _ = try await client.send(try get(receiver, "/", bounded)) }
        async let other = kind { _ = try await client.send(try get(receiver, "/", bounded)) }
        let kinds = await [one, other]
        #expect(Set(kinds) == [.timeout, .overflow])
        #expect(receiver.requests.count == 3, "what waited was not sent")

        // A cancelled task does not wait for the server.
        patient.cancel()
        #expect(await kind { _ = try await patient.value } == .cancelled)
        gate.open()
        #expect(try await client.send(try get(receiver)).status == 200, "the place is free again")
        await receiver.stop()
    }

    @Test func certificatesAreChecked() async throws {
        let environment = ProcessInfo.processInfo.environment
        let address = try #require(environment["AMQPS_URL"].flatMap { URLComponents(string: $0) })
        let url = try WebURL("https://localhost:\(try #require(address.port))/")
        let policy = try #require(AddressPolicy(["127.0.0.1", "::1"]))
        #expect(await kind { _ = try await WebClient(addresses: policy).send(WebRequest("GET", url)) } == .tls)
        // With its authority the certificate holds; that there is no HTTP behind it is another matter.
        #expect(environment["AMQPS_CA"] != nil)
        let trusting = WebClient(addresses: policy, authorities: environment["AMQPS_CA"])
        #expect(await kind { _ = try await trusting.send(WebRequest("GET", url)) } == .answer)
    }
}

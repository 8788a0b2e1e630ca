import Concurrency
import Config
import Crypto
import Foundation
import HTTPClient
import HTTPServer
import Synchronization
import TestKit
import Testing
import WorkerKit

@testable import DocumentsWorker

/// Fetching from a real server on loopback. Every URL has a secret in its query, which no error may show.
@Suite(.timeLimit(.minutes(3))) struct FetcherTests {
    private static let secret = "f3e1a7"
    private let fetcher: Fetcher

    init() throws {
        fetcher = Fetcher(
            addresses: try #require(AddressPolicy(["127.0.0.1"])), backoff: Backoff(base: .milliseconds(2)))
    }

    /// How a fetch ends: with a code, after so many tries that were followed by another one.
    private func failure(
        _ url: String, with other: Fetcher? = nil, limits: ExtractionLimits = ExtractionLimits()
    ) async throws -> (code: String?, message: String, retries: Int) {
        let retries = Mutex(0)
        do {
            _ = try await (other ?? fetcher).fetch("\(url)?sig=\(Self.secret)", limits: limits) { failure, _ in
                #expect(!failure.message.contains(Self.secret))
                retries.withLock { $0 += 1 }
            }
            return (nil, "", retries.withLock { $0 })
        } catch let error as JobFailure {
            #expect(!error.description.contains(Self.secret))
            return (error.code, error.message, retries.withLock { $0 })
        }
    }

    private func content(of file: FetchedFile) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: file.size + 1)
        let count = pread(file.file.descriptor, &bytes, bytes.count, 0)
        #expect(count == file.size)
        return Array(bytes.prefix(max(0, count)))
    }

    @Test func theBodyIsInTheFileWithItsHash() async throws {
        let body = randomBytes(3_000_000)
        let receiver = try Receiver { request, _ in
            if request.path == "/moved" {
                return HTTPResponse(status: 301, headers: [("Location", "/real.bin?x")], body: .bytes([1, 2, 3]))
            }
            return HTTPResponse(
                status: 200, headers: [("Content-Type", "text/x-odd; charset=ascii")],
                body: .stream { writer in
                    for start in stride(from: 0, to: body.count, by: 70_000) {
                        try await writer.write(Array(body[start..<min(body.count, start + 70_000)]))
                    }
                })
        }
        let file = try await fetcher.fetch(receiver.url("/moved"), limits: ExtractionLimits())
        #expect(file.name == "real.bin" && file.mediaType == "text/x-odd; charset=ascii" && file.size == body.count)
        #expect(try content(of: file) == body && file.sha256 == Hex.encode(sha256(body)))
        var exact = ExtractionLimits()
        exact.downloadBytes = body.count
        #expect(try await fetcher.fetch(receiver.url(), limits: exact).size == body.count)
        exact.downloadBytes = body.count - 1
        #expect(try await failure(receiver.url(), limits: exact).code == "too_large")
        await receiver.stop()
    }

    @Test func whatIsNoDocumentIsNotTriedAgain() async throws {
        let receiver = try Receiver { request, _ in
            func redirect(_ place: String) -> HTTPResponse { HTTPResponse(status: 302, headers: [("Location", place)]) }
            switch request.path {
            case "/loop": return redirect("/loop")
            case "/file": return redirect("file:///etc/passwd")
            case "/user": return redirect("http://user:\(Self.secret)@127.0.0.1/")
            case "/private": return redirect("http://127.0.0.2:1/?sig=\(Self.secret)")
            case "/whole": return HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 1, count: 70_000)))
            case "/endless":
                return HTTPResponse(
                    status: 200,
                    body: .stream { writer in
                        while true { try await writer.write([UInt8](repeating: 1, count: 16_384)) }
                    })
            default: return .text("no document", status: Int(request.path.dropFirst()) ?? 500)
            }
        }
        var limits = ExtractionLimits()
        limits.downloadBytes = 69_999
        for (path, code) in [
            ("404", "http_status"), ("403", "http_status"), ("410", "http_status"), ("206", "http_status"),
            ("300", "http_status"), ("loop", "bad_redirect"), ("file", "bad_redirect"), ("user", "bad_redirect"),
            ("private", "address_not_allowed"), ("whole", "too_large"), ("endless", "too_large"),
        ] {
            let end = try await failure(receiver.url("/" + path), limits: limits)
            #expect(end.code == code && end.retries == 0, "\(path): \(end)")
            if let status = Int(path) { #expect(end.message.contains("answered \(status)"), "\(end.message)") }
        }
        for (url, code, retries) in [
            ("http://user:pass@127.0.0.1:\(receiver.port)/", "invalid_url", 0), ("ftp://127.0.0.1/a", "invalid_url", 0),
            ("https://127.0.0.1:\(receiver.port)/", "tls_failed", 0),
            // It may be the resolver that is away.
            ("http://nothing.invalid/", "name_not_resolved", 3),
        ] {
            let end = try await failure(url)
            #expect(end.code == code && end.retries == retries, "\(url): \(end)")
        }
        await receiver.stop()
    }

    @Test func whatMayPassIsTriedAgain() async throws {
        let body = randomBytes(200_000)
        let receiver = try Receiver { request, count in
            switch (request.path, count) {
            case ("/busy", _): HTTPResponse(status: 503)
            case ("/later", _): HTTPResponse(status: 429, headers: [("Retry-After", "3600")])
            case (_, 0): HTTPResponse(status: 502, body: .bytes(body))
            case (_, 1): HTTPResponse(status: 408, headers: [("Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT")])
            case (_, 2):
                HTTPResponse(
                    status: 200,
                    body: .stream { writer in
                        try await writer.write(body)
                        throw CancellationError()
                    })
            default: HTTPResponse(status: 200, body: .bytes(Array(body.reversed())))
            }
        }
        let file = try await fetcher.fetch(receiver.url("/a"), limits: ExtractionLimits())
        #expect(try content(of: file) == body.reversed(), "nothing of the tries that failed")
        #expect(file.sha256 == Hex.encode(sha256(body.reversed())) && receiver.requests.count == 4)

        let busy = try await failure(receiver.url("/busy"))
        #expect(busy.code == "http_status" && busy.message.contains("503") && busy.retries == 3)
        let later = try await failure(receiver.url("/later"))
        #expect(later.code == "http_status" && later.retries == 0, "it is not waited for so long")
        #expect(receiver.requests.count == 9)
        await receiver.stop()
        let gone = try await failure("http://127.0.0.1:\(freePort())/")
        #expect(gone.code == "connection_failed" && gone.retries == 3)
    }

    @Test func aTrickleHasItsTime() async throws {
        let receiver = try Receiver { _, _ in
            HTTPResponse(
                status: 200,
                body: .stream { writer in
                    while true {
                        try await writer.write([1])
                        try await Task.sleep(for: .milliseconds(20))
                    }
                })
        }
        var limits = ExtractionLimits()
        limits.downloadTime = .seconds(1)
        let end = try await failure(receiver.url(), limits: limits)
        #expect(end.code == "download_timed_out", "\(end)")
        await receiver.stop()
    }

    @Test func aCancelledTaskEndsItAtOnce() async throws {
        let gate = Gate()
        let receiver = try Receiver { request, _ in
            guard request.path != "/later" else { return HTTPResponse(status: 503, headers: [("Retry-After", "50")]) }
            await gate.pass()
            return HTTPResponse(status: 200)
        }
        for path in ["/waits", "/later"] {
            let isWaiting = Gate()
            let task = Task {
                try await fetcher.fetch(receiver.url(path), limits: ExtractionLimits()) { _, _ in isWaiting.open() }
            }
            if path == "/later" {
                await isWaiting.pass()
            } else {
                try await poll("the request") { !receiver.requests.isEmpty }
            }
            task.cancel()
            await #expect(throws: CancellationError.self, "\(path)") { try await task.value }
        }
        gate.open()
        await receiver.stop()
    }

    @Test(arguments: [
        "127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    ])
    func nothingInsideIsReached(host: String) async throws {
        let receiver = try Receiver()
        let end = try await failure(
            "http://\(host):\(receiver.port)/", with: Fetcher(Environment(["SWITCHYARD_FETCH_ALLOW": "10.0.0.0/8"])))
        #expect(end.code == "address_not_allowed" && end.retries == 0, "\(end)")
        #expect(receiver.requests.isEmpty)
        await receiver.stop()
    }

    @Test func aListThatIsNoneIsRefused() {
        #expect(throws: ConfigError.self) { try Fetcher(Environment(["SWITCHYARD_FETCH_ALLOW": "10.0.0.0/33"])) }
    }

    @Test func compressionDoesNotPassTheLimit() async throws {
        let small = try gzip("printf 'the night train'")
        let bomb = try gzip("head -c 200M /dev/zero")
        let receiver = try Receiver { request, _ in
            HTTPResponse(
                status: 200, headers: [("Content-Encoding", "gzip")],
                body: .bytes(request.path == "/bomb" ? bomb : small))
        }
        let file = try await fetcher.fetch(receiver.url("/small.txt"), limits: ExtractionLimits())
        #expect(try content(of: file) == Array("the night train".utf8))
        #expect(receiver.requests.first?.headers["Accept-Encoding"]?.contains("gzip") == true)
        var limits = ExtractionLimits()
        limits.downloadBytes = 100 << 20
        let before = Processes.residentBytes()
        #expect(try await failure(receiver.url("/bomb"), limits: limits).code == "too_large")
        #expect(Processes.residentBytes() - before < 50 << 20)
        await receiver.stop()
    }
}

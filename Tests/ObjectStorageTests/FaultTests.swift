import Foundation
import HTTPServer
import Storage
import Synchronization
import TestKit
import Testing

@testable import ObjectStorage

/// What goes wrong on the way to a real server, by a proxy between.
@Suite struct FaultTests {
    private static let size = 12 << 20

    private func isPart(_ request: HTTPRequest, _ number: String) -> Bool {
        request.method == "PUT" && request.query("partNumber") == number
    }

    private func upload(_ bench: Bench, _ key: String = "x") async throws -> S3Upload {
        let upload = try bench.client.begin(bucket: bench.bucket, key: bench.prefix + key)
        try await upload.append(Bench.bytes(Self.size))
        return upload
    }

    @Test(arguments: ["1", "2", "3"]) func aPartThatFailsOnceIsSentAgain(_ number: String) async throws {
        let failed = Mutex(false)
        let proxy = try await FaultProxy { request, _ in
            guard request.query("partNumber") == number, !failed.withLock({ $0 }) else { return .none }
            failed.withLock { $0 = true }
            return .answer(status: 500, code: "InternalError")
        }
        let bench = try await Bench(port: proxy.port)
        #expect(try await upload(bench).complete().size == Self.size)
        #expect(try await bench.content(bench.prefix + "x") == Bench.bytes(Self.size))
        #expect(proxy.receiver.requests.filter { isPart($0, number) }.count == 2)
        #expect(try await bench.uploads().isEmpty)
        await proxy.receiver.stop()
    }

    @Test func aPartThatFailsForEverEndsTheUpload() async throws {
        let proxy = try await FaultProxy { request, _ in
            request.query("partNumber") == "2" ? .answer(status: 503, code: "SlowDown") : .none
        }
        let bench = try await Bench(port: proxy.port)
        let upload = try await upload(bench)
        await #expect { try await upload.complete() } throws: { ($0 as? S3Error)?.code == .unavailable }
        #expect(proxy.receiver.requests.filter { isPart($0, "2") }.count == 4)
        #expect(try await bench.uploads().count == 1)
        try await upload.discard()
        #expect(try await bench.uploads().isEmpty)
        #expect(try await bench.keys().isEmpty)
        await proxy.receiver.stop()
    }

    @Test func aGoodAnswerWithAnErrorInsideIsAnError() async throws {
        let left = Mutex(1)
        let proxy = try await FaultProxy { request, _ in
            let isLast = request.method == "POST" && request.query("uploadId") != nil
            guard isLast, left.withLock({ $0 > 0 }) else { return .none }
            left.withLock { $0 -= 1 }
            return .answer(status: 200, code: "InternalError")
        }
        let bench = try await Bench(port: proxy.port)
        _ = try await upload(bench).complete()
        #expect(try await bench.content(bench.prefix + "x") == Bench.bytes(Self.size))

        left.withLock { $0 = .max }
        let second = try await upload(bench, "y")
        await #expect { try await second.complete() } throws: { ($0 as? S3Error)?.code == .unavailable }
        try await second.discard()
        #expect(try await bench.keys() == [bench.prefix + "x"])
        #expect(try await bench.uploads().isEmpty)
        await proxy.receiver.stop()
    }

    @Test func aLostAnswerToTheLastRequestDoesNoHarm() async throws {
        let hasLost = Mutex(false)
        let proxy = try await FaultProxy { request, _ in
            guard request.method == "POST", request.query("uploadId") != nil else { return .none }
            // Moto itself answers the second one with 500.
            guard !hasLost.withLock({ $0 }) else { return .answer(status: 404, code: "NoSuchUpload") }
            hasLost.withLock { $0 = true }
            return .loseAnswer
        }
        let bench = try await Bench(port: proxy.port)
        let upload = try await upload(bench)
        #expect(try await upload.complete().size == Self.size)
        #expect(try await bench.content(bench.prefix + "x") == Bench.bytes(Self.size))
        await proxy.receiver.stop()
    }

    /// Each try of the beginning makes an upload, and only the last one's id is known.
    @Test(arguments: [1, 3, .max]) func anUploadWhoseBeginningIsLostLeavesNothing(_ losses: Int) async throws {
        let left = Mutex(losses)
        let proxy = try await FaultProxy { request, _ in
            guard request.method == "POST", request.query("uploads") != nil else { return .none }
            return left.withLock { left in
                left -= 1
                return left >= 0 ? .loseAnswer : .none
            }
        }
        let bench = try await Bench(port: proxy.port)
        for ends in [true, false] {
            left.withLock { $0 = losses }
            let upload = try bench.client.begin(bucket: bench.bucket, key: bench.prefix + "x")
            if losses == .max {
                await #expect(throws: S3Error.self) { try await upload.append(Bench.bytes(Self.size)) }
                #expect(try await !bench.uploads().isEmpty)
                try await upload.discard()
            } else {
                try await upload.append(Bench.bytes(Self.size))
                #expect(try await bench.uploads().count == losses + 1)
                if ends { _ = try await upload.complete() } else { try await upload.discard() }
            }
            #expect(try await bench.uploads().isEmpty)
        }
        #expect(try await bench.keys() == (losses == .max ? [] : [bench.prefix + "x"]))
        await proxy.receiver.stop()
    }

    @Test func keysThatExpireOnTheWayAreToldAtOnce() async throws {
        let isOver = Mutex(false)
        let proxy = try await FaultProxy { request, _ in
            if request.query("partNumber") == "2" { isOver.withLock { $0 = true } }
            return isOver.withLock(\.self) ? .answer(status: 400, code: "ExpiredToken") : .none
        }
        let bench = try await Bench(port: proxy.port)
        let upload = try await upload(bench)
        let error = await #expect(throws: S3Error.self) { try await upload.complete() }
        #expect(error?.code == .expiredCredentials)
        #expect(proxy.receiver.requests.filter { isPart($0, "2") }.count == 1)
        // These keys cannot clear away; the next attempt's can.
        await #expect { try await upload.discard() } throws: { ($0 as? S3Error)?.code == .expiredCredentials }
        isOver.withLock { $0 = false }
        #expect(try await bench.abortUploads() == 1)
        #expect(try await bench.uploads().isEmpty)
        await proxy.receiver.stop()
    }

    @Test(arguments: [(403, "AccessDenied"), (400, "InvalidArgument"), (412, "PreconditionFailed")])
    func whatIsRefusedIsNotTriedAgain(_ status: Int, _ code: String) async throws {
        let proxy = try await FaultProxy { _, _ in .answer(status: status, code: code) }
        let bench = try await Bench(port: proxy.port)
        await #expect(throws: S3Error.self) {
            try await bench.client.put([1], bucket: bench.bucket, key: bench.prefix + "x")
        }
        #expect(proxy.receiver.requests.count == 1)
        await proxy.receiver.stop()
    }

    @Test func whatMayPassIsTriedAFewTimes() async throws {
        for (status, code) in [(500, "InternalError"), (503, "SlowDown"), (429, ""), (400, "RequestTimeout")] {
            let proxy = try await FaultProxy { _, _ in .answer(status: status, code: code) }
            let bench = try await Bench(port: proxy.port)
            await #expect { try await bench.client.put([1], bucket: bench.bucket, key: "x") } throws: {
                ($0 as? S3Error)?.code == .unavailable
            }
            #expect(proxy.receiver.requests.count == 4, "\(status)")
            await proxy.receiver.stop()
        }
        let nobody = try await Bench(port: try freePort())
        await #expect { try await nobody.client.put([1], bucket: nobody.bucket, key: "x") } throws: {
            ($0 as? S3Error)?.code == .unavailable
        }
    }

    @Test func aDownloadThatBreaksOffGoesOn() async throws {
        let proxy = try await FaultProxy { request, count in
            request.method == "GET" && count < 4 ? .cut(after: 500_000) : .none
        }
        let bench = try await Bench(port: proxy.port)
        let bytes = Bench.bytes(3 << 20)
        try await bench.client.put(bytes, bucket: bench.bucket, key: bench.prefix + "x")
        #expect(try await bench.content(bench.prefix + "x") == bytes)
        #expect(proxy.receiver.requests.filter { $0.method == "GET" }.count > 1)
        await proxy.receiver.stop()
    }

    @Test func aDownloadDoesNotGoOnWithAnotherObject() async throws {
        let direct = try await Bench()
        let proxy = try await FaultProxy { request, count in
            request.method == "GET" && count == 0 ? .cut(after: 500_000) : .none
        }
        let bench = try await Bench(port: proxy.port)
        let key = bench.prefix + "x"
        try await direct.client.put(Bench.bytes(3 << 20), bucket: bench.bucket, key: key)
        let download = try await bench.client.get(bucket: bench.bucket, key: key)
        try await direct.client.put(Bench.bytes(3 << 20, seed: 2), bucket: bench.bucket, key: key)
        await #expect { while try await download.next() != nil {} } throws: { ($0 as? S3Error)?.code == .changed }
        await proxy.receiver.stop()
    }

    /// A store that does not know ranges, and breaks off once.
    @Test func aDownloadDoesNotGoOnFromTheBeginning() async throws {
        let (bytes, gate) = (Bench.bytes(3 << 20), Gate())
        let store = try Receiver { request, _ in
            guard request.headers["Range"] == nil else { return HTTPResponse(status: 200, body: .bytes(bytes)) }
            return HTTPResponse(
                status: 200,
                body: .stream(length: bytes.count) { writer in
                    try await writer.write(Array(bytes.prefix(1 << 20)))
                    await gate.pass()
                    throw TestKitError("cut off")
                })
        }
        let bench = try await Bench(port: store.port)
        let download = try await bench.client.get(bucket: bench.bucket, key: "x")
        var read = try #require(try await download.next())
        gate.open()
        await #expect {
            while let piece = try await download.next() { read += piece }
        } throws: {
            ($0 as? S3Error)?.code == .badAnswer
        }
        #expect(bytes.starts(with: read))
        await store.stop()
    }

    @Test func aCancelledTaskDoesNotWait() async throws {
        let proxy = try await FaultProxy { request, _ in
            request.query("partNumber") == nil ? .none : .answer(status: 500, code: "InternalError")
        }
        var settings = try await Bench(port: proxy.port).client.settings
        settings.backoff = .seconds(3600)
        let client = S3Client(settings, web: Bench.web)
        let bench = try await Bench()
        let upload = try client.begin(bucket: bench.bucket, key: bench.prefix + "x")
        let task = Task { try await upload.append(Bench.bytes(64 << 20)) }
        try await poll("a part to be sent") { proxy.log.contains { $0.contains("partNumber") } }
        task.cancel()
        await #expect { try await task.value } throws: { ($0 as? S3Error)?.code == .cancelled }
        try await upload.discard()
        #expect(try await bench.uploads().isEmpty)
        await proxy.receiver.stop()
    }
}

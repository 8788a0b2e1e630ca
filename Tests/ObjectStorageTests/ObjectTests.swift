import Crypto
import Foundation
import HTTPClient
import JSON
import TestKit
import Testing

@testable import ObjectStorage

/// Against a server that checks every signature.
@Suite struct ObjectTests {
    private static let keys = [
        "plain.txt", "a folder/with blanks", "plus+and&ampersand=equals", "naïve/日本語/🎼.bin", "per%25cent%20", "a//b",
        "~tilde-dash_under.dot", "quotes'\"(brackets)[]{}!*;:@$,<>\\^`|#?", String(repeating: "k", count: 900),
    ]

    @Test(arguments: keys) func storesReadsListsAndDeletes(_ name: String) async throws {
        let bench = try await Bench()
        let key = bench.prefix + name
        let bytes = Bench.bytes(1000)
        try await bench.client.put(bytes, bucket: bench.bucket, key: key)
        #expect(try await bench.content(key) == bytes)
        #expect(try await bench.client.head(bucket: bench.bucket, key: key)?.size == 1000)
        #expect(try await bench.client.list(bucket: bench.bucket, prefix: key).objects.map(\.key) == [key])
        try await bench.client.delete(bucket: bench.bucket, key: key)
        try await bench.client.delete(bucket: bench.bucket, key: key)
        #expect(try await bench.client.head(bucket: bench.bucket, key: key) == nil)
    }

    @Test(arguments: [
        (0..<1, 0..<1), (0..<1000, 0..<1000), (999..<1000, 999..<1000), (500..<5000, 500..<1000),
        (200..<Int.max, 200..<1000), (1000..<1001, 0..<0), (3..<3, 0..<0),
    ])
    func readsRanges(_ asked: Range<Int>, _ expected: Range<Int>) async throws {
        let bench = try await Bench()
        let bytes = Bench.bytes(1000)
        try await bench.client.put(bytes, bucket: bench.bucket, key: bench.prefix + "x")
        #expect(try await bench.content(bench.prefix + "x", range: asked) == Array(bytes[expected]))
    }

    @Test func readsAnEmptyObject() async throws {
        let bench = try await Bench()
        try await bench.client.put([], bucket: bench.bucket, key: bench.prefix + "x")
        #expect(try await bench.content(bench.prefix + "x").isEmpty)
        #expect(try await bench.content(bench.prefix + "x", range: 0..<10).isEmpty)
    }

    @Test func listsPageByPage() async throws {
        let bench = try await Bench()
        let keys = (0..<7).map { bench.prefix + "a b+\($0)" }
        for key in keys { try await bench.client.put([1], bucket: bench.bucket, key: key) }
        var found: [String] = []
        var token: String?
        var pages = 0
        repeat {
            let page = try await bench.client.list(bucket: bench.bucket, prefix: bench.prefix, token: token, limit: 3)
            found += page.objects.map(\.key)
            #expect(page.objects.allSatisfy { ($0.modified?.timeIntervalSinceNow ?? -.infinity) > -3600 })
            token = page.next
            pages += 1
        } while token != nil
        #expect(found == keys)
        #expect(pages == 3)
    }

    @Test func sendsAnyNumberOfParts() async throws {
        let bench = try await Bench()
        for count in [0, 1, 5 << 20, (5 << 20) + 1, 17 << 20] {
            let key = bench.prefix + "parts-\(count)"
            let bytes = Bench.bytes(count)
            let upload = try bench.client.begin(bucket: bench.bucket, key: key)
            for start in stride(from: 0, to: count, by: 1_000_003) {
                try await upload.append(Array(bytes[start..<min(start + 1_000_003, count)]))
            }
            #expect(try await bench.client.head(bucket: bench.bucket, key: key) == nil)
            let stored = try await upload.complete()
            #expect(stored.size == count)
            #expect(try await bench.content(key) == bytes)
            try await upload.discard()
            #expect(try await bench.client.head(bucket: bench.bucket, key: key)?.size == count)
        }
        #expect(try await bench.uploads().isEmpty)
    }

    @Test func discardsAndAborts() async throws {
        let bench = try await Bench()
        let discarded = try bench.client.begin(bucket: bench.bucket, key: bench.prefix + "é discarded")
        try await discarded.append(Bench.bytes(12 << 20))
        #expect(try await bench.uploads().map(\.key) == [bench.prefix + "é discarded"])
        try await discarded.discard()
        #expect(try await bench.uploads().isEmpty)

        let dead = try bench.client.begin(bucket: bench.bucket, key: bench.prefix + "dead")
        try await dead.append(Bench.bytes(12 << 20))
        let other = try bench.client.begin(bucket: bench.bucket, key: "other-" + bench.prefix)
        try await other.append(Bench.bytes(6 << 20))
        #expect(try await bench.abortUploads() == 1)
        #expect(try await bench.uploads().isEmpty)
        #expect(try await bench.client.uploads(bucket: bench.bucket, prefix: "other-" + bench.prefix).count == 1)
        try await other.discard()
        #expect(try await bench.keys().isEmpty)
        // What was ended under its hands does not come to life again; moto answers such a part with 500.
        await #expect(throws: S3Error.self) { try await dead.complete() }
        #expect(try await bench.keys().isEmpty)
    }

    @Test func saysWhatIsWrong() async throws {
        let bench = try await Bench()
        let secret = "verySecretSecret"
        let wrong = try await Bench(
            credentials: S3Credentials(accessKeyID: bench.server.keyID, secretAccessKey: secret))
        let stranger = try await Bench(credentials: S3Credentials(accessKeyID: "AKIANOBODY", secretAccessKey: secret))
        for client in [wrong.client, stranger.client] {
            let error = await #expect(throws: S3Error.self) {
                try await client.put([1], bucket: bench.bucket, key: bench.prefix + "x")
            }
            #expect(error?.code == .denied)
            #expect(error?.message.contains(secret) == false)
            #expect(!String(reflecting: client.settings).contains(secret))
            await #expect { try await client.get(bucket: bench.bucket, key: bench.prefix + "x") } throws: {
                ($0 as? S3Error)?.code == .denied
            }
        }
        await #expect { try await bench.client.get(bucket: bench.bucket, key: bench.prefix + "none") } throws: {
            ($0 as? S3Error)?.code == .noObject
        }
        await #expect { try await bench.client.put([1], bucket: "no-such-bucket", key: "x") } throws: {
            ($0 as? S3Error)?.code == .noBucket
        }
        for key in ["", "a/../b", "./a", "..", "a/.", "nul\0", String(repeating: "k", count: 1025)] {
            await #expect { try await bench.client.put([1], bucket: bench.bucket, key: key) } throws: {
                ($0 as? S3Error)?.code == .invalid
            }
        }
        for bucket in ["", "ab", "a/b", "..", "a..b", "a b", "x?uploads"] {
            await #expect { try await bench.client.put([1], bucket: bucket, key: "x") } throws: {
                ($0 as? S3Error)?.code == .invalid
            }
        }
        for region in ["", "evil.example/", "a b", "x@y"] {
            let elsewhere = try await Bench(region: region)
            await #expect { try await elsewhere.client.put([1], bucket: bench.bucket, key: "x") } throws: {
                ($0 as? S3Error)?.code == .invalid
            }
        }
        #expect(try await bench.keys().isEmpty)
    }

    @Test func worksWithKeysForALimitedTime() async throws {
        let server = try await SharedServer.running
        let session = server.session
        let bench = try await Bench(
            credentials: S3Credentials(
                accessKeyID: session.keyID, secretAccessKey: session.secret, sessionToken: session.token))
        try await bench.client.put([7], bucket: bench.bucket, key: bench.prefix + "x y")
        #expect(try await bench.content(bench.prefix + "x y") == [7])
        let other = try await Bench(
            credentials: S3Credentials(
                accessKeyID: session.keyID, secretAccessKey: session.secret, sessionToken: "another"))
        await #expect { try await other.client.put([7], bucket: bench.bucket, key: "x") } throws: {
            ($0 as? S3Error)?.code == .denied
        }
    }

    @Test func reachesOnlyAllowedAddresses() async throws {
        let bench = try await Bench()
        let client = S3Client(bench.client.settings, web: WebClient())
        await #expect { try await client.put([1], bucket: bench.bucket, key: "x") } throws: {
            ($0 as? S3Error)?.code == .refusedAddress
        }
    }

    /// The example of Amazon's documentation of Signature Version 4 for S3, "GET Object".
    @Test func signsAsInTheDocumentation() throws {
        var settings = S3Settings(
            credentials: S3Credentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
        settings.region = "us-east-1"
        var request = WebRequest(
            "GET", try WebURL("https://examplebucket.s3.amazonaws.com/test.txt"), headers: [("Range", "bytes=0-9")])
        let date = try #require(Date(rfc3339: "2013-05-24T00:00:00Z"))
        S3Signature(settings: settings, date: date).sign(&request, query: "", digest: Hex.encode(sha256("")))
        #expect(
            request.headers.last?.value
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func findsBucketsOfAmazonsByHost() throws {
        let keys = S3Credentials(accessKeyID: "a", secretAccessKey: "b")
        var settings = S3Settings(region: "eu-central-1", credentials: keys)
        #expect(settings.base(of: "bucket") == "https://bucket.s3.eu-central-1.amazonaws.com")
        #expect(settings.base(of: "my.bucket") == "https://s3.eu-central-1.amazonaws.com/my.bucket")
        var request = try S3Request("GET", "bucket", "a b/c")
        #expect(
            try request.signed(settings, limits: WebLimits(), digest: "").url.text
                == "https://bucket.s3.eu-central-1.amazonaws.com/a%20b/c")
        settings.endpoint = try WebURL("http://minio.internal:9000/")
        request = try S3Request("GET", "bucket")
        request.query = [("uploads", ""), ("prefix", "ä/+")]
        #expect(
            try request.signed(settings, limits: WebLimits(), digest: "").url.text
                == "http://minio.internal:9000/bucket?prefix=%C3%A4%2F%2B&uploads=")
    }
}

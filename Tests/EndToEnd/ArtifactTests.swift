import Crypto
import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Files through the API, from the local folder and from a bucket.
@Suite(.serialized) struct ArtifactTests {
    enum Place: CaseIterable { case folder, bucket }

    private func withGateway(_ place: Place, _ body: (Stack) async throws -> Void) async throws {
        guard place == .bucket else {
            return try await withStack { stack in
                try await stack.startGateway()
                try await body(stack)
            }
        }
        let server = try await ObjectServer.start()
        defer { server.stop() }
        try await withStack(settings: [
            "SWITCHYARD_STORE": "s3://\(server.bucket)/files", "SWITCHYARD_S3_REGION": server.region,
            "SWITCHYARD_S3_ENDPOINT": "http://127.0.0.1:\(server.port)",
            "SWITCHYARD_S3_ACCESS_KEY_ID": server.keyID, "SWITCHYARD_S3_SECRET_ACCESS_KEY": server.secret,
        ]) { stack in
            try await stack.startGateway()
            try await body(stack)
        }
    }

    private func upload(_ bytes: [UInt8], _ stack: Stack) async throws -> String {
        let answer = try await stack.api.send(
            "POST", "/api/v1/files?name=r%C3%A9sum%C3%A9.bin", body: bytes,
            headers: [("Content-Type", "application/x-test")])
        #expect(answer.json["sha256"]?.stringValue == Hex.encode(sha256(bytes)), "\(answer.text)")
        return try #require(answer.json["id"]?.stringValue)
    }

    @Test(arguments: Place.allCases) func filesComeWholeAndInParts(_ place: Place) async throws {
        try await withGateway(place) { stack in
            let bytes = (0..<9_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 7) }
            let id = try await upload(bytes, stack)
            let path = "/api/v1/artifacts/\(id)"
            let whole = try await stack.api.get(path)
            #expect(whole.status == 200 && whole.body == bytes)
            #expect(whole.headers["content-length"] == "9000000" && whole.headers["accept-ranges"] == "bytes")
            let tag = try #require(whole.headers["etag"])

            let head = try await stack.api.send("HEAD", path)
            #expect(head.status == 200 && head.body.isEmpty && head.headers["content-length"] == "9000000")
            for (range, part) in [
                ("bytes=0-0", 0..<1), ("bytes=4999999-6000000", 4_999_999..<6_000_001),
                ("bytes=-7", 8_999_993..<9_000_000),
            ] {
                let answer = try await stack.api.send("GET", path, headers: [("Range", range), ("If-Range", tag)])
                #expect(answer.status == 206 && answer.body == Array(bytes[part]))
                #expect(answer.headers["content-length"] == String(part.count))
                #expect(answer.headers["content-range"] == "bytes \(part.lowerBound)-\(part.upperBound - 1)/9000000")
            }
            let outside = try await stack.api.send("GET", path, headers: [("Range", "bytes=9000000-")])
            #expect(outside.status == 416 && outside.headers["content-range"] == "bytes */9000000")
            #expect(outside.json["code"] == "range_not_satisfiable")
            let unchanged = try await stack.api.send("GET", path, headers: [("If-None-Match", tag)])
            #expect(unchanged.status == 304 && unchanged.body.isEmpty && unchanged.headers["etag"] == tag)

            let empty = try await upload([], stack)
            let nothing = try await stack.api.get("/api/v1/artifacts/\(empty)")
            #expect(nothing.status == 200 && nothing.body.isEmpty)
        }
    }

    @Test(arguments: Place.allCases) func aSignedAddressNeedsNoKey(_ place: Place) async throws {
        try await withGateway(place) { stack in
            let id = try await upload(Array("hello".utf8), stack)
            let stranger = stack.client(key: nil)
            #expect(try await stranger.get("/api/v1/artifacts/\(id)").status == 401)
            #expect(try await stranger.send("POST", "/api/v1/artifacts/\(id)/url").status == 401)
            let other = try await stack.store.createKey(namespace: "other", name: "o", scopes: [.read])
            #expect(try await stack.client(key: other).send("POST", "/api/v1/artifacts/\(id)/url").status == 404)

            let answer = try await stack.api.post("/api/v1/artifacts/\(id)/url", ["expires_in": 60])
            #expect(answer.status == 200, "\(answer.text)")
            let url = try #require(answer.json["url"]?.stringValue)
            let file = try await stranger.get(url)
            #expect(file.status == 200 && file.text == "hello")
            let part = try await stranger.send("GET", url, headers: [("Range", "bytes=1-2")])
            #expect(part.status == 206 && part.text == "el")
            #expect(try await stranger.send("HEAD", url).headers["content-length"] == "5")
            // Another gateway of the installation knows it too.
            try await stack.startGateway()
            #expect(try await stack.client(key: nil).get(url).text == "hello")

            for wrong in [
                url + "A", url.replacing("expires=", with: "expires=1"), url.replacing("&signature", with: "&x"),
            ] {
                #expect([401, 403, 400].contains(try await stranger.get(wrong).status), "\(wrong)")
            }
            #expect(
                try await stranger.get(url.replacing("expires=", with: "expires=1")).json["code"] == "bad_signature")
            let another = try await upload(Array("other".utf8), stack)
            #expect(try await stranger.get(url.replacing(id, with: another)).json["code"] == "bad_signature")

            let brief = try #require(
                try await stack.api.post("/api/v1/artifacts/\(id)/url", ["expires_in": 1]).json["url"]?.stringValue)
            try await poll("the address to end") { try await stranger.get(brief).json["code"] == "url_expired" }
            #expect(try await stranger.get(brief).status == 403)
            for seconds in [0, 604_801] {
                let refused = try await stack.api.post(
                    "/api/v1/artifacts/\(id)/url", ["expires_in": .int(Int64(seconds))])
                #expect(refused.status == 422)
            }
        }
    }

    @Test func aJobReadsAndWritesABucket() async throws {
        try await withGateway(.bucket) { stack in
            try await stack.startWorker("DocumentsWorker")
            let file = try await upload(Array("# Title\n\nSome words.".utf8), stack)
            let submitted = try await stack.api.post(
                "/api/v1/jobs",
                ["type": "document_processing", "spec": ["inputs": [["file_id": .string(file), "name": "a.md"]]]])
            let job = try #require(submitted.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(submitted.text)")
            try await stack.wait(for: [job], toBe: .completed)
            let answer = try await stack.api.get("/api/v1/jobs/\(job.text)")
            let text = answer.json["result"]?["artifacts"]?.arrayValue?.first { $0["kind"] == "text" }
            let id = try #require(text?["id"]?.stringValue, "\(answer.text)")
            #expect(try await stack.api.get("/api/v1/artifacts/\(id)").text.contains("Some words."))
            let files = stack.folder + "/files"
            let left = try FileManager.default.subpathsOfDirectory(atPath: files).filter { $0.contains("/") }
            #expect(left.isEmpty, "a bucket keeps the files, and copies go")
        }
    }
}

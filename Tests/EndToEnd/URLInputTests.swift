import Foundation
import HTTPServer
import JSON
import Jobs
import Synchronization
import TestKit
import Testing

/// Documents that a job names by URL, from a real server on loopback.
@Suite(.serialized) struct URLInputTests {
    private static let secret = "9d41c0ffee"
    private static let allowed = ["SWITCHYARD_FETCH_ALLOW": "127.0.0.1"]

    /// What the server has, by path.
    private static func answer(_ request: HTTPRequest, _ count: Int, bomb: [UInt8]) -> HTTPResponse {
        let (_, pdf) = SmallDocument.file(5)
        switch request.path {
        case "/report.md":
            return HTTPResponse(
                status: 200, headers: [("Content-Type", "application/octet-stream")],
                body: .string("# Night train\n\nIt waits."))
        case "/page":
            return HTTPResponse(
                status: 200, headers: [("Content-Type", "text/html")],
                body: .string("<title>Yard</title><p>The signal is red."))
        case "/get":
            let name = "..%2F..%2Fetc%2Fcron.d%2F%00%0D%0A%E2%80%AEyard.pdf"
            return HTTPResponse(
                status: 200, headers: [("Content-Disposition", "attachment; filename*=UTF-8''\(name)")],
                body: .bytes(pdf))
        case "/moved": return HTTPResponse(status: 307, headers: [("Location", "report.md?again=\(secret)")])
        case "/inside":
            return HTTPResponse(status: 302, headers: [("Location", "http://127.0.0.2:\(count + 1)/?\(secret)")])
        case "/endless":
            return HTTPResponse(
                status: 200,
                body: .stream { writer in
                    while true { try await writer.write([UInt8](repeating: 0x61, count: 65_536)) }
                })
        case "/bomb.txt":
            return HTTPResponse(status: 200, headers: [("Content-Encoding", "gzip")], body: .bytes(bomb))
        default: return HTTPResponse(status: 404)
        }
    }

    @Test func documentsByURL() async throws {
        try await withStack { stack in
            _ = try await runScript("head -c 1G /dev/zero | gzip > bomb.gz", in: stack.folder)
            let bomb = [UInt8](try Data(contentsOf: URL(filePath: stack.folder + "/bomb.gz")))
            let busy = Mutex(0)
            let receiver = try Receiver { request, count in
                guard request.path == "/busy.txt" else { return Self.answer(request, count, bomb: bomb) }
                let refused = busy.withLock { tries in
                    tries += 1
                    return tries <= 2
                }
                return refused ? HTTPResponse(status: 503) : .text("The yard is free again.")
            }
            try await stack.startGateway()
            let worker = try await stack.startWorker("DocumentsWorker", Self.allowed)
            let expected: [(path: String, name: String, code: String?, text: String)] = [
                ("/report.md", "report.md", nil, "Night train"), ("/page", "page", nil, "The signal is red."),
                ("/get", "yard.pdf", nil, "File 5 page 1"), ("/moved", "report.md", nil, "Night train"),
                ("/busy.txt", "busy.txt", nil, "free again"), ("/missing.pdf", "missing.pdf", "http_status", "404"),
                ("/inside", "inside", "address_not_allowed", "SWITCHYARD_FETCH_ALLOW"),
                ("/endless", "endless", "too_large", "download_bytes"),
                ("/bomb.txt", "bomb.txt", "too_large", "download_bytes"),
            ]
            let spec: JSON = [
                "inputs": .array(
                    expected.map {
                        ["url": .string("\(receiver.url($0.path))?X-Signature=\(Self.secret)#\(Self.secret)")]
                    }
                        + [["url": .string(receiver.url("/report.md")), "name": "given.md"]]),
                "limits": ["download_bytes": .int(Int64(200 << 20))],
            ]
            let before = try worker.residentPeak()
            let job = try await stack.submit(spec)
            try await stack.expectCompleted([job])
            // A body in memory would show, and that of the bomb most of all.
            #expect(try worker.residentPeak() - before < 100 << 20)

            let answer = try await stack.api.get("/api/v1/jobs/\(job.text)").json
            #expect(answer["spec"]?["inputs"] == spec["inputs"], "the spec is shown as it was submitted")
            let result = try #require(answer["result"])
            let documents = try #require(result["documents"]?.arrayValue)
            #expect(documents.map { $0["name"]?.stringValue } == expected.map(\.name) + ["given.md"])
            #expect(documents.map { $0["error"]?["code"]?.stringValue } == expected.map(\.code) + [nil])
            #expect(result["documents_processed"] == 6 && result["errors"] == 4)
            for (index, entry) in expected.enumerated() {
                let text = try await stack.text(of: index, in: result)
                let message = documents[index]["error"]?["message"]?.stringValue
                #expect((message ?? text ?? "").contains(entry.text), "\(entry.path): \(message ?? text ?? "nothing")")
            }
            #expect(busy.withLock(\.self) == 3, "refused twice, then read")

            let pages = ["jobs/\(job.text)/logs", "jobs/\(job.text)/errors", "documents?job_id=\(job.text)"]
            for page in pages {
                let text = try await stack.api.get("/api/v1/\(page)").text
                #expect(text.contains("missing.pdf") && !text.contains(Self.secret), "\(page): \(text.prefix(2000))")
            }
            #expect(!String(decoding: result.serialized(), as: UTF8.self).contains(Self.secret))
            #expect(!(try String(contentsOfFile: worker.log, encoding: .utf8)).contains(Self.secret))
            await receiver.stop()
        }
    }

    @Test func whatIsNotPublicIsOutOfReach() async throws {
        try await withStack { stack in
            let receiver = try Receiver()
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let hosts = [
                "127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0",
            ]
            let file = try await stack.api.send("POST", "/api/v1/files?name=a.txt", body: Array("Sound.".utf8))
            let job = try await stack.submit([
                "inputs": .array(
                    hosts.map { ["url": .string("http://\($0):\(receiver.port)/secret.txt")] }
                        + [["file_id": try #require(file.json["id"])]])
            ])
            try await stack.expectCompleted([job])
            let result = try await stack.api.get("/api/v1/jobs/\(job.text)").json["result"]
            let codes = (result?["documents"]?.arrayValue ?? []).map { $0["error"]?["code"]?.stringValue }
            #expect(codes == hosts.map { _ in "address_not_allowed" } + [nil])
            #expect(receiver.requests.isEmpty)

            // A password is refused before it is stored, and so is what is no web server.
            for url in [
                "http://user:\(Self.secret)@a.example/", "http://user@a.example/", "ftp://a.example/", "http://",
            ] {
                let refused = try await stack.api.post(
                    "/api/v1/jobs", ["type": "document_processing", "spec": ["inputs": [["url": .string(url)]]]])
                #expect(refused.status == 422 && !refused.text.contains(Self.secret), "\(url): \(refused.text)")
            }
            await receiver.stop()
        }
    }

    @Test func aDocumentThatIsDoneIsNotFetchedAgain() async throws {
        try await withStack { stack in
            let gate = Gate()
            let receiver = try Receiver { request, _ in
                if request.path == "/second.txt" { await gate.pass() }
                return .text("The train of \(request.path) leaves.")
            }
            func requests(_ path: String) -> Int { receiver.requests.count { $0.path == path } }
            try await stack.startGateway()
            let worker = try await stack.startWorker("DocumentsWorker", Self.allowed)
            let job = try await stack.submit(
                ["inputs": .array(["/first.txt", "/second.txt"].map { ["url": .string(receiver.url($0))] })],
                parallelism: 1)
            try await poll("the second download", details: { stack.logs }) {
                let saved = try await stack.api.get("/api/v1/jobs/\(job.text)/checkpoints").json
                return requests("/second.txt") == 1 && saved["checkpoints"]?.arrayValue?.isEmpty == false
            }
            worker.kill()
            gate.open()
            try await stack.startWorker("DocumentsWorker", Self.allowed)
            try await stack.expectCompleted([job])
            #expect(requests("/first.txt") == 1 && requests("/second.txt") == 2)
            let result = try #require(try await stack.api.get("/api/v1/jobs/\(job.text)").json["result"])
            #expect(try await stack.text(of: 0, in: result)?.contains("/first.txt") == true)
            #expect(try await stack.text(of: 1, in: result)?.contains("/second.txt") == true)
            await receiver.stop()
        }
    }

    @Test(.timeLimit(.minutes(5))) func aDownloadHasItsTimeAndItsJobsEnd() async throws {
        try await withStack { stack in
            let hasLeft = Gate()
            let receiver = try Receiver { request, _ in
                HTTPResponse(
                    status: 200,
                    body: .stream { writer in
                        defer { if request.path == "/cancelled" { hasLeft.open() } }
                        while true {
                            try await writer.write([0x61])
                            try await Task.sleep(for: .milliseconds(50))
                        }
                    })
            }
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker", Self.allowed)
            let slow = try await stack.submit([
                "inputs": [["url": .string(receiver.url("/slow"))]], "limits": ["download_seconds": 2],
            ])
            try await stack.expectCompleted([slow])
            let result = try await stack.api.get("/api/v1/jobs/\(slow.text)").json["result"]
            #expect(result?["documents"]?[0]?["error"]?["code"] == "download_timed_out")

            let cancelled = try await stack.submit(["inputs": [["url": .string(receiver.url("/cancelled"))]]])
            try await poll("the download") { receiver.requests.contains { $0.path == "/cancelled" } }
            #expect(try await stack.api.send("POST", "/api/v1/jobs/\(cancelled.text)/cancel").status == 202)
            try await stack.wait(for: [cancelled], toBe: .cancelled)
            await hasLeft.pass()
            await receiver.stop()
        }
    }
}

extension Stack {
    fileprivate func submit(_ spec: JSON, parallelism: Int? = nil) async throws -> UUID {
        var body: JSONObject = ["type": "document_processing", "spec": spec]
        if let parallelism { body["parallelism"] = .int(Int64(parallelism)) }
        let answer = try await api.post("/api/v1/jobs", .object(body))
        return try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
    }

    /// The text that was made of an input; nil when there is none.
    fileprivate func text(of input: Int, in result: JSON) async throws -> String? {
        let artifact = result["artifacts"]?.arrayValue?.first {
            $0["document"]?.intValue == input && $0["kind"] == "text"
        }
        guard let id = artifact?["id"]?.stringValue else { return nil }
        return try await api.get("/api/v1/artifacts/\(id)").text
    }
}

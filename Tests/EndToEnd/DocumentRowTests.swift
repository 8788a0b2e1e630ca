import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// What a document job has read, through the calls for documents.
@Suite(.serialized) struct DocumentRowTests {
    private static let samples = ["sample.pdf", "broken.pdf", "sample.md", "damaged-page.pdf"]

    @Test func limitsOfAJobAreThoseOfItsDocuments() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let job = try await stack.read(
                ["sample.pdf", "sample.zip", "sample.md"], limits: ["pages": 2, "members": 1])
            let documents = try #require(try await stack.ok("/documents?job_id=\(job)")["documents"]?.arrayValue)
            let top = documents.filter { $0["parent_id"] == .null }
            #expect(top.map { $0["status"] } == ["failed", "completed", "completed"])
            #expect(top.first?["error"]?["code"] == "too_many_pages")
            #expect(documents.count == 4, "one member of the archive")
            let bad = try await stack.api.post(
                "/api/v1/jobs",
                ["type": "document_processing", "spec": ["inputs": [["url": "file:///x"]], "limits": ["pages": 0]]])
            #expect(bad.status == 422, "\(bad.text)")
        }
    }

    @Test func documentsPagesAndChunksAreReadBackAsTheArtifactsTellThem() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let job = try await stack.read(Self.samples)
            let result = try #require(try await stack.ok("/jobs/\(job)")["result"])
            let documents = try #require(try await stack.ok("/documents?job_id=\(job)")["documents"]?.arrayValue)
            #expect(documents.map { $0["name"]?.stringValue } == Self.samples)
            #expect(
                documents.map { $0["path"] } == ["0", "1", "2", "3"]
                    && documents.map { $0["parent_id"] } == [.null, .null, .null, .null])
            for (row, told) in zip(documents, result["documents"]?.arrayValue ?? []) {
                for member in ["id", "name", "status", "title", "media_type", "pages", "characters", "chunks", "error"]
                {
                    #expect(row[member] ?? .null == told[member] ?? .null, "\(told["name"] ?? .null): \(member)")
                }
                #expect(row["job_id"]?.stringValue == job)
            }
            for document in documents where document["status"] == "completed" {
                try await Self.expectWhole(document, result, stack)
            }
            try await Self.expectFailed(documents[1], stack)
            try await Self.expectPaging(documents, job, stack)
            try await Self.expectNothingForStrangers(documents[0], job, stack)

            // The same work again is another job's, with rows of its own.
            let answer = try await stack.api.post("/api/v1/jobs/\(job)/rerun", [:])
            let again = try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
            try await stack.expectCompleted([again])
            let all = try #require(try await stack.ok("/documents?limit=5")["documents"]?.arrayValue)
            #expect(all.map { $0["job_id"]?.stringValue } == [again.text, again.text, again.text, again.text, job])
            #expect(Set(all.map { $0["id"] }).count == 5)
            // One that goes on from the last checkpoint does nothing again, and shows what it has from there.
            let restarted = try await stack.api.post("/api/v1/jobs/\(job)/restart", [:])
            let next = try #require(restarted.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(restarted.text)")
            try await stack.expectCompleted([next])
            #expect(try await stack.ok("/documents?job_id=\(next.text)")["documents"]?.arrayValue == documents)
        }
    }

    /// Rows and artifacts say the same.
    private static func expectWhole(_ document: JSON, _ result: JSON, _ stack: Stack) async throws {
        let name = try #require(document["name"]?.stringValue)
        let id = try #require(document["id"]?.stringValue)
        let place = document["path"]?.stringValue
        func artifact(_ kind: String) async throws -> HTTPClient.Response {
            let found = (result["artifacts"]?.arrayValue ?? []).first {
                $0["kind"]?.stringValue == kind && $0["document"]?.intValue.map(String.init) == place
            }
            return try await stack.api.get("/api/v1/artifacts/\(try #require(found?["id"]?.stringValue))")
        }
        let whole = try await artifact("document").json
        let text = Array(try await artifact("text").text.unicodeScalars)
        #expect(try await stack.ok("/documents/\(id)") == document)
        #expect(
            document["sha256"] == whole["sha256"]
                && document["language"] ?? .null == whole["metadata"]?["language"] ?? .null)
        #expect(document["authors"] == .array([whole["metadata"]?["author"] ?? .null].filter { $0 != .null }))
        #expect(document["characters"]?.intValue == text.count)

        let pages = try #require(try await stack.ok("/documents/\(id)/pages")["pages"]?.arrayValue)
        // The files of pictures are the job's; the artifact is the same whichever job has read the document.
        let told = pages.map { ["text", "image", "thumbnail"].reduce($0) { $0.without($1) } }
        #expect(told == whole["pages"]?.arrayValue, "\(name)")
        for part in pages {
            let start = try #require(part["start"]?.intValue), end = try #require(part["end"]?.intValue)
            #expect(part["text"]?.stringValue.map { Array($0.unicodeScalars) } == Array(text[start..<end]), "\(name)")
        }
        let chunks = try #require(try await stack.ok("/documents/\(id)/chunks")["chunks"]?.arrayValue)
        #expect(chunks == whole["chunks"]?.arrayValue, "\(name)")
        #expect(!chunks.isEmpty && chunks.count == document["chunks"]?.intValue)
        for page in pages.compactMap({ $0["number"]?.intValue }) {
            let ofPage = try await stack.ok("/documents/\(id)/chunks?page=\(page)")["chunks"]?.arrayValue
            #expect(ofPage == chunks.filter { $0["page"]?.intValue == page }, "\(name), page \(page)")
        }
    }

    private static func expectFailed(_ document: JSON, _ stack: Stack) async throws {
        #expect(document["status"] == "failed" && document["error"]?["message"]?.stringValue?.isEmpty == false)
        #expect((document["size_bytes"]?.intValue ?? 0) > 0 && document["sha256"]?.stringValue?.count == 64)
        let id = try #require(document["id"]?.stringValue)
        #expect(try await stack.ok("/documents/\(id)/pages") == ["pages": [], "next_cursor": .null])
        #expect(try await stack.ok("/documents/\(id)/chunks") == ["chunks": [], "next_cursor": .null])
        #expect(try await stack.ok("/documents?status=failed")["documents"]?.arrayValue == [document])
    }

    private static func expectPaging(_ documents: [JSON], _ job: String, _ stack: Stack) async throws {
        let id = try #require(documents[0]["id"]?.stringValue)
        let lists = [
            ("/documents?job_id=\(job)", "documents"), ("/documents?job_id=\(job)&status=completed", "documents"),
            ("/documents?status=completed", "documents"), ("/documents/\(id)/pages?", "pages"),
            ("/documents/\(id)/chunks?", "chunks"),
        ]
        for (path, name) in lists {
            let whole = try await stack.ok(path)[name]?.arrayValue ?? []
            var (found, cursor, calls): ([JSON], JSON, Int) = ([], .null, 0)
            repeat {
                let after = cursor.stringValue.map { "&cursor=\($0)" } ?? ""
                let page = try await stack.ok("\(path)&limit=1\(after)")
                found += page[name]?.arrayValue ?? []
                cursor = page["next_cursor"] ?? .null
                calls += 1
            } while cursor != .null && calls < 1000
            #expect(found == whole && whole.count > 1, "\(path)")
        }
    }

    private static func expectNothingForStrangers(_ document: JSON, _ job: String, _ stack: Stack) async throws {
        let stranger = stack.client(
            key: try await stack.store.createKey(namespace: "other", name: "other", scopes: [.read]))
        let id = try #require(document["id"]?.stringValue)
        for path in ["", "/pages", "/chunks"] {
            #expect(try await stranger.get("/api/v1/documents/\(id)\(path)").status == 404)
        }
        for query in ["", "?job_id=\(job)"] {
            #expect(try await stranger.get("/api/v1/documents\(query)").json["documents"] == [])
        }
        #expect(try await stack.api.get("/api/v1/documents/nonsense").status == 404)
    }
}

extension Stack {
    /// Has samples read as one job; answers its id when it has completed.
    func read(_ samples: [String], limits: JSON = [:]) async throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "compose/samples")
        var inputs: [JSON] = []
        for name in samples {
            let bytes = Array(try Data(contentsOf: folder.appending(path: name)))
            let response = try await api.send("POST", "/api/v1/files?name=\(name)", body: bytes)
            inputs.append(["file_id": try #require(response.json["id"], "\(response.text)")])
        }
        let answer = try await api.post(
            "/api/v1/jobs", ["type": "document_processing", "spec": ["inputs": .array(inputs), "limits": limits]])
        let id = try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
        try await expectCompleted([id])
        return id.text
    }

    /// The answer to a read that must succeed.
    func ok(_ path: String) async throws -> JSON {
        let response = try await api.get("/api/v1" + path)
        #expect(response.status == 200, "\(path): \(response.text)")
        return response.json
    }
}

extension JSON {
    /// The object without one of its members.
    func without(_ key: String) -> JSON {
        guard var members = objectValue else { return self }
        members[key] = nil
        return .object(members)
    }
}

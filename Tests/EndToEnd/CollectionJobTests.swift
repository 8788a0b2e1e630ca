import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// A job whose inputs hold documents: each is a document of the result, with a place and files of its own.
@Suite(.serialized) struct CollectionJobTests {
    @Test func anArchiveOfAllKinds() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "compose/samples")
            var inputs: [JSON] = []
            for name in ["sample.zip", "sample.txt"] {
                let bytes = Array(try Data(contentsOf: folder.appending(path: name)))
                let response = try await stack.api.send("POST", "/api/v1/files?name=\(name)", body: bytes)
                inputs.append(["file_id": try #require(response.json["id"], "\(response.text)")])
            }
            let submitted = try await stack.api.post(
                "/api/v1/jobs", ["type": "document_processing", "spec": ["inputs": .array(inputs)]])
            let job = try #require(submitted.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(submitted.text)")
            try await stack.expectCompleted([job])
            let answer = try await stack.api.get("/api/v1/jobs/\(job.text)").json
            let result = try #require(answer["result"])
            let documents = result["documents"]?.arrayValue ?? []
            func fields(_ name: String) -> [String?] { documents.map { $0[name]?.stringValue } }
            let paths = fields("path").compactMap(\.self)
            #expect(paths == Self.expected.map(\.path))
            #expect(fields("name") == Self.expected.map(\.name))
            #expect(documents.map { $0["error"]?["code"]?.stringValue } == Self.expected.map(\.code))
            #expect(fields("parent") == paths.map(Self.parent))
            #expect(documents.compactMap { $0["index"]?.intValue } == paths.map { $0.hasPrefix("0") ? 0 : 1 })
            let failed = Self.expected.count { $0.code != nil }
            #expect(result["documents_processed"]?.intValue == Self.expected.count - failed)
            #expect(result["errors"]?.intValue == failed)

            let artifacts = result["artifacts"]?.arrayValue ?? []
            for (path, code) in Self.expected.map({ ($0.path, $0.code) }) {
                let kinds = artifacts.filter { $0["path"]?.stringValue == path }.compactMap { $0["kind"]?.stringValue }
                #expect(
                    kinds.contains("text") == (code == nil) && kinds.contains("document") == (code == nil), "\(path)")
            }
            #expect(Set(artifacts.compactMap { $0["id"]?.stringValue }).count == artifacts.count)
            let attachment = try #require(
                artifacts.first { $0["path"]?.stringValue == "0/3" && $0["kind"]?.stringValue == "text" })
            #expect(attachment["name"]?.stringValue == "0-3-outside.txt.txt")
            let text = try await stack.api.get("/api/v1/artifacts/\(attachment["id"]?.stringValue ?? "")").text
            #expect(text.hasPrefix("The night train"))

            let pages = documents.filter { $0["status"] == "completed" }
                .reduce(0) { $0 + ($1["pages"]?.intValue ?? 1) }
            #expect(answer["progress"]?["completed"]?.intValue == pages)
            let errors = try await stack.api.get("/api/v1/jobs/\(job.text)/errors").json["errors"]?.arrayValue ?? []
            #expect(errors.count == failed)
        }
    }

    private static func parent(of path: String) -> String? {
        path.lastIndex(of: "/").map { String(path[..<$0]) }
    }

    /// What `compose/samples/holders.py` puts in, and how it ends.
    private static let expected: [(path: String, name: String, code: String?)] = [
        ("0", "sample.zip", nil), ("0/0", "plan.pdf", nil), ("0/1", "notes/handbook.docx", nil),
        ("0/2", "mail.eml", nil), ("0/2/0", "Größe.txt", nil), ("0/2/1", "Über.pdf", nil), ("0/2/2", "東京.eml", nil),
        ("0/3", "../../outside.txt", nil), ("0/4", "locked.txt", "encrypted"),
        ("0/5", "broken.pdf", "corrupt"), ("1", "sample.txt", nil),
    ]
}

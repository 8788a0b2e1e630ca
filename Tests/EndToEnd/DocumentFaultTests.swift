import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// The documents worker broken in mid-document: what a checkpoint tells of is never done again, the rest is.
@Suite(.serialized) struct DocumentFaultTests {
    private static let count = 12
    private static let paragraphs = 20_000

    @Test("kill -9 of the documents worker in mid-document") func killedInMidDocument() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker("DocumentsWorker")
            var inputs: [JSON] = []
            for number in 0..<Self.count {
                let response = try await stack.api.send(
                    "POST", "/api/v1/files?name=\(number).txt", body: Array(Self.text(number).utf8),
                    headers: [("Content-Type", "text/plain; charset=utf-8")])
                let id = try #require(response.json["id"], "\(response.text)")
                inputs.append(["file_id": id])
            }
            let submitted = try await stack.api.post(
                "/api/v1/jobs", ["type": "document_processing", "spec": ["inputs": .array(inputs)]])
            let job = try #require(submitted.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(submitted.text)")

            var finished: Set<Int> = []
            try await poll("a checkpoint, and documents under way behind it", details: { stack.logs }) {
                finished = try await stack.documentsInCheckpoint(of: job)
                return !finished.isEmpty
            }
            worker.kill()
            // One more may have been committed between the look and the kill.
            finished = try await stack.documentsInCheckpoint(of: job)
            #expect(finished.count < Self.count, "the job was over before the kill")
            try await stack.startWorker("DocumentsWorker")
            try await stack.expectCompleted([job])

            let answer = try await stack.api.get("/api/v1/jobs/\(job.text)").json
            #expect(answer["attempt"]?.intValue == 2)
            #expect(answer["crashes"]?.intValue == 1)
            let result = try #require(answer["result"])
            #expect(result["documents_processed"]?.intValue == Self.count)
            let documents = result["documents"]?.arrayValue ?? []
            #expect(documents.compactMap { $0["index"]?.intValue } == (0..<Self.count).map(\.self))
            let texts = (result["artifacts"]?.arrayValue ?? []).filter { $0["kind"]?.stringValue == "text" }
            #expect(texts.count == Self.count)
            for (number, artifact) in texts.enumerated() {
                let id = try #require(artifact["id"]?.stringValue)
                let text = try await stack.api.get("/api/v1/artifacts/\(id)").text
                #expect(text == Self.text(number).trimmingCharacters(in: .newlines), "document \(number)")
            }
            let repeated = try await stack.documentsLogged(of: job, attempt: 2).intersection(finished)
            #expect(repeated.isEmpty, "done twice: \(repeated.sorted())")
        }
    }

    /// About 2 MB that no other document has.
    private static func text(_ number: Int) -> String {
        (0..<paragraphs).map {
            "Document \(number), paragraph \($0). A wagon is never lost; it waits in its siding for a while."
        }
        .joined(separator: "\n\n")
    }
}

extension Stack {
    /// The documents that the checkpoints tell of, by their place among the inputs.
    fileprivate func documentsInCheckpoint(of job: UUID) async throws -> Set<Int> {
        let rows = try await database.query(
            """
            SELECT (entry->>'index')::bigint AS place FROM checkpoint_entries WHERE job_id = \(job)
            """)
        return Set(try rows.map { try $0.decode("place", as: Int.self) })
    }

    /// The documents that an attempt has read, by its log.
    fileprivate func documentsLogged(of job: UUID, attempt: Int32) async throws -> Set<Int> {
        let rows = try await database.query(
            """
            SELECT substring(message FROM '^([0-9]+)[.]txt: ')::bigint AS place FROM job_logs
            WHERE job_id = \(job) AND attempt = \(attempt) AND operator = 'extract'
            """)
        return Set(try rows.map { try $0.decode("place", as: Int.self) })
    }
}

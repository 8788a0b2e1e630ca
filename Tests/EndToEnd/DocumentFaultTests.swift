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
            try await expectRows(of: job, on: stack, documents)
            let repeated = try await stack.documentsLogged(of: job, attempt: 2).intersection(finished)
            #expect(repeated.isEmpty, "done twice: \(repeated.sorted())")
        }
    }

    @Test("kill -9 of the documents worker in mid-PDF") func killedBetweenPages() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker("DocumentsWorker")
            let pages = (1...1300).map { number in
                (0..<40).map {
                    line(72, 800 - Double($0) * 18, "Page \(number), line \($0): a wagon waits in its siding.")
                }
                .joined()
            }
            let uploaded = try await stack.api.send(
                "POST", "/api/v1/files?name=long.pdf", body: Array(makePDF(pages)),
                headers: [("Content-Type", "application/pdf")])
            let file = try #require(uploaded.json["id"], "\(uploaded.text)")
            func submit() async throws -> UUID {
                let spec: JSON = ["inputs": [["file_id": file]]]
                let submitted = try await stack.api.post(
                    "/api/v1/jobs", ["type": "document_processing", "spec": spec])
                return try #require(submitted.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(submitted.text)")
            }
            func hashes(_ job: UUID) async throws -> [String?] {
                let result = try await stack.api.get("/api/v1/jobs/\(job.text)").json["result"]
                return (result?["artifacts"]?.arrayValue ?? []).map { $0["sha256"]?.stringValue }
            }
            let job = try await submit()
            try await poll("pages in a checkpoint, and others behind them", details: { stack.logs }) {
                try await stack.pagesInCheckpoint(of: job).isEmpty == false
            }
            worker.kill()
            let kept = try await stack.pagesInCheckpoint(of: job)
            #expect(kept.count < 3, "the job was over before the kill")
            try await stack.startWorker("DocumentsWorker")
            try await stack.expectCompleted([job])
            let all = try await stack.pagesInCheckpoint(of: job)
            #expect(all == [1, 501, 1001], "each once, those of the first attempt too")
            let undisturbed = try await submit()
            try await stack.expectCompleted([undisturbed])
            let (first, second) = (try await hashes(job), try await hashes(undisturbed))
            #expect(first == second && first.count == 3)
            let files = try await stack.api.get("/api/v1/jobs/\(job.text)/results").json["artifacts"]?.arrayValue ?? []
            #expect(files.count == 3, "what was kept of the pages has no use any more")
        }
    }

    @Test func aSecondReadingWritesWhatIsMissingAndNothingElse() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let job = try #require(UUID(text: try await stack.read(["sample.pdf", "broken.pdf", "sample.md"])))
            let (rows, places) = (try await stack.rows(of: job), try await stack.places(of: job))
            #expect(rows.count == places.count && rows.count > 10)
            // As after a death behind the documents' rows, ahead of the first checkpoint.
            try await stack.forgetCheckpoints(of: job)
            #expect(try await stack.places(of: job) == places, "not one was written anew")
            // As after a death among the first document's rows.
            try await stack.database.pipeline([
                "DELETE FROM documents WHERE job_id = \(job) AND path = ARRAY[0]",
                "DELETE FROM document_chunks WHERE document_id = \(DocumentRecord.id(job: job, path: [0])) AND number >= 1",
            ])
            #expect(try await stack.rows(of: job) != rows)
            try await stack.forgetCheckpoints(of: job)
            #expect(try await stack.rows(of: job) == rows)
        }
    }

    /// Each document has its rows once, whole, whichever attempt wrote them.
    private func expectRows(of job: UUID, on stack: Stack, _ result: [JSON]) async throws {
        let rows = try await stack.api.get("/api/v1/documents?job_id=\(job.text)").json["documents"]?.arrayValue ?? []
        #expect(rows.map { $0["id"] } == result.map { $0["id"] })
        #expect(rows.map { $0["path"]?.stringValue } == (0..<Self.count).map(String.init))
        #expect(rows.map { $0["chunks"] } == result.map { $0["chunks"] })
        let chunks = try await stack.database.query(
            """
            SELECT count(*) AS n, coalesce(max(number), -1) + 1 AS numbered, bool_and(text LIKE '%Document ' || d.path[1] || ', %') AS own
            FROM documents d JOIN document_chunks c ON c.job_id = d.job_id AND c.document_id = d.id
            WHERE d.job_id = \(job) GROUP BY d.path ORDER BY d.path
            """)
        let wanted = result.compactMap { $0["chunks"]?.intValue }
        #expect(try chunks.map { try $0.decode("n", as: Int.self) } == wanted)
        #expect(try chunks.map { try $0.decode("numbered", as: Int.self) } == wanted)
        #expect(try chunks.allSatisfy { try $0.decode("own") })
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
    func documentsInCheckpoint(of job: UUID) async throws -> Set<Int> {
        let rows = try await database.query(
            """
            SELECT (entry->>'index')::bigint AS place FROM checkpoint_entries
            WHERE job_id = \(job) AND entry->>'index' IS NOT NULL
            """)
        return Set(try rows.map { try $0.decode("place", as: Int.self) })
    }

    /// The first pages of the ranges that the checkpoints tell of.
    fileprivate func pagesInCheckpoint(of job: UUID) async throws -> [Int] {
        let rows = try await database.query(
            """
            SELECT (entry->>'firstPage')::bigint AS page FROM checkpoint_entries
            WHERE job_id = \(job) AND entry->>'firstPage' IS NOT NULL ORDER BY 1
            """)
        return try rows.map { try $0.decode("page", as: Int.self) }
    }

    /// Has a job that has ended done once more from its start, as if its worker had died before it could save anything.
    fileprivate func forgetCheckpoints(of job: UUID) async throws {
        try await database.pipeline([
            "DELETE FROM checkpoints WHERE job_id = \(job)", "DELETE FROM checkpoint_entries WHERE job_id = \(job)",
            """
            UPDATE jobs SET status = 'queued', finished_at = NULL, lease_until = NULL, dispatched_at = NULL, result = NULL
            WHERE id = \(job)
            """,
        ])
        try await wait(for: [job], toBe: .completed)
    }

    /// What the rows of a job's documents say, without what is another job's own: ids that come of the job's, and times.
    func rows(of job: UUID) async throws -> [String] {
        try await database.query(
            """
            SELECT (to_jsonb(d) - ARRAY['id', 'job_id', 'created_at', 'updated_at'])::text AS row FROM documents d WHERE job_id = \(job)
            UNION ALL SELECT concat(d.path::text, to_jsonb(p) - ARRAY['job_id', 'document_id']) FROM document_pages p
                LEFT JOIN documents d ON d.id = p.document_id WHERE p.job_id = \(job)
            UNION ALL SELECT concat(d.path::text, to_jsonb(c) - ARRAY['job_id', 'document_id']) FROM document_chunks c
                LEFT JOIN documents d ON d.id = c.document_id WHERE c.job_id = \(job)
            ORDER BY row
            """
        ).map { try $0.decode("row") }
    }

    /// Where each of these rows stands: one that is written again moves.
    fileprivate func places(of job: UUID) async throws -> [String] {
        try await database.query(
            """
            SELECT 'd' || ctid::text AS place FROM documents WHERE job_id = \(job)
            UNION ALL SELECT 'p' || ctid::text FROM document_pages WHERE job_id = \(job)
            UNION ALL SELECT 'c' || ctid::text FROM document_chunks WHERE job_id = \(job) ORDER BY place
            """
        ).map { try $0.decode("place") }
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

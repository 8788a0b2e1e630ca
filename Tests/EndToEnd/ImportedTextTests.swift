import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Imports whose rows become texts to embed, or documents.
@Suite(.serialized) struct ImportedTextTests {
    private static let models = ["SWITCHYARD_MODELS": ProcessInfo.processInfo.environment["SWITCHYARD_MODELS"] ?? ""]

    private static let articles = """
        Key,Body,Headline,Link
        a1,"Mix flour, water, salt and sourdough, and bake the loaf in an iron pot.",Bread,https://a.example/bread
        a2,The moon pulls at the water and the sea rises twice a day.,Tides,https://a.example/tides
        a3,Gannets dive for mackerel and nest on the northern cliff.,Birds,https://a.example/birds

        """

    /// Brings up what makes rows into texts; the worker that embeds registers its type.
    private func withImports(
        embeds: Bool, _ body: (Stack, ServiceProcess) async throws -> Void
    ) async throws {
        try await withStack(settings: Self.models) { stack in
            try await stack.startGateway()
            let embedder = try await stack.startWorker("EmbeddingsWorker")
            if !embeds { embedder.terminate() }
            try await body(stack, try await stack.startWorker("ExportsWorker"))
        }
    }

    @Test func rowsAreEmbeddedAndFound() async throws {
        try await withImports(embeds: true) { stack, _ in
            let result = try await stack.imported(
                Self.articles,
                [
                    "target": ["texts": ["labels": ["from": "rows"], "chunking": ["tokens": 64]]],
                    "mapping": ["Key": "id", "Body": "text", "Headline": "title", "Link": "url"],
                ])
            #expect(result["loaded"] == 3 && result["jobs"]?["count"] == 1, "\(result)")
            #expect(result["jobs"]?["type"] == "batch_embedding")
            let job = try #require(result["jobs"]?["ids"]?[0]?.stringValue.flatMap(UUID.init(text:)))
            // Whoever needs the vectors waits for the jobs.
            let end = try await stack.ended(job)
            #expect(end["result"]?["sources"] == 3 && end["parent_id"] == result["import_id"], "\(end)")
            let hits = try await stack.api.post(
                "/api/v1/search",
                ["query": "how to make a sourdough loaf", "filters": ["labels": ["from": "rows"]]])
            #expect(hits.json["hits"]?[0]?["source"]?["url"] == "https://a.example/bread", "\(hits.text)")
            #expect(hits.json["hits"]?[0]?["source"]?["title"] == "Bread")

            let bad = try await stack.imported(
                "id,text,url\nb1,words,\n,words,\nb3,,https://x\n", ["target": ["texts": [:]], "on_error": "skip"])
            #expect(bad["loaded"] == 1 && bad["rejected"] == 2, "\(bad)")
            let cases: [(text: String, target: JSON, code: String)] = [
                ("id,words\n1,2\n", ["texts": [:]], "invalid_mapping"),
                ("id,text\n1,2\n", ["texts": ["chunking": ["tokens": 1]]], "invalid_target"),
                ("id,text\n1,2\n", ["documents": ["chunking": ["size": 100, "overlap": 90]]], "invalid_chunking"),
                ("name,title\n1,2\n", ["documents": [:]], "invalid_mapping"),
            ]
            for (text, target, code) in cases {
                let end = try await stack.ended(try await stack.startImport(text, ["target": target]))
                #expect(end["error"]?["code"]?.stringValue == code, "\(end)")
            }
        }
    }

    @Test func aWorkerThatIsKilledTenTimesHandsEachTextOnOnce() async throws {
        try await withImports(embeds: false) { stack, first in
            let count = 40_000
            var csv = "id,text\n"
            for number in 1...count { csv += "key-\(number),\(String(repeating: "word \(number) ", count: 40))\n" }
            let job = try await stack.startImport(csv, ["target": ["texts": [:]]])
            let end = try await stack.endedAfterTenKills(job, worker: first)
            #expect(end["result"]?["loaded"]?.intValue == count, "\(end)")
            let found = try await stack.database.query(
                """
                SELECT count(*) AS n, count(DISTINCT t->>'id') AS ids, count(DISTINCT j.id) AS jobs,
                    bool_and(left(t->>'text', 11) = left('word ' || substr(t->>'id', 5) || ' word', 11)) AS same
                FROM jobs j, jsonb_array_elements(j.spec->'texts') t WHERE j.type = 'batch_embedding' AND j.parent_id = \(job)
                """)[0]
            #expect(try found.decode("n", as: Int.self) == count && found.decode("ids", as: Int.self) == count)
            #expect(try found.decode("same", as: Bool.self))
            #expect(try found.decode("jobs", as: Int.self) == end["result"]?["jobs"]?["count"]?.intValue)
            let sizes = try await stack.database.query(
                "SELECT max(octet_length(spec::text)) AS most, count(*) AS n FROM jobs WHERE parent_id = \(job)")[0]
            #expect(try sizes.decode("most", as: Int.self) < Submission.maxSpecBytes)
            #expect(try sizes.decode("n", as: Int.self) > 10, "texts of several megabytes")
        }
    }

    @Test func rowsAreDocumentsThatAreListedExportedAndEmbedded() async throws {
        try await withImports(embeds: true) { stack, _ in
            let file = try await stack.api.send(
                "POST", "/api/v1/files?name=rows.csv", body: Array(Self.articles.utf8),
                headers: [("Content-Type", "text/csv")])
            let rows: JSON = [
                "type": "import",
                "spec": [
                    "source": ["file_id": try #require(file.json["id"])],
                    "target": ["documents": ["chunking": ["size": 100, "overlap": 0]]],
                    "mapping": ["Body": "text", "Headline": "title", "Link": "url"],
                ],
            ]
            let flow = try await stack.startWorkflow([
                "rows": rows,
                "embed": [
                    "type": "batch_embedding", "spec": ["documents": [["$ref": "#/jobs/rows/result/import_id"]]],
                ],
            ])
            let done = try await stack.wait(forWorkflow: flow, toBe: "completed")
            let job = try #require(done["jobs"]?["rows"]?["id"]?.stringValue)
            let embedded = try #require(done["jobs"]?["embed"]?["id"]?.stringValue)
            let result = try await stack.api.get("/api/v1/jobs/\(embedded)").json["result"]
            #expect(result?["sources"] == 3 && result?["failed"] == 0, "\(result ?? .null)")
            let list = try await stack.api.get("/api/v1/documents?job_id=\(job)").json
            let documents = try #require(list["documents"]?.arrayValue)
            #expect(documents.compactMap { $0["title"]?.stringValue } == ["Bread", "Tides", "Birds"], "\(list)")
            #expect(documents.compactMap { $0["path"]?.stringValue } == ["0", "1", "2"])
            #expect(documents[0]["name"] == "https://a.example/bread" && documents[0]["status"] == "completed")
            #expect(documents[1]["characters"] == 58 && documents[1]["chunks"] == 1, "\(documents[1])")
            let id = try #require(documents[1]["id"]?.stringValue)
            let chunks = try await stack.api.get("/api/v1/documents/\(id)/chunks").json
            #expect(
                chunks["chunks"]?[0]?["text"] == "The moon pulls at the water and the sea rises twice a day.",
                "\(chunks)")
            let hits = try await stack.api.post("/api/v1/search", ["query": "seabirds that catch fish"]).json
            #expect(hits["hits"]?[0]?["source"]?["title"] == "Birds", "\(hits)")
            let export = try await stack.ended(
                stack.submit(
                    "export", ["sources": [["dataset": "chunks", "parameters": ["jobs": [.string(job)]]]]]))
            #expect(export["result"]?["rows"] == 3, "\(export)")
        }
    }

    @Test func aWorkerThatIsKilledTenTimesMakesEveryDocumentOnce() async throws {
        try await withImports(embeds: false) { stack, first in
            let count = 12_000
            var csv = "text,name\n"
            for number in 1...count { csv += "\(String(repeating: "word \(number) ", count: 30)),document \(number)\n" }
            let job = try await stack.startImport(
                csv, ["target": ["documents": ["chunking": ["size": 100, "overlap": 10]]]])
            let end = try await stack.endedAfterTenKills(job, worker: first)
            #expect(end["result"]?["loaded"]?.intValue == count, "\(end)")
            let found = try await stack.database.query(
                """
                SELECT count(*) AS n, count(DISTINCT path) AS paths, bool_and(name = 'document ' || path[1] + 1) AS same,
                    sum(chunks)::bigint AS chunks, (SELECT count(*) FROM document_chunks WHERE job_id = \(job)) AS written
                FROM documents WHERE job_id = \(job)
                """)[0]
            #expect(try found.decode("n", as: Int.self) == count && found.decode("paths", as: Int.self) == count)
            #expect(try found.decode("same", as: Bool.self))
            #expect(try found.decode("chunks", as: Int.self) == found.decode("written", as: Int.self))
        }
    }
}

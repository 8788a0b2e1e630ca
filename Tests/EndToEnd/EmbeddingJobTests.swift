import Foundation
import HTTPServer
import JSON
import Jobs
import TestKit
import Testing

/// Embeddings by the model that is fetched for tests, from their sources to what a search finds.
@Suite(.serialized) struct EmbeddingJobTests {
    private static let models = ["SWITCHYARD_MODELS": ProcessInfo.processInfo.environment["SWITCHYARD_MODELS"] ?? ""]

    private static let site: [String: String] = [
        "/": """
        <h1>The lighthouse keepers' almanac</h1><p>Short articles about life on the coast: <a href="/tides">tides</a>,
        <a href="/bread">baking</a>, <a href="/lamp">the lamp</a> and <a href="/birds">birds</a>.</p>
        """,
        "/tides": """
        <h1>Tides</h1><p>The sea rises and falls twice a day because the moon pulls at the water. When sun and moon stand in one line, the
        spring tide lifts the boats higher than in the weeks between, and the lower landing stage stands dry at noon.</p>
        """,
        "/bread": """
        <h1>Bread</h1><p>Mix flour, water, salt and a spoonful of sourdough, and let the dough rest beside the stove overnight. Fold it in
        the morning, shape a round loaf and bake it in the iron pot until the crust is dark and sounds hollow.</p>
        """,
        "/lamp": """
        <h1>The lamp</h1><p>A burner of brass with five wicks stands inside the great lens. Each evening the keeper trims the wicks, fills the oil
        and winds the clockwork that turns the lens, so that ships see one flash in every eight seconds.</p>
        """,
        "/birds": """
        <h1>Birds</h1><p>Gannets nest on the northern cliff from March. They dive for mackerel from thirty metres, fold their wings at the last
        moment, and come up with a fish in the beak while the gulls quarrel over what is left.</p>
        """,
    ]

    private static let report = """
        # Harbour accounts

        ## Repairs

        The council paid for a new mooring chain and two hundred oak planks for the pier. The carpenter asked for less than in the year before.

        ## Income

        Most of the money came from berth fees of visiting yachts, and a little from the sale of old anchors.
        """

    @Test func aWorkflowLeadsFromACrawlToAnAnswer() async throws {
        try await withStack(settings: Self.models) { stack in
            let site = try Receiver { request, _ in
                guard let body = Self.site[request.path] else { return .text("none\n", status: 404) }
                return HTTPResponse(
                    status: 200, headers: [("Content-Type", "text/html; charset=utf-8")],
                    body: .string("<!DOCTYPE html><html lang=en><title>Almanac</title><main>\(body)</main></html>"))
            }
            let address = site.url("")
            try await stack.startGateway()
            for worker in ["CrawlingWorker", "DocumentsWorker", "EmbeddingsWorker"] {
                try await stack.startWorker(worker, CrawlJobTests.allowed)
            }
            let file = try await stack.api.send(
                "POST", "/api/v1/files?name=accounts.md", body: Array(Self.report.utf8),
                headers: [("Content-Type", "text/markdown")])
            let flow = try await stack.startWorkflow([
                "crawl": [
                    "type": "web_crawling",
                    "spec": ["seeds": [.string(site.url("/"))], "per_host": ["delay_ms": 0, "concurrency": 4]],
                ],
                "read": [
                    "type": "document_processing", "spec": ["inputs": [["file_id": try #require(file.json["id"])]]],
                ],
                "embed": [
                    "type": "batch_embedding",
                    "spec": [
                        "pages": [["$ref": "#/jobs/crawl/id"]], "documents": [["$ref": "#/jobs/read/id"]],
                        "labels": ["collection": "coast"],
                    ],
                ],
            ])
            let done = try await stack.wait(forWorkflow: flow, toBe: "completed")
            await site.stop()
            let id = try #require(done["jobs"]?["embed"]?["id"]?.stringValue)
            let result = try #require(try await stack.api.get("/api/v1/jobs/\(id)").json["result"])
            #expect(result["sources"] == 6 && result["failed"] == 0 && result["dimensions"] == 384, "\(result)")
            #expect(result["embedded"] == result["chunks"])

            for (query, answer) in [
                ("How do I make a sourdough loaf?", "\(address)/bread"),
                ("why does the water level change over the day", "\(address)/tides"),
                ("seabirds that catch fish", "\(address)/birds"),
                ("what do sailors see from the tower at night", "\(address)/lamp"),
            ] {
                for mode in ["vector", "hybrid"] {
                    let hits = try await stack.search(["query": .string(query), "mode": .string(mode)])
                    #expect(
                        hits.first?["source"]?["url"]?.stringValue == answer,
                        "\(mode): \(query): \(hits.first ?? .null)")
                }
            }
            let hits = try await stack.search([
                "query": "Who paid for wood and metal?",
                "filters": ["kinds": ["document"], "labels": ["collection": "coast"]],
            ])
            #expect(hits.first?["text"]?.stringValue?.contains("oak planks") == true, "\(hits)")
            #expect(hits.allSatisfy { $0["source"]?["kind"] == "document" })
            let none = try await stack.search(["query": "oak planks", "filters": ["labels": ["collection": "other"]]])
            #expect(none.isEmpty)
        }
    }

    private static func texts(_ count: Int, changed: Set<Int> = []) -> JSON {
        .array(
            (0..<count).map { number in
                let text =
                    "Wagon \(number) of the night train carries \(number * 7 % 13) crates of apples\(changed.contains(number) ? ", and pears" : "")."
                return ["id": .string("wagon-\(number)"), "text": .string(text)]
            })
    }

    @Test func whatIsKnownIsNotEmbeddedAgain() async throws {
        try await withStack(settings: Self.models) { stack in
            try await stack.startGateway()
            try await stack.startWorker("EmbeddingsWorker")
            let first = try await stack.embed(["texts": Self.texts(40)])
            #expect(first["embedded"] == 40 && first["unchanged"] == 0 && first["sources"] == 40, "\(first)")
            let again = try await stack.embed(["texts": Self.texts(40, changed: [3, 4])])
            #expect(again["embedded"] == 2 && again["unchanged"] == 38 && again["chunks"] == 40, "\(again)")
            let hits = try await stack.search(["query": "pears", "mode": "text", "top_k": 50])
            #expect(Set(hits.compactMap { $0["source"]?["id"]?.stringValue }) == ["wagon-3", "wagon-4"])
            // The same text elsewhere has its vector already.
            let other = try await stack.embed(["texts": Self.texts(40), "labels": ["copy": "1"]])
            #expect(other["embedded"] == 0 && other["failed"] == 0, "\(other)")
            // Of two versions in one batch the later one counts.
            let twice = try await stack.embed([
                "texts": [["id": "twice", "text": "a first quince"], ["id": "twice", "text": "a second quince"]]
            ])
            #expect(twice["sources"] == 2 && twice["chunks"] == 1, "\(twice)")
            let found = try await stack.search(["query": "quince", "mode": "text"])
            #expect(found.map { $0["text"]?.stringValue } == ["a second quince"])
            let blank = try await stack.embed(["texts": [["id": "blank", "text": " \n "]]])
            #expect(blank["sources"] == 1 && blank["chunks"] == 0)
            // Ids that only look alike are two.
            let alike = try await stack.embed([
                "texts": [["id": "caf\u{e9}", "text": "a medlar"], ["id": "cafe\u{301}", "text": "another medlar"]]
            ])
            #expect(alike["chunks"] == 2, "\(alike)")
            #expect(try await stack.search(["query": "medlar", "mode": "text"]).count == 2)
        }
    }

    @Test func aKilledJobGoesOnWithoutEmbeddingAgain() async throws {
        try await withStack(settings: Self.models) { stack in
            try await stack.startGateway()
            var worker = try await stack.startWorker("EmbeddingsWorker", ["SWITCHYARD_LEASE": "2s"])
            let job = try await stack.submitEmbedding(["texts": Self.texts(600)])
            for goal in [120, 350] {
                try await poll("\(goal) vectors", within: .seconds(120), details: { stack.logs }) {
                    try await stack.countVectors() >= goal
                }
                worker.kill()
                worker = try await stack.startWorker("EmbeddingsWorker", ["SWITCHYARD_LEASE": "2s"])
            }
            try await stack.expectCompleted([job], within: .seconds(240))
            let result = try #require(try await stack.api.get("/api/v1/jobs/\(job.text)").json["result"])
            #expect(result["sources"] == 600 && result["chunks"] == 600 && result["failed"] == 0, "\(result)")
            #expect(result["unchanged"] == 0, "what this job has embedded was not embedded before it")
            #expect(try await stack.countVectors() == 600)
            let ready = try await stack.database.query(
                """
                SELECT count(*) AS n FROM embedding_sources s JOIN embedding_chunks c ON c.source = s.id
                JOIN embedding_vectors v ON v.id = c.vector WHERE s.state = 'ready' AND s.chunks = 1
                """)
            #expect(try ready.first?.decode("n", as: Int64.self) == 600)
        }
    }

    @Test func whatCannotBeDoneIsSaid() async throws {
        try await withStack(settings: Self.models) { stack in
            try await stack.startGateway()
            try await stack.startWorker("EmbeddingsWorker")
            let embedded = try await stack.submitEmbedding(["texts": Self.texts(1)])
            try await stack.expectCompleted([embedded], within: .seconds(120))
            for (spec, code): (JSON, String) in [
                (["texts": Self.texts(1), "model": "none-such"], "model_unusable"),
                (["texts": Self.texts(1), "chunking": ["tokens": 4000]], "invalid_chunking"),
                (["texts": Self.texts(1), "chunking": ["tokens": 100, "overlap": 60]], "invalid_chunking"),
                (["pages": [.string(UUID().text)]], "unknown_crawl"),
                (["documents": [.string(UUID().text)]], "unknown_documents"),
                (["documents": [.string(embedded.text)]], "unknown_documents"),
            ] {
                let job = try await stack.submitEmbedding(spec)
                try await stack.wait(for: [job], toBe: .failed, within: .seconds(60))
                let error = try await stack.api.get("/api/v1/jobs/\(job.text)").json["error"]
                #expect(error?["code"]?.stringValue == code, "\(error ?? .null)")
            }
            let empty = try await stack.api.post("/api/v1/jobs", ["type": "batch_embedding", "spec": [:]])
            #expect(empty.status == 422 || empty.status == 400, "\(empty.text)")
        }
    }
}

extension Stack {
    func submitEmbedding(_ spec: JSON) async throws -> UUID {
        let answer = try await api.post("/api/v1/jobs", ["type": "batch_embedding", "spec": spec])
        return try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
    }

    /// The result of a job that embeds.
    func embed(_ spec: JSON) async throws -> JSON {
        let job = try await submitEmbedding(spec)
        try await expectCompleted([job], within: .seconds(120))
        return try #require(try await api.get("/api/v1/jobs/\(job.text)").json["result"])
    }

    func search(_ request: JSON) async throws -> [JSON] {
        let answer = try await api.post("/api/v1/search", request)
        return try #require(answer.json["hits"]?.arrayValue, "\(answer.text)")
    }

    fileprivate func countVectors() async throws -> Int {
        let rows = try await database.query("SELECT count(*) AS n FROM embedding_vectors")
        return Int(try rows.first?.decode("n", as: Int64.self) ?? 0)
    }
}

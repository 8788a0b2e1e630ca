import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Exports of what a search finds: the same as the API answers, but more of it, in every format.
@Suite(.serialized) struct SearchExportTests {
    private static let models = ["SWITCHYARD_MODELS": ProcessInfo.processInfo.environment["SWITCHYARD_MODELS"] ?? ""]

    /// Texts about boats, or about bread; the number makes each its own.
    private static func texts(aboutBoats: Bool) -> JSON {
        .array(
            (0..<75).map { number in
                [
                    "id": .string("\(aboutBoats ? "boat" : "loaf")-\(number)"),
                    "title": aboutBoats ? "Boats" : "Bread",
                    "text": .string(
                        aboutBoats
                            ? "The boat number \(number) left the harbour at noon with a new sail."
                            : "The loaf number \(number) was baked in the oven with rye flour."),
                ]
            })
    }

    private func withTexts(_ body: (Stack) async throws -> Void) async throws {
        try await withStack(settings: Self.models) { stack in
            try await stack.startGateway()
            for worker in ["EmbeddingsWorker", "ExportsWorker"] { try await stack.startWorker(worker) }
            for isBoats in [true, false] {
                let embedded = try await stack.end(
                    "batch_embedding",
                    ["texts": Self.texts(aboutBoats: isBoats), "labels": ["shelf": isBoats ? "water" : "kitchen"]])
                #expect(embedded["status"] == "completed", "\(embedded)")
            }
            try await body(stack)
        }
    }

    /// The lines of an export of a search.
    private func lines(_ search: JSON, _ more: JSONObject = [:], _ stack: Stack) async throws -> [JSON] {
        var source: JSONObject = ["search": search]
        for (key, value) in more { source[key] = value }
        let result = try await stack.export(["sources": [.object(source)], "format": "jsonl"])
        #expect(result["tables"]?[0]?["dataset"] == "search" && result["tables"]?[0]?["notes"] == nil, "\(result)")
        return try (try await stack.content(of: result, 0)).split(separator: 0x0A).map { try JSON.parse(Array($0)) }
    }

    @Test func hitsAreThoseOfTheAPI() async throws {
        try await withTexts { stack in
            for mode in ["text", "vector", "hybrid"] {
                let search: JSON = ["query": "boat harbour", "mode": .string(mode), "top_k": 20]
                let exported = try await lines(search, [:], stack)
                let answer = try await stack.api.post("/api/v1/search", search)
                let hits = try #require(answer.json["hits"]?.arrayValue, "\(answer.text)")
                #expect(exported.count == 20 && hits.count == 20)
                for (index, (row, hit)) in zip(exported, hits).enumerated() {
                    #expect(row["rank"]?.intValue == index + 1)
                    #expect(row["chunk"]?.intValue.map(String.init) == hit["id"]?.stringValue, "\(mode) \(index)")
                    #expect(row["score"]?.doubleValue == hit["score"]?.doubleValue)
                    #expect(row["similarity"] == hit["similarity"] && row["text_rank"] == hit["text_rank"])
                    #expect(row["text"] == hit["text"] && row["source"] == hit["source"]?["id"])
                    #expect(row["title"] == "Boats" && row["labels"] == ["shelf": "water"])
                }
            }
        }
    }

    @Test func moreThanAPageAndWhatThereIsOfIt() async throws {
        try await withTexts { stack in
            #expect(try await lines(["query": "number", "mode": "text", "top_k": 10_000], [:], stack).count == 150)
            let few = try await lines(
                ["query": "number", "mode": "text", "top_k": 1000, "filters": ["labels": ["shelf": "kitchen"]]],
                ["columns": ["rank", "source"], "filters": [["column": "rank", "op": "le", "value": 3]]], stack)
            #expect(
                few.count == 3 && few.allSatisfy { Set($0.objectValue?.keys.map { $0 } ?? []) == ["rank", "source"] })
            let report = try await stack.export([
                "sources": [["search": ["query": "harbour", "mode": "text", "top_k": 500]]], "format": "markdown",
                "report": ["charts": [["x": "title"]]],
            ])
            let text = String(decoding: try await stack.content(of: report, 0), as: UTF8.self)
            #expect(text.contains("Searched for: harbour.") && text.contains("| Boats | 75 | "))
            // Another tenant has none of it.
            let other = stack.client(
                key: try await stack.store.createKey(namespace: "other", name: "other", scopes: [.admin]))
            let job = try await stack.submit(
                "export", ["sources": [["search": ["query": "number", "mode": "text"]]]], by: other)
            #expect(try await stack.ended(job, by: other)["result"]?["rows"] == 0)
        }
    }

    @Test func whatCannotBeLookedForIsSaid() async throws {
        try await withTexts { stack in
            let cases: [(source: JSON, word: String)] = [
                (["search": ["query": " "]], "nothing to look for"), (["search": [:]], "a query, or a vector"),
                (["search": ["vector": [1, 2, 3]]], "384 numbers"),
                (["search": ["query": "x", "model": "none"]], "none"),
                (["search": ["query": "x"], "parameters": ["a": 1]], "no `parameters`"),
                (["search": ["query": "x", "mode": "text"], "columns": ["none"]], "no column none"),
            ]
            for (source, word) in cases {
                let end = try await stack.end("export", ["sources": [source]])
                #expect(end["status"] == "failed" && end["error"]?["code"] == "invalid_source", "\(end)")
                #expect(end["error"]?["message"]?.stringValue?.contains(word) == true, "\(end["error"] ?? .null)")
            }
            for source: JSON in [
                ["search": ["query": "x"], "dataset": "jobs"], [:], ["search": ["query": "x", "top_k": 10_001]],
            ] {
                let answer = try await stack.api.post(
                    "/api/v1/jobs", ["type": "export", "spec": ["sources": [source]]])
                #expect(answer.status == 422 && answer.json["code"] == "invalid_spec", "\(answer.text)")
            }
        }
    }

    @Test func aWorkerWithoutTheModelLooksForWordsAndSaysSo() async throws {
        try await withStack(settings: Self.models) { stack in
            try await stack.startGateway()
            try await stack.startWorker("EmbeddingsWorker")
            let none = stack.folder + "/models"
            try FileManager.default.createDirectory(atPath: none, withIntermediateDirectories: false)
            try await stack.startWorker("ExportsWorker", ["SWITCHYARD_MODELS": none])
            let embedded = try await stack.end("batch_embedding", ["texts": Self.texts(aboutBoats: true)])
            #expect(embedded["status"] == "completed", "\(embedded)")
            let result = try await stack.export(["sources": [["search": ["query": "harbour", "top_k": 100]]]])
            #expect(result["rows"] == 75)
            let notes = try #require(result["tables"]?[0]?["notes"]?.arrayValue, "\(result)")
            #expect(notes.count == 1 && notes[0].stringValue?.hasPrefix("Looked for words alone.") == true, "\(notes)")
            let end = try await stack.end("export", ["sources": [["search": ["query": "harbour", "mode": "vector"]]]])
            #expect(end["status"] == "failed" && end["error"]?["code"] == "invalid_source", "\(end)")
            #expect(end["error"]?["message"]?.stringValue?.contains("cannot be embedded") == true, "\(end)")
        }
    }
}

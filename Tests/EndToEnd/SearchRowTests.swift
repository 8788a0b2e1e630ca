import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// What was embedded, through the call for it.
@Suite(.serialized) struct SearchRowTests {
    @Test func chunksAreFoundByTheirNamespaceOnly() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let search = { (client: HTTPClient, body: JSON) in try await client.post("/api/v1/search", body) }
            func found(_ body: JSON) async throws -> JSON {
                let response = try await search(stack.api, body)
                #expect(response.status == 200, "\(response.text)")
                return response.json
            }
            let empty = try await found(["query": "one"])
            #expect(empty["hits"] == [] && empty["model"] == .null)

            let job = UUID()
            try await stack.addEmbeddings(of: job)
            let near = try await found(["vector": [3, 1, 0], "top_k": 2])
            #expect(near["mode"] == "vector" && near["neighbours"] == "exact" && near["model"] == "probe")
            let hits = try #require(near["hits"]?.arrayValue)
            #expect(hits.map { $0["text"] } == ["one word", "two words"])
            #expect(hits.map { $0["vector_rank"] } == [1, 2] && hits.map { $0["text_rank"] } == [.null, .null])
            let cosine = try #require(hits[0]["score"]?.doubleValue)
            #expect(abs(cosine - 3 / 10.0.squareRoot()) < 1e-6 && hits[0]["similarity"] == hits[0]["score"])
            #expect(
                hits[0]["source"] == [
                    "kind": "page", "id": "http://a.test/", "title": "A page", "url": "http://a.test/",
                    "job_id": .string(job.text), "labels": ["set": "docs"],
                ])
            #expect(hits[0]["page"] == 2 && hits[0]["start"] == 0 && hits[0]["end"] == 8)
            #expect(hits[0]["headings"] == ["Top"] && hits[0]["ordinal"] == 0)

            let both = try await found(["vector": [0, 0, 1], "query": "two"])
            #expect(both["mode"] == "hybrid")
            #expect(both["hits"]?[0]?["text"] == "two words" && both["hits"]?[0]?["text_rank"] == 1)
            let words = try await found(["query": "word"])
            #expect(words["mode"] == "text" && words["hits"]?.arrayValue?.map { $0["text"] } == ["one word"])
            #expect(words["notes"]?.arrayValue?.count == 1, "no model is configured")

            let filters: [(JSON, Int)] = [
                (["labels": ["set": "docs"]], 3), (["labels": ["set": "other"]], 0), (["kinds": ["row", "page"]], 3),
                (["kinds": ["text"]], 0), (["sources": ["http://a.test/"]], 3), (["sources": ["http://a.test/x"]], 0),
                (["jobs": [.string(job.text)]], 3), (["jobs": [.string(UUID().text)]], 0), ([:], 3),
            ]
            for (filter, count) in filters {
                let answer = try await found(["vector": [1, 0, 0], "filters": filter])
                #expect(answer["hits"]?.arrayValue?.count == count, "\(filter)")
            }
            #expect(try await found(["vector": [1, 0, 0], "min_score": 0.5])["hits"]?.arrayValue?.count == 2)

            let stranger = stack.client(
                key: try await stack.store.createKey(namespace: "other", name: "other", scopes: [.read]))
            let foreign = try await search(stranger, ["vector": [1, 0, 0]])
            #expect(foreign.status == 200 && foreign.json["hits"] == [])
            #expect(try await search(stranger, ["query": "one"]).json["hits"] == [])
            let unable = stack.client(
                key: try await stack.store.createKey(namespace: "default", name: "unable", scopes: [.submit]))
            #expect(try await search(unable, ["query": "one"]).status == 403)
        }
    }

    @Test func whatCannotBeLookedForIsRefusedWithAReason() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.addEmbeddings(of: UUID())
            let bad: [(JSON, String, String)] = [
                ([:], "invalid_field", ""), (["query": ""], "invalid_field", "/query"),
                (["query": " \n"], "invalid_field", "/query"), (["vector": []], "invalid_field", "/vector"),
                (["vector": [1, 0]], "invalid_field", "/vector"), (["vector": [0, 0, 0]], "invalid_field", "/vector"),
                (["vector": [1e300, 0, 0]], "invalid_field", "/vector"),
                (["vector": ["x"]], "invalid_field", "/vector/0"),
                (["vector": [1, 0, 0], "mode": "text"], "invalid_field", "/query"),
                (["vector": [1, 0, 0], "mode": "hybrid"], "invalid_field", "/query"),
                (["query": "a", "mode": "best"], "invalid_field", "/mode"),
                (["query": "a", "top_k": 0], "invalid_field", "/top_k"),
                (["query": "a", "top_k": 101], "invalid_field", "/top_k"),
                (["query": "a", "mode": "text", "min_score": 0.1], "invalid_field", "/min_score"),
                (["query": "a", "filters": ["kinds": ["thing"]]], "invalid_field", "/filters/kinds/0"),
                (["query": "a", "filters": ["jobs": ["thing"]]], "invalid_field", "/filters/jobs/0"),
                (["query": "a", "model": "nosuch"], "unknown_model", ""),
                (["query": "a", "mode": "vector"], "no_embedder", ""),
            ]
            for (body, code, pointer) in bad {
                let response = try await stack.api.post("/api/v1/search", body)
                #expect(response.status == 422 && response.json["code"] == .string(code), "\(body): \(response.text)")
                let place = response.json["errors"]?[0]?["pointer"]?.stringValue
                if code == "invalid_field" { #expect(place == pointer, "\(body)") }
            }
            let odd = ["'\"\\", "a & | ! ( ) :*", "<->", "🚀", String(repeating: "w ", count: 4000)]
            for text in odd {
                let response = try await stack.api.post("/api/v1/search", ["query": .string(text), "mode": "text"])
                #expect(response.status == 200, "\(text.prefix(20)): \(response.text)")
            }
        }
    }
}

extension Stack {
    /// Writes a page of three chunks, as a worker would: a space of vectors with three numbers.
    func addEmbeddings(of job: UUID) async throws {
        let texts: [(String, [Float])] = [
            ("one word", [1, 0, 0]), ("two words", [0.6, 0.8, 0]), ("none", [0, 0, 1]),
        ]
        let chunks = texts.enumerated().map { number, entry in
            EmbeddedChunk(
                ordinal: Int32(number), start: Int32(10 * number), end: Int32(10 * number + 8), page: 2,
                headings: ["Top"],
                text: entry.0)
        }
        let vectors = zip(chunks, texts).map { EmbeddedVector(hash: $0.hash, vector: $1.1, tokens: 2) }
        var source = EmbeddingSource(
            kind: .page, key: "http://a.test/", labels: ["set": "docs"], hash: [UInt8](repeating: 1, count: 32),
            chunker: "1")
        (source.title, source.url) = ("A page", "http://a.test/")
        try await database.transaction { [source] session in
            let space = try EmbeddingSpace.open(
                namespace: "default", model: "probe", revision: "1", dimensions: 3, session)
            guard case .open(let open) = try space.begin([source], job: job, session)[0] else { return }
            try space.finish(open, with: chunks, vectors: vectors, of: chunks.count, session)
        }
    }
}

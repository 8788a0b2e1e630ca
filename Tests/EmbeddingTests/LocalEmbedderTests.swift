import Foundation
import JSON
import Testing

@testable import Embedding

@Suite struct LocalEmbedderTests {
    let expected: Expected

    init() throws { expected = try Expected.read() }

    @Test(arguments: [Safetensors.Format.float32, .float16, .bfloat16], ["", "bert."])
    func vectorsAreThoseOfTransformers(_ format: Safetensors.Format, _ prefix: String) async throws {
        for run in expected.vectors {
            let model = try SmallModel(
                expected, activation: run.activation, pooling: run.pooling, format: format, prefix: prefix)
            let embedder = try await LocalEmbedder(folder: model.url.path, threads: 2, oddTexts: .taken)
            let texts = Array(expected.texts.prefix(run.vectors.count))
            for (result, wanted) in zip(try await embedder.embed(texts, as: .passage), run.vectors) {
                let found = try result.get().vector
                #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-5 }, "\(run.activation) \(run.pooling)")
            }
        }
    }

    @Test func textsThatMeetInABatchDoNotSeeEachOther() async throws {
        let model = try SmallModel(expected)
        let embedder = try await LocalEmbedder(folder: model.url.path, threads: 2, oddTexts: .taken)
        let texts = (0..<200).map { expected.texts[$0 % expected.texts.count] }
        let together = try await embedder.embed(texts, as: .passage)
        for (text, result) in zip(texts, together) {
            let alone = try #require(try await embedder.embed([text], as: .passage).first).get()
            let found = try result.get()
            #expect(found.tokens == alone.tokens)
            #expect(zip(found.vector, alone.vector).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test func refusesTextsThatAreEmptyOrTooLongAndOnlyThose() async throws {
        let model = try SmallModel(expected)
        let embedder = try await LocalEmbedder(folder: model.url.path, threads: 1)
        #expect(embedder.model.maxTokens == 110)
        let longest = Array(repeating: "fox", count: 108).joined(separator: " ")
        let results = try await embedder.embed(["fox", "", " \u{200b}", longest, longest + " fox"], as: .query)
        let codes = results.map { result in
            switch result {
            case .success(let text): "\(text.tokens) tokens"
            case .failure(let error): error.code.rawValue
            }
        }
        #expect(codes == ["3 tokens", "text_empty", "text_empty", "110 tokens", "text_too_long"])
    }

    @Test func putsThePrefixesOfTheModelBeforeTexts() async throws {
        let (model, plainModel) = (try SmallModel(expected), try SmallModel(expected))
        try model.write(
            ["prompts": ["query": "fox: ", "passage": "the fox: "]], to: "config_sentence_transformers.json")
        let embedder = try await LocalEmbedder(folder: model.url.path, threads: 1)
        let plain = try await LocalEmbedder(folder: plainModel.url.path, threads: 1)
        #expect(embedder.model.maxTokens == 107)
        for (role, prefix) in [(TextRole.query, "fox: "), (.passage, "the fox: ")] {
            let found = try await embedder.embed(["jumps over", ""], as: role)
            let wanted = try await plain.embed([prefix + "jumps over"], as: role)
            #expect(try found[0].get() == wanted[0].get())
            #expect(throws: EmbeddingError.self) { try found[1].get() }
        }
    }

    @Test func theRevisionFollowsTheWeights() async throws {
        let (one, other) = (try SmallModel(expected), try SmallModel(expected, format: .float16))
        let models = try await [one, one, other].asyncMap {
            try await LocalEmbedder(folder: $0.url.path, threads: 2).model
        }
        #expect(models[0] == models[1])
        #expect(models[0].revision != models[2].revision)
        #expect(models[0].name == one.url.lastPathComponent)
        #expect(models[0].dimensions == 64)
    }

    @Test func theRevisionFollowsWhatElseShapesThePassages() async throws {
        let model = try SmallModel(expected)
        func revision() async throws -> String {
            try await LocalEmbedder(folder: model.url.path, threads: 1).model.revision
        }
        var revisions = [try await revision()]
        try model.write(["prompts": ["query": "fox: "]], to: "config_sentence_transformers.json")
        #expect(try await revision() == revisions[0], "no passage begins so")
        let changes: [(JSON, String)] = [
            (["prompts": ["passage": "the fox: "]], "config_sentence_transformers.json"),
            (["pooling_mode_cls_token": true], "1_Pooling/config.json"),
            (SmallModel.config(expected, "relu"), "config.json"),
            (SmallModel.tokenizer(expected.vocabulary + ["extra"], expected.tokens[0].mode), "tokenizer.json"),
        ]
        for (json, name) in changes {
            try model.write(json, to: name)
            revisions.append(try await revision())
        }
        #expect(Set(revisions).count == 5)
    }

    @Test func refusesPoolingWithoutTheTokensOfAPrompt() async throws {
        let model = try SmallModel(expected)
        try model.write(["pooling_mode_mean_tokens": true, "include_prompt": false], to: "1_Pooling/config.json")
        // Without prompts it asks for nothing.
        _ = try await LocalEmbedder(folder: model.url.path, threads: 1)
        try model.write(["prompts": ["passage": "the fox: "]], to: "config_sentence_transformers.json")
        await expectRefusal(of: model, naming: "include_prompt")
    }

    @Test func refusesToMakeTextsSmall() async throws {
        let model = try SmallModel(expected)
        try model.write(["max_seq_length": 64, "do_lower_case": true], to: "sentence_bert_config.json")
        await expectRefusal(of: model, naming: "do_lower_case")
    }

    @Test func endsWhenItIsCancelled() async throws {
        let model = try SmallModel(expected)
        let embedder = try await LocalEmbedder(folder: model.url.path, threads: 1)
        let task = Task { try await embedder.embed(Array(repeating: "the fox jumps", count: 200_000), as: .passage) }
        task.cancel()
        let error = await #expect(throws: EmbeddingError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test func batchesHaveEveryTextOnce() {
        for _ in 0..<200 {
            let texts = (0..<Int.random(in: 0...60)).map { index in
                TokenizedText(index: index, ids: Array(repeating: 1, count: Int.random(in: 1...512)))
            }
            let batches = Batch.batches(of: texts)
            #expect(batches.joined().map(\.index).sorted() == texts.map(\.index))
            #expect(batches.allSatisfy { $0.count == 1 || $0.map(\.ids.count).reduce(0, +) <= Batch.tokens })
        }
    }

    @Test(
        arguments: [
            ("config.json", ["model_type": "roberta"]), ("config.json", ["hidden_act": "silu"]),
            ("config.json", ["hidden_size": 1_000_000]),
            ("config.json", ["hidden_size": 16_384, "num_attention_heads": 512]),
            ("config.json", ["vocab_size": 99]), ("config.json", ["num_attention_heads": 0]),
            ("config.json", ["num_attention_heads": 4]), ("config.json", ["num_hidden_layers": 3]),
            ("config.json", ["position_embedding_type": "relative_key"]), ("config.json", ["layer_norm_eps": 2]),
            ("1_Pooling/config.json", ["pooling_mode_max_tokens": true]),
            ("modules.json", [["type": "sentence_transformers.models.Dense"]]),
        ] as [(String, JSON)])
    func refusesAModelThatItCannotRun(_ file: String, _ change: JSON) async throws {
        let model = try SmallModel(expected)
        guard let changes = change.objectValue, file == "config.json" else {
            try model.write(change, to: file)
            return await expectRefusal(of: model)
        }
        guard var config = SmallModel.config(expected, "gelu").objectValue else { return }
        for (key, value) in changes { config[key] = value }
        try model.write(.object(config), to: file)
        await expectRefusal(of: model)
    }

    @Test(arguments: ["config.json", "model.safetensors", "tokenizer.json"])
    func refusesAFolderThatLacksAFile(_ name: String) async throws {
        let model = try SmallModel(expected)
        try FileManager.default.removeItem(at: model.url.appending(path: name))
        await expectRefusal(of: model)
        try FileManager.default.createDirectory(at: model.url.appending(path: name), withIntermediateDirectories: false)
        await expectRefusal(of: model)
    }

    private func expectRefusal(of model: SmallModel, naming name: String = "") async {
        let error = await #expect(throws: EmbeddingError.self) {
            try await LocalEmbedder(folder: model.url.path, threads: 1)
        }
        #expect(error?.code == .model)
        if !name.isEmpty { #expect(error?.message.contains(name) == true) }
    }
}

extension Array {
    fileprivate func asyncMap<T>(_ body: (Element) async throws -> T) async rethrows -> [T] {
        var results: [T] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}

import Foundation
import JSON

@testable import Embedding

/// A folder with the small model of `Expected`, for as long as the object lives.
final class SmallModel {
    let url = FileManager.default.temporaryDirectory.appending(path: "small-model-\(UUID().uuidString)")
    var folder: ModelFolder { ModelFolder(path: url.path) }

    /// - Parameter format: of all numbers that have room in it.
    init(
        _ expected: Expected, activation: String = "gelu", pooling: String = "mean",
        format: Safetensors.Format = .float32, prefix: String = ""
    ) throws {
        try FileManager.default.createDirectory(at: url.appending(path: "1_Pooling"), withIntermediateDirectories: true)
        try write(Self.config(expected, activation), to: "config.json")
        try write(Self.tokenizer(expected.vocabulary, expected.tokens[0].mode), to: "tokenizer.json")
        try write(
            [
                "pooling_mode_mean_tokens": .bool(pooling == "mean"), "pooling_mode_cls_token": .bool(pooling == "cls"),
            ], to: "1_Pooling/config.json")
        try Self.weights(expected, format, prefix).write(to: url.appending(path: "model.safetensors"))
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: url)
        } catch {
            print("\(url.path) is left over: \(error)")
        }
    }

    func write(_ json: JSON, to name: String) throws {
        try Data(json.serialized()).write(to: url.appending(path: name))
    }

    static func config(_ expected: Expected, _ activation: String) -> JSON {
        [
            "model_type": "bert", "hidden_size": 64, "num_attention_heads": 2, "num_hidden_layers": 2,
            "intermediate_size": 96, "max_position_embeddings": 110, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
            "vocab_size": .int(Int64(expected.vocabulary.count)), "hidden_act": .string(activation),
        ]
    }

    static func tokenizer(_ vocabulary: [String], _ mode: Expected.Mode) -> JSON {
        var tokens = JSONObject()
        for (id, token) in vocabulary.enumerated() { tokens[token] = .int(Int64(id)) }
        let special: [JSON] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].enumerated().map {
            ["id": .int(Int64($0)), "content": .string($1), "special": true, "normalized": false]
        }
        return [
            "added_tokens": .array(special),
            "normalizer": [
                "type": "BertNormalizer", "lowercase": .bool(mode.lowercase),
                "strip_accents": mode.stripAccents.map { .bool($0) } ?? .null,
                "handle_chinese_chars": .bool(mode.handleChineseChars ?? true),
                "clean_text": .bool(mode.cleanText ?? true),
            ],
            "pre_tokenizer": ["type": "BertPreTokenizer"],
            "post_processor": [
                "type": "TemplateProcessing",
                "single": [
                    ["SpecialToken": ["id": "[CLS]"]], ["Sequence": ["id": "A"]], ["SpecialToken": ["id": "[SEP]"]],
                ],
                "special_tokens": ["[CLS]": ["ids": [2]], "[SEP]": ["ids": [3]]],
            ],
            "model": [
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": .object(tokens),
            ],
        ]
    }

    /// The same numbers as fixtures.py makes.
    static func weights(_ expected: Expected, _ format: Safetensors.Format, _ prefix: String) -> Data {
        var (state, header, body): (UInt32, JSONObject, Data) = (1, [:], Data())
        for parameter in expected.parameters {
            let isNorm = parameter.name.contains("LayerNorm")
            // Numbers around 1 have more digits than bfloat16.
            let format = isNorm ? .float32 : format
            let start = body.count
            for _ in 0..<parameter.shape.reduce(1, *) {
                state = state &* 1_664_525 &+ 1_013_904_223
                let number = (Float(state >> 25) / 128 - 0.5) * (isNorm ? 0.25 : 0.5)
                append(parameter.name.hasSuffix("LayerNorm.weight") ? number + 1 : number, format, to: &body)
            }
            header[prefix + parameter.name] = [
                "dtype": .string(format.rawValue), "shape": .array(parameter.shape.map { .int(Int64($0)) }),
                "data_offsets": [.int(Int64(start)), .int(Int64(body.count))],
            ]
        }
        return file(header: JSON.object(header).serialized(), body: body)
    }

    static func file(header: [UInt8], body: Data) -> Data {
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + Data(header) + body
    }

    private static func append(_ number: Float, _ format: Safetensors.Format, to body: inout Data) {
        switch format {
        case .float32: withUnsafeBytes(of: number.bitPattern.littleEndian) { body.append(contentsOf: $0) }
        case .float16: withUnsafeBytes(of: Float16(number).bitPattern.littleEndian) { body.append(contentsOf: $0) }
        case .bfloat16:
            withUnsafeBytes(of: UInt16(number.bitPattern >> 16).littleEndian) { body.append(contentsOf: $0) }
        }
    }
}

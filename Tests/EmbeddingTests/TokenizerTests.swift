import Crypto
import Foundation
import JSON
import Testing

@testable import Embedding

/// Tokens are those of Hugging Face's library; `Expected` has its answers.
@Suite struct TokenizerTests {
    let expected: Expected

    init() throws { expected = try Expected.read() }

    @Test func cutsTextsAsHuggingFaceDoesInEveryMode() throws {
        for cut in expected.tokens {
            let file = TokenizerJSON(SmallModel.tokenizer(expected.vocabulary, cut.mode))
            let tokenizer = try BertTokenizer(
                normalizer: file.normalizer(), words: file.words(), special: file.specialTokens(), frame: file.frame())
            for (text, ids) in zip(expected.texts, cut.ids) {
                #expect(framed(tokenizer, text) == ids, "\(cut.mode): \(text.debugDescription)")
            }
        }
    }

    @Test func aVocabularyByLinesIsTheSame() throws {
        let model = try SmallModel(expected)
        try FileManager.default.removeItem(at: model.url.appending(path: "tokenizer.json"))
        try Data(expected.vocabulary.joined(separator: "\r\n").utf8).write(to: model.url.appending(path: "vocab.txt"))
        for cut in expected.tokens where cut.mode.cleanText != false {
            try model.write(
                [
                    "do_lower_case": .bool(cut.mode.lowercase), "cls_token": ["content": "[CLS]"],
                    "strip_accents": cut.mode.stripAccents.map { .bool($0) } ?? .null,
                    "tokenize_chinese_chars": .bool(cut.mode.handleChineseChars ?? true),
                ], to: "tokenizer_config.json")
            let tokenizer = try TokenizerFiles.tokenizer(in: model.folder)
            for (text, ids) in zip(expected.texts, cut.ids) { #expect(framed(tokenizer, text) == ids) }
        }
    }

    @Test func knowsEveryCharacterAsHuggingFaceDoes() {
        for block in expected.blocks {
            let lines = (block.start..<(block.start + 256)).map { code in
                // The blocks have no surrogates.
                Unicode.Scalar(code).map { words(of: "a\($0)b").joined(separator: " ") } ?? ""
            }
            let digest = Hex.encode(sha256(Array(lines.joined(separator: "\n").utf8)))
            #expect(digest.prefix(16) == block.sha256, "U+\(String(block.start, radix: 16))")
        }
    }

    @Test func tellsTheBytesOfEachToken() throws {
        let model = try SmallModel(expected)
        let tokenizer = try TokenizerFiles.tokenizer(in: model.folder)
        func parts(_ text: String) -> [String] {
            tokenizer.ranges(in: text).map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
        }
        #expect(parts("The fox jumped!") == ["The", "fox", "jump", "ed", "!"])
        // Accents belong to their letter, also where they are characters of their own and stripped.
        #expect(parts("Caf\u{e9} cafe\u{301}") == ["Caf\u{e9}", "cafe\u{301}"])
        #expect(parts("x\u{301}x") == ["x\u{301}", "x"])
        #expect(parts("a\u{200b}a") == ["a\u{200b}a"])
        #expect(parts("[MASK]x 漢字") == ["[MASK]", "x", "漢", "字"])
        // A word that the vocabulary cannot spell is one token.
        #expect(parts("unbelievzable fox") == ["unbelievzable", "fox"])
        for text in expected.texts {
            var end = 0
            for range in tokenizer.ranges(in: text) {
                #expect(!range.isEmpty && range.lowerBound >= end && range.upperBound <= text.utf8.count)
                end = range.lowerBound
            }
        }
    }

    @Test func refusesWhatItDoesNotKnow() {
        let good = SmallModel.tokenizer(expected.vocabulary, expected.tokens[0].mode)
        let changes: [(String, JSON)] = [
            ("normalizer", ["type": "NFKC"]), ("normalizer", .null), ("pre_tokenizer", ["type": "Metaspace"]),
            ("model", ["type": "BPE", "vocab": ["a": 0]]), ("model", ["vocab": ["a": 0]]),
            ("model", ["vocab": ["[UNK]": -1]]), ("model", ["vocab": ["[UNK]": "0"]]),
            ("added_tokens", [["id": 1, "content": "<x>", "normalized": true]]), ("added_tokens", [["id": 1]]),
            ("post_processor", .null), ("post_processor", ["type": "TemplateProcessing", "single": []]),
        ]
        for (key, value) in changes {
            guard var object = good.objectValue else { return }
            object[key] = value
            let file = TokenizerJSON(.object(object))
            #expect(throws: EmbeddingError.self, "\(key): \(value)") {
                _ = (try file.normalizer(), try file.words(), try file.specialTokens(), try file.frame())
            }
        }
    }

    private func framed(_ tokenizer: BertTokenizer, _ text: String) -> [Int32] {
        tokenizer.frame.before + tokenizer.tokens(of: text).ids + tokenizer.frame.after
    }

    private func words(of text: String) -> [String] {
        var words: [String] = []
        var cutter = WordCutter(normalizer: BertNormalizer(), limit: 100)
        for scalar in text.unicodeScalars {
            cutter.take(scalar, 0..<1) { word in
                words.append(word.scalars.reduce(into: "") { $0.unicodeScalars.append($1) })
            }
        }
        cutter.finish { word in words.append(word.scalars.reduce(into: "") { $0.unicodeScalars.append($1) }) }
        return words
    }
}

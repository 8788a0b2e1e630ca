import Foundation
import JSON

/// Reads a tokenizer from a model's folder: `tokenizer.json`, or `vocab.txt` with `tokenizer_config.json`.
enum TokenizerFiles {
    private static let whole = "tokenizer.json"
    private static let parts = (vocabulary: "vocab.txt", settings: "tokenizer_config.json")

    /// The files that are read of a folder.
    static func names(in folder: ModelFolder) -> [String] {
        folder.has(whole) ? [whole] : [parts.vocabulary, parts.settings]
    }

    static func tokenizer(in folder: ModelFolder) throws(EmbeddingError) -> BertTokenizer {
        if let json = try folder.json(whole) { return try tokenizer(from: TokenizerJSON(json)) }
        guard let text = try folder.text(parts.vocabulary) else {
            throw EmbeddingError(.model, "\(folder.path) has neither \(whole) nor \(parts.vocabulary).")
        }
        let settings = try folder.json(parts.settings) ?? .object([:])
        return try tokenizer(vocabulary: text, settings: settings)
    }

    private static func tokenizer(from file: TokenizerJSON) throws(EmbeddingError) -> BertTokenizer {
        try BertTokenizer(
            normalizer: file.normalizer(), words: file.words(), special: file.specialTokens(), frame: file.frame())
    }

    /// The settings have the defaults of `BertTokenizerFast`.
    private static func tokenizer(vocabulary: String, settings: JSON) throws(EmbeddingError) -> BertTokenizer {
        // A line may end in CR LF, which is one character to Swift.
        let lines = vocabulary.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        var tokens = lines.map { line in String(String.UnicodeScalarView(line.last == "\r" ? line.dropLast() : line)) }
        if tokens.last == "" { tokens.removeLast() }
        let numbered = zip(tokens, Int32(0)...)
        func special(_ name: String, _ fallback: String) throws(EmbeddingError) -> (text: String, id: Int32) {
            let entry = settings[name]
            let text = entry?.stringValue ?? entry?["content"]?.stringValue ?? fallback
            guard let id = tokens.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) else {
                throw EmbeddingError(.model, "vocab.txt lacks the token \(text).")
            }
            return (text, Int32(id))
        }
        let (unknown, start, end) = try (
            special("unk_token", "[UNK]"), special("cls_token", "[CLS]"), special("sep_token", "[SEP]")
        )
        let others = try [special("pad_token", "[PAD]"), special("mask_token", "[MASK]")]
        let lowercases = settings["do_lower_case"]?.boolValue ?? true
        let normalizer = BertNormalizer(
            isolatesChinese: settings["tokenize_chinese_chars"]?.boolValue ?? true,
            stripsAccents: settings["strip_accents"]?.boolValue ?? lowercases, lowercases: lowercases)
        return BertTokenizer(
            normalizer: normalizer,
            words: WordPiece(vocabulary: numbered, prefix: "##", unknown: unknown.id, maxWordLength: 100),
            special: SpecialTokens([unknown, start, end] + others), frame: (before: [start.id], after: [end.id]))
    }
}

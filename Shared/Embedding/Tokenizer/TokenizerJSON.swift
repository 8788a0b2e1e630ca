import JSON

/// The file `tokenizer.json`. What it asks for and is not known here is refused, as tokens would differ otherwise.
struct TokenizerJSON {
    private let file: JSON

    init(_ file: JSON) { self.file = file }

    func normalizer() throws(EmbeddingError) -> BertNormalizer {
        let settings = try part("normalizer", of: ["BertNormalizer"])
        let lowercases = settings["lowercase"]?.boolValue ?? true
        return BertNormalizer(
            cleansText: settings["clean_text"]?.boolValue ?? true,
            isolatesChinese: settings["handle_chinese_chars"]?.boolValue ?? true,
            stripsAccents: settings["strip_accents"]?.boolValue ?? lowercases, lowercases: lowercases)
    }

    func words() throws(EmbeddingError) -> WordPiece {
        _ = try part("pre_tokenizer", of: ["BertPreTokenizer"])
        guard let model = file["model"], (model["type"] ?? "WordPiece") == "WordPiece",
            let vocabulary = model["vocab"]?.objectValue
        else { throw Self.error("model is no WordPiece with a vocabulary") }
        var tokens: [(String, Int32)] = []
        tokens.reserveCapacity(vocabulary.count)
        for (text, id) in vocabulary {
            guard let id = Self.id(id) else { throw Self.error("the token \(text) has no number") }
            tokens.append((text, id))
        }
        let unknown = model["unk_token"]?.stringValue ?? "[UNK]"
        guard let id = vocabulary[unknown].flatMap(Self.id) else { throw Self.error("the vocabulary lacks \(unknown)") }
        let limit = model["max_input_chars_per_word"]?.intValue ?? 100
        guard (1...10_000).contains(limit) else { throw Self.error("max_input_chars_per_word is \(limit)") }
        return WordPiece(
            vocabulary: tokens, prefix: model["continuing_subword_prefix"]?.stringValue ?? "##", unknown: id,
            maxWordLength: limit)
    }

    func specialTokens() throws(EmbeddingError) -> SpecialTokens {
        var tokens: [(text: String, id: Int32)] = []
        for entry in file["added_tokens"]?.arrayValue ?? [] {
            guard let text = entry["content"]?.stringValue, let id = entry["id"].flatMap(Self.id) else {
                throw Self.error("an added token lacks its text or number")
            }
            for flag in ["normalized", "single_word", "lstrip", "rstrip"] where entry[flag]?.boolValue == true {
                throw Self.error("the added token \(text) is marked \(flag), which is not supported")
            }
            tokens.append((text, id))
        }
        return SpecialTokens(tokens)
    }

    /// What comes before and after a text.
    func frame() throws(EmbeddingError) -> (before: [Int32], after: [Int32]) {
        let processor = try part("post_processor", of: ["TemplateProcessing", "BertProcessing"])
        if processor["type"] == "BertProcessing" {
            guard let start = processor["cls"]?[1].flatMap(Self.id), let end = processor["sep"]?[1].flatMap(Self.id)
            else { throw Self.error("post_processor lacks cls or sep") }
            return ([start], [end])
        }
        let template = processor["single"]?.arrayValue ?? []
        guard let place = template.firstIndex(where: { $0["Sequence"] != nil }) else {
            throw Self.error("post_processor has no place for the text")
        }
        func ids(_ parts: ArraySlice<JSON>) throws(EmbeddingError) -> [Int32] {
            var ids: [Int32] = []
            for part in parts {
                guard let name = part["SpecialToken"]?["id"]?.stringValue,
                    let numbers = processor["special_tokens"]?[name]?["ids"]?.arrayValue
                else { throw Self.error("post_processor names a token that it does not explain") }
                for number in numbers {
                    guard let id = Self.id(number) else { throw Self.error("the token \(name) has no number") }
                    ids.append(id)
                }
            }
            return ids
        }
        return try (ids(template[..<place]), ids(template[(place + 1)...]))
    }

    private func part(_ name: String, of types: [String]) throws(EmbeddingError) -> JSON {
        guard let part = file[name], let type = part["type"]?.stringValue, types.contains(type) else {
            let found = file[name]?["type"]?.stringValue ?? "none"
            throw Self.error("\(name) is \(found), but only \(types.joined(separator: " and ")) is supported")
        }
        return part
    }

    private static func id(_ value: JSON) -> Int32? {
        value.intValue.flatMap { Int32(exactly: $0) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    private static func error(_ message: String) -> EmbeddingError {
        EmbeddingError(.model, "tokenizer.json: \(message).")
    }
}

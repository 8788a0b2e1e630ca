/// Tokens that are found in a text as they are spelled, before anything else is done to it, such as `[SEP]`.
struct SpecialTokens: Sendable {
    /// One that a text has, and its bytes there.
    typealias Match = (id: Int32, bytes: Range<Int>)

    private struct Token {
        let text: [UInt8]
        let id: Int32
    }

    /// By the first byte; of those that begin alike the longest first.
    private var tokens: [[Token]] = Array(repeating: [], count: 256)

    init(_ texts: [(text: String, id: Int32)]) {
        for (text, id) in texts {
            let bytes = Array(text.utf8)
            guard let first = bytes.first else { continue }
            tokens[Int(first)].append(Token(text: bytes, id: id))
        }
        for first in tokens.indices { tokens[first].sort { $0.text.count > $1.text.count } }
    }

    /// All that the text has, from left to right.
    func matches(in text: String) -> [Match] {
        var text = text
        return text.withUTF8 { bytes in
            var matches: [Match] = []
            var offset = 0
            while offset < bytes.count {
                let rest = bytes[offset...]
                if let token = tokens[Int(bytes[offset])].first(where: { rest.starts(with: $0.text) }) {
                    matches.append((token.id, offset..<(offset + token.text.count)))
                    offset += token.text.count
                } else {
                    offset += 1
                }
            }
            return matches
        }
    }
}

/// Tokens that are found in a text as they are spelled, before anything else is done to it, such as `[SEP]`.
struct SpecialTokens: Sendable {
    private struct Token {
        let text: [UInt8]
        let id: Int32
    }

    /// By the first byte; of those that begin alike the longest first.
    private var tokens: [UInt8: [Token]] = [:]

    init(_ texts: [(text: String, id: Int32)]) {
        for (text, id) in texts {
            let bytes = Array(text.utf8)
            guard let first = bytes.first else { continue }
            tokens[first, default: []].append(Token(text: bytes, id: id))
        }
        for first in tokens.keys { tokens[first]?.sort { $0.text.count > $1.text.count } }
    }

    /// The token that the text has at this place, and how many bytes it takes there.
    func token(at index: String.Index, of text: String) -> (id: Int32, length: Int)? {
        guard let candidates = tokens[text.utf8[index]] else { return nil }
        let rest = text.utf8[index...]
        return candidates.first { rest.starts(with: $0.text) }.map { ($0.id, $0.text.count) }
    }
}

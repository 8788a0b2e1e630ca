/// Cuts words into the longest pieces that a vocabulary has, from left to right.
struct WordPiece: Sendable {
    /// The token of a word that the vocabulary cannot spell.
    let unknown: Int32
    /// The most characters of a word that is looked up at all.
    let maxWordLength: Int
    private var starts = TokenTree()
    private var continuations = TokenTree()

    /// - Parameters:
    ///   - vocabulary: the tokens with their numbers.
    ///   - prefix: what a token begins with that goes on with a word.
    init(vocabulary: some Sequence<(String, Int32)>, prefix: String, unknown: Int32, maxWordLength: Int) {
        self.unknown = unknown
        self.maxWordLength = maxWordLength
        let prefix = Array(prefix.unicodeScalars)
        for (text, token) in vocabulary {
            let scalars = text.unicodeScalars
            starts.insert(scalars, token: token)
            if scalars.starts(with: prefix) { continuations.insert(scalars.dropFirst(prefix.count), token: token) }
        }
    }

    /// Adds the word's tokens; the whole word is unknown where a part of it is.
    func cut(_ word: borrowing WordCutter.Word, into tokens: inout Tokens) {
        let count = tokens.count
        var rest = word.scalars[...]
        while !word.isTooLong, !rest.isEmpty {
            let isStart = rest.startIndex == 0
            guard let (token, length) = isStart ? starts.longest(in: rest) : continuations.longest(in: rest) else {
                break
            }
            let next = rest.startIndex + length
            tokens.append(token, word.bytes(of: rest.startIndex..<next))
            rest = rest[next...]
        }
        guard word.isTooLong || !rest.isEmpty else { return }
        tokens.removeLast(tokens.count - count)
        tokens.append(unknown, word.range)
    }
}

/// Tokens of a text.
struct Tokens: Sendable, Equatable {
    /// Their numbers in the vocabulary.
    private(set) var ids: [Int32] = []
    /// The bytes of the text that each stands for.
    private(set) var ranges: [Range<Int>] = []

    var count: Int { ids.count }

    mutating func append(_ id: Int32, _ range: Range<Int>) {
        ids.append(id)
        ranges.append(range)
    }

    mutating func removeLast(_ count: Int) {
        ids.removeLast(count)
        ranges.removeLast(count)
    }
}

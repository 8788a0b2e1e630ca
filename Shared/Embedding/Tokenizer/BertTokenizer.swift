/// Cuts texts into the tokens that a model of BERT's family reads, as Hugging Face's `BertTokenizerFast` does.
struct BertTokenizer: TextTokenizer {
    let normalizer: BertNormalizer
    let words: WordPiece
    let special: SpecialTokens
    /// What the model wants before and after each text.
    let frame: (before: [Int32], after: [Int32])

    /// The tokens of a text, without the frame.
    func tokens(of text: String) -> Tokens {
        var tokens = Tokens()
        var cutter = WordCutter(normalizer: normalizer, limit: words.maxWordLength)
        var offset = 0
        var index = text.startIndex
        let scalars = text.unicodeScalars
        while index < text.endIndex {
            if let (id, length) = special.token(at: index, of: text) {
                cutter.finish { words.cut($0, into: &tokens) }
                tokens.append(id, offset..<(offset + length))
                offset += length
                index = text.utf8.index(index, offsetBy: length)
            } else {
                let scalar = scalars[index]
                let end = offset + UTF8.width(scalar)
                cutter.take(scalar, offset..<end) { words.cut($0, into: &tokens) }
                offset = end
                index = scalars.index(after: index)
            }
        }
        cutter.finish { words.cut($0, into: &tokens) }
        return tokens
    }

    func ranges(in text: String) -> [Range<Int>] { tokens(of: text).ranges }
}

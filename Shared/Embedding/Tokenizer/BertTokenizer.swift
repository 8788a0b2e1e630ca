/// Cuts texts into the tokens that a model of BERT's family reads, as Hugging Face's `BertTokenizerFast` does.
///
/// A class, so that what is called for every character holds on to one object and not to each table.
final class BertTokenizer: TextTokenizer {
    let normalizer: BertNormalizer
    let words: WordPiece
    let special: SpecialTokens
    /// What the model wants before and after each text.
    let frame: (before: [Int32], after: [Int32])

    init(normalizer: BertNormalizer, words: WordPiece, special: SpecialTokens, frame: (before: [Int32], after: [Int32]))
    {
        (self.normalizer, self.words, self.special, self.frame) = (normalizer, words, special, frame)
    }

    /// The tokens of a text, without the frame.
    func tokens(of text: String) -> Tokens {
        var tokens = Tokens()
        var cutter = WordCutter(normalizer: normalizer, limit: words.maxWordLength)
        var matches = special.matches(in: text)[...]
        var offset = 0
        for scalar in text.unicodeScalars {
            let bytes = offset..<(offset + UTF8.width(scalar))
            offset = bytes.upperBound
            if let match = matches.first, bytes.lowerBound >= match.bytes.lowerBound {
                // The token is there as a whole, once its last character has come.
                guard bytes.upperBound == match.bytes.upperBound else { continue }
                cutter.finish { words.cut($0, into: &tokens) }
                tokens.append(match.id, match.bytes)
                matches.removeFirst()
            } else {
                cutter.take(scalar, bytes) { words.cut($0, into: &tokens) }
            }
        }
        cutter.finish { words.cut($0, into: &tokens) }
        return tokens
    }

    func ranges(in text: String) -> [Range<Int>] { tokens(of: text).ranges }
}

import Embedding

/// A tokenizer with the traits of WordPiece that make cutting hard, without a vocabulary.
///
/// A word is cut greedily from its beginning, so that what is left of a cut word has other tokens than before. A word of more than 100
/// scalars is one token. Control characters and accents are no tokens, Hangul has three in one place.
struct WordPieces: TextTokenizer {
    func ranges(in text: String) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var word: [(scalar: Unicode.Scalar, start: Int)] = []
        var offset = 0
        for scalar in text.unicodeScalars {
            let start = offset
            offset += UTF8.width(scalar)
            switch scalar.value {
            case 0x20, 0x09...0x0D: end(&word, at: start, &ranges)
            case 0...0x1F, 0x300...0x36F, 0x200D, 0xFE0F: break
            case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x3000...0x9FFF, 0xFF00...0xFFEF:
                end(&word, at: start, &ranges)
                ranges.append(start..<offset)
            case 0xAC00...0xD7A3:
                end(&word, at: start, &ranges)
                ranges += Array(repeating: start..<offset, count: 3)
            default: word.append((scalar, start))
            }
        }
        end(&word, at: offset, &ranges)
        return ranges
    }

    private func end(_ word: inout [(scalar: Unicode.Scalar, start: Int)], at end: Int, _ ranges: inout [Range<Int>]) {
        defer { word = [] }
        guard let first = word.first else { return }
        guard word.count <= 100 else { return ranges.append(first.start..<end) }
        var index = 0
        while index < word.count {
            // How long the piece is depends on where it begins and with what.
            let length = index == 0 ? 1 + Int(word[index].scalar.value % 5) : 1 + Int(word[index].scalar.value % 3)
            let next = min(word.count, index + length)
            ranges.append(word[index].start..<(next < word.count ? word[next].start : end))
            index = next
        }
    }
}

/// About where the tokens of a model lie whose tokenizer is not known, rather too many than too few.
///
/// A run of letters without accents is cut into pieces of at most four bytes, and where a capital follows a small letter; a run of
/// digits, and of everything beyond ASCII, into pieces of at most two; any other sign is a piece of its own; blanks are none. Models
/// read usual text with fewer tokens: English words mostly are one, characters of Chinese or Japanese one or two. Text that no model
/// is made for, such as keys in base64, may have more than are counted here.
public struct EstimatingTokenizer: TextTokenizer {
    private enum Class: UInt8 {
        case blank, lower, upper, digit, sign, wide

        init(_ byte: UInt8) {
            self =
                switch byte {
                case 0x20, 0x09...0x0D: .blank
                case UInt8(ascii: "a")...UInt8(ascii: "z"): .lower
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): .upper
                case UInt8(ascii: "0")...UInt8(ascii: "9"): .digit
                case 0x80...: .wide
                default: .sign
                }
        }

        /// The most bytes of a piece.
        var size: Int {
            switch self {
            case .blank: 0
            case .lower, .upper: 4
            case .digit, .wide: 2
            case .sign: 1
            }
        }

        /// Whether a piece may go on with a byte of another class.
        func goesOn(with next: Class) -> Bool { self == next || self == .upper && next == .lower }
    }

    /// Makes one.
    public init() {}

    /// About the ranges of the text's tokens; one may begin inside a character.
    public func ranges(in text: String) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        forEachPiece(of: text) { ranges.append($0) }
        return ranges
    }

    /// How many there are.
    public func count(of text: String) -> Int {
        var count = 0
        forEachPiece(of: text) { _ in count += 1 }
        return count
    }

    private func forEachPiece(of text: String, _ take: (Range<Int>) -> Void) {
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            var kind = Class.blank
            for (index, byte) in bytes.enumerated() {
                let next = Class(byte)
                // A character beyond ASCII begins a piece of its own, however short the one before is.
                let isLead = byte >= 0xC0
                guard !kind.goesOn(with: next) || isLead || index - start >= kind.size else {
                    kind = next
                    continue
                }
                if kind != .blank { take(start..<index) }
                (start, kind) = (index, next)
            }
            if kind != .blank { take(start..<bytes.count) }
        }
    }
}

/// What the widths of words tell of their type: poppler gives the height that a font claims, not its size, and not whether it is bold.
struct Typeface {
    /// The widths of `!` to `~` in Times, in thousandths of its size: what other fonts have is some part more or less for all.
    private static let widths: [Double] = [
        333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
        500,
        500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889,
        722,
        722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500, 333, 444, 500, 444, 500,
        444,
        333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480,
        200,
        480, 541,
    ]
    /// What a letter beyond ASCII counts.
    private static let otherWidth = 480.0
    /// How far the characters of a typewriter face may differ in width.
    private static let fixedTolerance = 0.015

    /// The width of the words, in points, and what it would be in Times at one point.
    private var width = 0.0
    private var expected = 0.0
    /// The least and the largest mean width of a character in a word.
    private var narrowest = Double.infinity
    private var widest = 0.0
    private var words = 0
    /// Whether there is a word of a script of which nothing is known.
    private var isForeign = false

    init(_ words: [PageWords.Word]) {
        for word in words { add(word) }
    }

    private mutating func add(_ word: PageWords.Word) {
        // The number of a note is of smaller type.
        guard word.text.unicodeScalars.first != PDFNotes.mark else { return }
        var (sum, count) = (0.0, 0)
        for scalar in word.text.unicodeScalars {
            count += 1
            switch scalar.value {
            case 0x21...0x7E: sum += Self.widths[Int(scalar.value) - 0x21]
            case 0xA0...0x24F, 0x2010...0x2027: sum += Self.otherWidth
            default: return isForeign = true
            }
        }
        guard count > 0, word.box.width > 0 else { return }
        width += word.box.width
        expected += sum / 1000
        words += 1
        narrowest = min(narrowest, word.box.width / Double(count))
        widest = max(widest, word.box.width / Double(count))
    }

    /// Adds the words of another line.
    mutating func add(_ other: Typeface) {
        width += other.width
        expected += other.expected
        words += other.words
        narrowest = min(narrowest, other.narrowest)
        widest = max(widest, other.widest)
        isForeign = isForeign || other.isForeign
    }

    /// The size that Times would have at this width, in points; 0 where nobody can tell. Bold is some tenth larger.
    var size: Double { isForeign || expected < 2 ? 0 : width / expected }

    /// Whether its words are so much wider or narrower than those of another line that they are not of one type.
    func isUnlike(_ other: Typeface) -> Bool {
        guard size > 0, other.size > 0, expected > 4, other.expected > 4 else { return false }
        return max(size, other.size) > 1.08 * min(size, other.size)
    }

    /// Whether all characters are as wide as each other.
    var isFixed: Bool { !isForeign && words > 2 && widest < narrowest * (1 + Self.fixedTolerance) }
}

/// Cuts a text into words, each punctuation mark one of its own, character by character, so that long texts take no more memory
/// than their longest word.
struct WordCutter {
    /// A word's scalars after normalization, each with the bytes of the text that it stands for.
    struct Word {
        private(set) var scalars: [Unicode.Scalar] = []
        private(set) var ranges: [Range<Int>] = []
        /// The bytes of the text from its first character to its last.
        private(set) var range = 0..<0
        /// Whether it has more characters than are kept.
        private(set) var isTooLong = false

        var isEmpty: Bool { scalars.isEmpty }

        /// The bytes of the text that some of its scalars stand for.
        func bytes(of part: Range<Int>) -> Range<Int> {
            let sources = ranges[part]
            // Combining marks are ordered anew, so that the first one may come later in the text.
            let lower = sources.lazy.map(\.lowerBound).min() ?? range.lowerBound
            let upper = sources.lazy.map(\.upperBound).max() ?? range.upperBound
            return lower..<upper
        }

        mutating func append(_ scalar: Unicode.Scalar, _ source: Range<Int>, limit: Int) {
            range =
                isEmpty ? source : min(range.lowerBound, source.lowerBound)..<max(range.upperBound, source.upperBound)
            guard scalars.count < limit else {
                isTooLong = true
                return
            }
            scalars.append(scalar)
            ranges.append(source)
        }

        /// Takes an accent that has been stripped into the bytes of the character before it.
        mutating func extend(by accent: Range<Int>) {
            guard range.upperBound == accent.lowerBound else { return }
            range = range.lowerBound..<accent.upperBound
            guard let last = ranges.last, last.upperBound == accent.lowerBound else { return }
            ranges[ranges.count - 1] = last.lowerBound..<accent.upperBound
        }

        mutating func removeAll() {
            scalars.removeAll(keepingCapacity: true)
            ranges.removeAll(keepingCapacity: true)
            isTooLong = false
        }
    }

    private struct Mark {
        let scalar: Unicode.Scalar
        let range: Range<Int>
        let combiningClass: UInt8
    }

    private let normalizer: BertNormalizer
    private let limit: Int
    private var word = Word()
    /// Combining marks since the last letter, which are ordered by their class once all are known.
    private var marks: [Mark] = []

    /// Makes one that keeps so many characters of a word.
    init(normalizer: BertNormalizer, limit: Int) {
        self.normalizer = normalizer
        self.limit = limit
    }

    /// Takes the text's next character and the bytes it has there; gives each word that is complete.
    mutating func take(_ scalar: Unicode.Scalar, _ range: Range<Int>, _ found: (borrowing Word) -> Void) {
        switch normalizer.outcome(of: scalar) {
        case .nothing: break
        case .blank: finish(found)
        case .isolated:
            finish(found)
            decompose(scalar, range, found)
            finish(found)
        case .text: decompose(scalar, range, found)
        }
    }

    /// Gives the last word, where the text or a part of it ends.
    mutating func finish(_ found: (borrowing Word) -> Void) {
        flushMarks(found)
        close(found)
    }

    private mutating func decompose(_ scalar: Unicode.Scalar, _ range: Range<Int>, _ found: (borrowing Word) -> Void) {
        guard normalizer.stripsAccents, !scalar.isASCII else {
            flushMarks(found)
            return lowercase(scalar, range, found)
        }
        for part in BertNormalizer.decomposition(of: scalar) {
            let combiningClass = BertNormalizer.combiningClass(of: part)
            if combiningClass == 0 {
                flushMarks(found)
                strip(part, range, found)
            } else {
                marks.append(Mark(scalar: part, range: range, combiningClass: combiningClass))
            }
        }
    }

    private mutating func flushMarks(_ found: (borrowing Word) -> Void) {
        guard !marks.isEmpty else { return }
        // Swift's sort is stable, as Unicode's canonical ordering has to be.
        for mark in marks.sorted(by: { $0.combiningClass < $1.combiningClass }) {
            strip(mark.scalar, mark.range, found)
        }
        marks.removeAll(keepingCapacity: true)
    }

    private mutating func strip(_ scalar: Unicode.Scalar, _ range: Range<Int>, _ found: (borrowing Word) -> Void) {
        if Unicode8.category(of: scalar) == .accent { word.extend(by: range) } else { lowercase(scalar, range, found) }
    }

    private mutating func lowercase(_ scalar: Unicode.Scalar, _ range: Range<Int>, _ found: (borrowing Word) -> Void) {
        guard normalizer.lowercases else { return append(scalar, range, found) }
        if scalar.isASCII {
            let isCapital = (0x41...0x5A).contains(scalar.value)
            return append(isCapital ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar, range, found)
        }
        for part in scalar.properties.lowercaseMapping.unicodeScalars { append(part, range, found) }
    }

    private mutating func append(_ scalar: Unicode.Scalar, _ range: Range<Int>, _ found: (borrowing Word) -> Void) {
        let isPunctuation = Self.isPunctuation(scalar)
        if isPunctuation { close(found) }
        word.append(scalar, range, limit: limit)
        if isPunctuation { close(found) }
    }

    private mutating func close(_ found: (borrowing Word) -> Void) {
        guard !word.isEmpty else { return }
        found(word)
        word.removeAll()
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else { return Unicode8.category(of: scalar) == .punctuation }
        switch scalar.value {
        // What ASCII has besides letters and digits, the signs for money and sums among it.
        case 33...47, 58...64, 91...96, 123...126: return true
        default: return false
        }
    }
}

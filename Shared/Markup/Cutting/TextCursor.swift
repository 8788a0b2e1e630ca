/// A place between two scalars of valid UTF-8, by byte and by scalar.
struct TextCursor {
    /// What ends at a place, from weak to strong.
    enum Break: Comparable {
        case word, line, sentence, paragraph
    }

    private static let newline: UInt8 = 0x0A
    /// Besides those of ASCII.
    private static let sentenceEnds = Set("…。！？".unicodeScalars)
    private static let closers = Set("»”’」』）".unicodeScalars)
    /// These end a sentence without a blank after them.
    private static let wideEnds = Set("。！？」』）".unicodeScalars)

    private let utf8: UnsafeBufferPointer<UInt8>
    private(set) var byte = 0
    private(set) var scalar = 0

    init(_ utf8: UnsafeBufferPointer<UInt8>) { self.utf8 = utf8 }

    var isAtEnd: Bool { byte == utf8.count }
    var isAtBlank: Bool { byte < utf8.count && utf8[byte].isBlank }

    mutating func advance() {
        repeat { byte += 1 } while byte < utf8.count && !utf8[byte].startsScalar
        scalar += 1
    }

    mutating func retreat() {
        repeat { byte -= 1 } while byte > 0 && !utf8[byte].startsScalar
        scalar -= 1
    }

    mutating func skipBlanks() {
        while isAtBlank { advance() }
    }

    /// The place after the last scalar before this one that is not blank; blanks are ASCII, one byte each.
    func backOverBlanks(downTo start: TextCursor) -> TextCursor {
        var cursor = self
        while cursor.byte > start.byte + 1, utf8[cursor.byte - 1].isBlank { cursor.retreat() }
        return cursor
    }

    /// What ends just before this place, which must be inside the text; blanks belong to what they follow.
    var breakHere: Break? {
        let before = backOverBlanks(downTo: TextCursor(utf8))
        let blanks = utf8[before.byte..<byte]
        guard !blanks.isEmpty else { return before.endsWideSentence ? .sentence : nil }
        let newlines = blanks.count { $0 == Self.newline }
        if newlines > 1 { return .paragraph }
        if before.endsSentence { return .sentence }
        return newlines == 1 ? .line : .word
    }

    private var endsSentence: Bool {
        var cursor = self
        while cursor.byte > 0 {
            let byte = utf8[cursor.byte - 1]
            if byte < 0x80 {
                // Most text ends here, on a letter.
                switch byte {
                case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"): return true
                case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                    cursor.retreat()
                    continue
                default: return false
                }
            }
            guard let last = cursor.previous else { return false }
            if Self.sentenceEnds.contains(last) { return true }
            guard Self.closers.contains(last) else { return false }
            cursor.retreat()
        }
        return false
    }

    private var endsWideSentence: Bool {
        byte > 0 && utf8[byte - 1] >= 0x80 && previous.map(Self.wideEnds.contains) ?? false
    }

    /// The scalar before this place.
    private var previous: Unicode.Scalar? {
        guard byte > 0 else { return nil }
        var start = self
        start.retreat()
        return String(decoding: utf8[start.byte..<byte], as: UTF8.self).unicodeScalars.first
    }
}

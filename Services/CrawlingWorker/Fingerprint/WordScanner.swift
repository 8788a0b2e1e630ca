/// Finds the words of a text in UTF-8 without decoding it.
///
/// A word is a run of ASCII letters and digits and of letters beyond ASCII; an ideograph, kana or emoji is a word of its own. What Unicode keeps
/// for punctuation and symbols in Latin-1, from U+2000, from U+3000 and from U+F000 on separates words.
struct WordScanner {
    struct Word {
        /// Stable, and the same for both cases of ASCII letters.
        let hash: UInt64
        /// Whether it is a number, or a code with digits in it.
        let hasDigit: Bool
    }

    private enum Kind { case separator, letter, digit, ideograph, continuation }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The next word; nil at the end.
    @inline(__always)
    mutating func next() -> Word? {
        while position < bytes.count {
            switch Self.kind(of: bytes[position]) {
            case .letter, .digit: return run()
            case .ideograph where !isPunctuation: return ideograph()
            default: position += 1
            }
        }
        return nil
    }

    @inline(__always)
    private mutating func run() -> Word {
        var hash = StableHash.seed
        var hasDigit = false
        while position < bytes.count {
            let byte = bytes[position]
            let kind = Self.kind(of: byte)
            if kind == .separator || kind == .ideograph { break }
            hasDigit = hasDigit || kind == .digit
            hash = StableHash.add((0x41...0x5A).contains(byte) ? byte | 0x20 : byte, to: hash)
            position += 1
        }
        return Word(hash: hash, hasDigit: hasDigit)
    }

    private mutating func ideograph() -> Word {
        var hash = StableHash.seed
        repeat {
            hash = StableHash.add(bytes[position], to: hash)
            position += 1
        } while position < bytes.count && Self.kind(of: bytes[position]) == .continuation
        return Word(hash: hash, hasDigit: false)
    }

    /// Whether an ideograph's first byte is one of U+3000 to U+303F.
    private var isPunctuation: Bool {
        bytes[position] == 0xE3 && position + 1 < bytes.count && bytes[position + 1] == 0x80
    }

    @inline(__always)
    private static func kind(of byte: UInt8) -> Kind {
        switch byte {
        case 0x61...0x7A, 0x41...0x5A: .letter
        case 0x30...0x39: .digit
        case 0x00...0x7F, 0xC2, 0xE2, 0xEF: .separator
        case 0x80...0xBF: .continuation
        case 0xE3...0xE9, 0xF0...: .ideograph
        default: .letter
        }
    }
}

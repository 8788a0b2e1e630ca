import Foundation

/// What becomes of a text's characters before it is cut into words.
struct BertNormalizer: Sendable, Equatable {
    /// Whether invisible characters are taken out and every kind of blank becomes a space.
    var cleansText = true
    /// Whether each Chinese character is a word.
    var isolatesChinese = true
    /// Whether text is decomposed and loses its accents.
    var stripsAccents = true
    /// Whether capitals become small letters.
    var lowercases = true

    /// What one character becomes.
    enum Outcome {
        case nothing, blank
        /// A word of its own.
        case isolated
        /// A part of a word, or a punctuation mark.
        case text
    }

    func outcome(of scalar: Unicode.Scalar) -> Outcome {
        if scalar.isASCII { return outcome(ofASCII: scalar.value) }
        if cleansText {
            if scalar.value == 0xFFFD || Unicode8.category(of: scalar) == .invisible { return .nothing }
        }
        if scalar.properties.isWhitespace { return .blank }
        return isolatesChinese && Self.isChinese(scalar.value) ? .isolated : .text
    }

    private func outcome(ofASCII value: UInt32) -> Outcome {
        switch value {
        case 9, 10, 13, 32: .blank
        case 0..<32, 127: cleansText ? .nothing : (11...12).contains(value) ? .blank : .text
        default: .text
        }
    }

    /// The canonical decomposition, as Unicode 12.1 has it, of one scalar.
    static func decomposition(of scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        let own = String(scalar)
        // Nothing before U+00C0 can be decomposed, nor any ideograph but those for compatibility.
        guard scalar.value >= 0xC0, !(0x3400...0x9FFF).contains(scalar.value), Unicode8.isAssigned(scalar, by: (12, 1))
        else { return own.unicodeScalars }
        return own.decomposedStringWithCanonicalMapping.unicodeScalars
    }

    /// Where a scalar goes among others that follow a letter; 0 for one that begins anew.
    static func combiningClass(of scalar: Unicode.Scalar) -> UInt8 {
        guard scalar.value >= 0x300, Unicode8.isAssigned(scalar, by: (12, 1)) else { return 0 }
        return scalar.properties.canonicalCombiningClass.rawValue
    }

    /// Whether the tokenizer counts it among Chinese characters. It leaves out the ideographs U+2B820 to U+2B91F, and so do we.
    private static func isChinese(_ value: UInt32) -> Bool {
        switch value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF,
            0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}

/// Whether and how the words in pictures are read.
public struct Recognition: Sendable {
    /// When pages are read as pictures.
    public enum Mode: String, Sendable, CaseIterable {
        /// Where a page has no text, or none that makes sense.
        case auto
        /// Always, whatever text a page has.
        case always
        /// Never.
        case never
    }

    /// When pages are read as pictures.
    public var mode: Mode
    /// The languages of the words, by the names of Tesseract's packs, such as `eng` or `chi_sim`; at most four.
    public var languages: [String]

    /// Makes a choice; by default English where there is no text.
    public init(mode: Mode = .auto, languages: [String] = ["eng"]) {
        self.mode = mode
        self.languages = languages
    }

    /// Whether a page with this text is to be read as a picture.
    func wants(_ text: some StringProtocol) -> Bool {
        switch mode {
        case .always: true
        case .never: false
        case .auto: !Self.makesSense(text)
        }
    }

    /// Whether letters and digits are a good part of a text: a font without a map to Unicode gives signs, or characters of private use.
    static func makesSense(_ text: some StringProtocol) -> Bool {
        var (words, others, wide) = (0, 0, 0)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: words += 1
            case 0x21...0x7E: others += 1
            case 0x80...: wide += 1
            default: break
            }
        }
        // Most pages are decided without a look at each character.
        if words > others + wide { return true }
        (words, others) = (0, 0)
        for scalar in text.unicodeScalars where !scalar.properties.isWhitespace {
            let isWord = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            if isWord && scalar.properties.generalCategory != .privateUse { words += 1 } else { others += 1 }
        }
        // A page of dots and lines, such as a table of contents, has its letters too.
        return words > 0 && words * 3 >= others
    }
}

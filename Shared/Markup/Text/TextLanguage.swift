import CTextCat

/// Tells the language of a text from its letters, by libexttextcat.
package enum TextLanguage {
    /// How much of a text is looked at, in bytes.
    package static let sampleLength = 4096
    private static let folder = "/usr/share/libexttextcat/"
    /// Of a shorter text, or one with fewer letters in a hundred bytes, nothing is said.
    private static let leastLength = 24
    private static let leastLetters = 50

    /// Opened by the helper's only thread before it forks the first child; each child has a copy of its own.
    private nonisolated(unsafe) static var classifier: UnsafeMutableRawPointer?

    /// Reads what is known of each language: once for all children.
    package static func load() { classifier = special_textcat_Init(folder + "fpdb.conf", folder) }

    /// A tag such as `en` or `zh-CN` (RFC 5646); nil where nobody can tell, or the data is not installed.
    package static func of(_ text: String) -> String? {
        var sample = Array(text.utf8.prefix(sampleLength))
        let letters = sample.count { $0 >= 0x80 || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
        guard let classifier, sample.count >= leastLength, letters * 100 >= leastLetters * sample.count else {
            return nil
        }
        // It looks at what stands behind the text.
        let count = sample.count
        sample += [0, 0, 0, 0]
        let answer = sample.withUnsafeBytes {
            textcat_Classify(classifier, $0.bindMemory(to: CChar.self).baseAddress, count)
        }
        // `[en--utf8][de--utf8]`: the likeliest first. In words: too short, or unknown.
        guard let answer = answer.map({ String(cString: $0) }), answer.hasPrefix("[") else { return nil }
        let names = answer.dropFirst().split(separator: "]")
        // Among Latin letters several answers are a guess; other scripts have few languages each.
        let isLatin = sample.count { $0 >= 0x80 } * 3 < count
        guard let name = names.first, names.count == 1 || !isLatin else { return nil }
        return name.split(separator: "-").filter { $0 != "utf8" }.joined(separator: "-")
    }
}

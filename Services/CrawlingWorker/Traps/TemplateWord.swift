/// Which words of a URL were counted or made up rather than written.
enum TemplateWord {
    private static let mark = UInt8(ascii: "#")

    /// The text with `#` for each identifier and each run of digits.
    static func replaceIdentifiers(in text: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.first {
            if isUUID(rest) {
                output.append(mark)
                rest = rest.dropFirst(36)
            } else if isAlphanumeric(byte) {
                let word = rest.prefix(while: isAlphanumeric)
                append(word, to: &output)
                rest = rest[word.endIndex...]
            } else {
                output.append(byte)
                rest = rest.dropFirst()
            }
        }
        return output
    }

    private static func append(_ word: ArraySlice<UInt8>, to output: inout [UInt8]) {
        if isIdentifier(word) {
            output.append(mark)
            return
        }
        var wasDigit = false
        for byte in word {
            if !isDigit(byte) { output.append(byte) } else if !wasDigit { output.append(mark) }
            wasDigit = isDigit(byte)
        }
    }

    /// Eight hexadecimal digits or more, or sixteen letters and digits, with two digits among them.
    private static func isIdentifier(_ word: ArraySlice<UInt8>) -> Bool {
        guard word.count >= 8, word.count(where: isDigit) >= 2 else { return false }
        return word.count >= 16 || word.allSatisfy(isHex)
    }

    private static func isUUID(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count >= 36 else { return false }
        for (position, byte) in text.prefix(36).enumerated() {
            let isHyphen = position == 8 || position == 13 || position == 18 || position == 23
            guard isHyphen ? byte == UInt8(ascii: "-") : isHex(byte) else { return false }
        }
        return text.count == 36 || !isAlphanumeric(text[text.startIndex + 36])
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x7A).contains(byte | 0x20) }
}

/// Counts the words of a text; of scripts without blanks between them, two characters count as one word.
enum WordCount {
    static func of(_ text: String) -> Int {
        var words = 0
        var wide = 0
        var isInWord = false
        for byte in text.utf8 {
            if byte <= 0x20 {
                isInWord = false
            } else if byte >= 0xE3 && byte <= 0xED {
                // Kana, ideographs and Hangul, by the first of their three bytes.
                wide += 1
                isInWord = false
            } else if byte >= 0x80 || byte.isASCIILetter || (0x30...0x39).contains(byte) {
                // A sign alone, such as the mark of an item, is no word.
                if byte & 0xC0 != 0x80, !isInWord {
                    words += 1
                    isInWord = true
                }
            }
        }
        return words + (wide + 1) / 2
    }
}

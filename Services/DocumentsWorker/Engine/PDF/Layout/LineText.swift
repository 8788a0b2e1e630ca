/// The text of one line from its words, which poppler gives from left to right, whatever their script.
enum LineText {
    /// Words that stand closer than this part of their height are one: a word in two fonts, or a script without blanks.
    private static let leastGap = 0.1

    static func of(_ words: [PageWords.Word]) -> (text: String, isRightToLeft: Bool) {
        guard words.contains(where: { $0.text.utf8.contains { $0 >= 0xD6 } && $0.text.hasRightToLeft }) else {
            return (joined(words), false)
        }
        let (right, left) = words.reduce(into: (0, 0)) { count, word in
            for scalar in word.text.unicodeScalars {
                if scalar.isRightToLeft { count.0 += 1 } else if scalar.properties.isAlphabetic { count.1 += 1 }
            }
        }
        let isRightToLeft = right >= left
        let logical = words.map { PageWords.Word(text: $0.text.hasRightToLeft ? $0.text.turned : $0.text, box: $0.box) }
        // The runs of the other direction stay as they are where the line is turned, and are turned where it is not.
        let isOther = logical.map { $0.text.hasRightToLeft != isRightToLeft && $0.text.hasLetters }
        var result: [PageWords.Word] = []
        var run: [PageWords.Word] = []
        for index in isRightToLeft ? Array(logical.indices.reversed()) : Array(logical.indices) {
            // A number among words of the other direction belongs to them.
            let isNeutral = !logical[index].text.hasLetters
            let next = isRightToLeft ? index - 1 : index + 1
            let continues = isNeutral && !run.isEmpty && logical.indices.contains(next) && isOther[next]
            if isOther[index] || continues {
                run.insert(logical[index], at: 0)
            } else {
                result += run + [logical[index]]
                run = []
            }
        }
        return (joined(result + run), isRightToLeft)
    }

    private static func joined(_ words: [PageWords.Word]) -> String {
        var text = ""
        var last: Box?
        for word in words {
            if let last {
                let gap = max(word.box.left - last.right, last.left - word.box.right)
                // Words above each other are those of a line that runs up or down.
                if gap > leastGap * min(last.height, word.box.height) || !last.isBeside(word.box) { text += " " }
            }
            text += word.text
            last = word.box
        }
        return text.utf8.contains(0xAD) ? text.droppingSoftHyphens() : text
    }
}

extension Unicode.Scalar {
    /// Whether it is a letter of Hebrew, Arabic or their kin, or one of their presentation forms.
    var isRightToLeft: Bool {
        switch value {
        case 0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFC, 0x10800...0x10FFF, 0x1E800...0x1EFFF:
            properties.generalCategory != .decimalNumber
        default: false
        }
    }
}

extension String {
    /// Without soft hyphens but for those at its end, where a line is broken.
    fileprivate func droppingSoftHyphens() -> String {
        let end = unicodeScalars.reversed().prefix(while: \.isHyphen).reversed()
        let start = unicodeScalars.dropLast(end.count).filter { $0 != "\u{AD}" }
        return String(String.UnicodeScalarView(start + end))
    }

    var hasRightToLeft: Bool { unicodeScalars.contains(where: \.isRightToLeft) }
    fileprivate var hasLetters: Bool { unicodeScalars.contains { $0.properties.isAlphabetic } }

    /// A word of a script from right to left, in the order in which it is read; digits and foreign letters in it keep their order.
    var turned: String {
        var result: [Character] = []
        var run: [Character] = []
        for character in reversed() {
            if character.isNumber || (character.isLetter && !character.unicodeScalars.contains(where: \.isRightToLeft))
            {
                run.insert(character, at: 0)
            } else {
                result += run + [character]
                run = []
            }
        }
        return String(result + run)
    }
}

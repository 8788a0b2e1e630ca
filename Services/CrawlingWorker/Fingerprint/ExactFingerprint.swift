import Crypto

/// What is the same for texts that differ in white space and case alone.
enum ExactFingerprint {
    /// The 32 bytes of the SHA-256 of the text in lower case, with one space for each run of white space and none at the ends.
    static func of(_ text: String) -> [UInt8] {
        var text = text.utf8.allSatisfy { $0 < 0x80 } ? text : text.lowercased()
        return sha256(text.withUTF8(collapse))
    }

    private static func collapse(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var position = 0
        var isAfterSpace = false
        while position < text.count {
            let width = spaceWidth(text, position)
            if width == 0 {
                if isAfterSpace && !output.isEmpty { output.append(0x20) }
                let byte = text[position]
                output.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
            }
            isAfterSpace = width > 0
            position += max(1, width)
        }
        return output
    }

    /// How many bytes of white space begin here: of ASCII, or U+0085, U+00A0, U+2000 to U+200A, U+2028, U+2029, U+202F and U+3000.
    private static func spaceWidth(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
        switch text[position] {
        case 0x20, 0x09...0x0D: return 1
        case 0xC2 where position + 1 < text.count:
            return text[position + 1] == 0x85 || text[position + 1] == 0xA0 ? 2 : 0
        case 0xE2, 0xE3:
            guard position + 2 < text.count else { return 0 }
            switch (text[position], text[position + 1], text[position + 2]) {
            case (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF), (0xE3, 0x80, 0x80): return 3
            default: return 0
            }
        default: return 0
        }
    }
}

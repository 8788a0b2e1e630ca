/// The one way in which XHTML means something else than HTML does with the same bytes: an empty element may close itself.
enum XHTML {
    /// Elements that have no end in HTML either (WHATWG HTML, 13.1.2).
    private static let void: Set<String> = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    ]

    /// The text with `<x/>` as `<x></x>`: in HTML the first would be a start that nobody ends.
    static func asHTML(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 1024)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "<") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let end = endOfTag(bytes, from: index)
            let tag = bytes[index..<end]
            index = end
            let name = tag.dropFirst().prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ">") }
            let word = String(decoding: name, as: UTF8.self)
            guard tag.suffix(2).elementsEqual("/>".utf8), let first = name.first, first != UInt8(ascii: "!"),
                first != UInt8(ascii: "?"), !void.contains(word.lowercased())
            else {
                result += tag
                continue
            }
            result += tag.dropLast(2)
            result += Array("></\(word)>".utf8)
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The index after a tag or a comment that begins here.
    private static func endOfTag(_ bytes: [UInt8], from start: Int) -> Int {
        if bytes[start...].starts(with: "<!--".utf8) {
            var index = start + 4
            while index < bytes.count, !bytes[index...].starts(with: "-->".utf8) { index += 1 }
            return min(index + 3, bytes.count)
        }
        var quote: UInt8?
        for index in (start + 1)..<bytes.count {
            let byte = bytes[index]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return index + 1
            }
        }
        return bytes.count
    }
}

/// Looks for a declaration of the encoding in the first bytes of a page (WHATWG HTML, "prescan a byte stream to determine its encoding").
struct MetaPrescan {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    /// The name of the declared encoding; nil when there is none.
    static func encoding(_ start: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
        var scan = MetaPrescan(ArraySlice(start))
        return scan.run()
    }

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    private var isAtEnd: Bool { index >= bytes.endIndex }

    private mutating func run() -> String? {
        if let declared = xmlDeclaration() { return declared }
        while let tag = bytes[index...].firstIndex(of: UInt8(ascii: "<")) {
            index = tag + 1
            let next = index < bytes.endIndex ? bytes[index] : 0
            if bytes[index...].starts(with: "!--".utf8) {
                skipComment()
            } else if isWord("meta") {
                index += 4
                if let found = meta() { return found }
            } else if next.isASCIILetter || next == UInt8(ascii: "/") {
                index = bytes[index...].firstIndex { $0 <= 0x20 || $0 == UInt8(ascii: ">") } ?? bytes.endIndex
                while attribute() != nil {}
            } else if next == UInt8(ascii: "!") || next == UInt8(ascii: "?") {
                index = bytes[index...].firstIndex(of: UInt8(ascii: ">")) ?? bytes.endIndex
            }
        }
        return nil
    }

    /// `<?xml encoding="…"?>`, which no standard has for HTML but pages do.
    private func xmlDeclaration() -> String? {
        guard bytes.starts(with: "<?xml".utf8), let end = bytes.firstIndex(of: UInt8(ascii: ">")) else { return nil }
        let declaration = bytes[..<end]
        let key = Array("encoding=".utf8)
        guard let start = declaration.indices.first(where: { declaration[$0...].starts(with: key) }) else { return nil }
        let value = declaration[(start + key.count)...].dropFirst().prefix { $0 > 0x22 && $0 != UInt8(ascii: "'") }
        return EncodingLabels.name(String(decoding: value, as: UTF8.self)).map(Self.asDeclared)
    }

    /// What stands in ASCII cannot be in UTF-16.
    private static func asDeclared(_ name: String) -> String { name.hasPrefix("UTF-16") ? "UTF-8" : name }

    private func isWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard index + count < bytes.endIndex else { return false }
        let letters = UnsafeBufferPointer(start: word.utf8Start, count: count)
        let after = bytes[index + count]
        return bytes[index..<index + count].elementsEqual(letters, by: { $0 | 0x20 == $1 })
            && (after <= 0x20 || after == UInt8(ascii: "/"))
    }

    private mutating func skipComment() {
        index += 3
        // `<!-->` is a comment too.
        index -= 2
        while index + 2 < bytes.endIndex, !bytes[index...].starts(with: "-->".utf8) { index += 1 }
        index = min(index + 3, bytes.endIndex)
    }

    private mutating func meta() -> String? {
        var isPragma = false
        var charset: String?
        var content: String?
        while let (name, value) = attribute() {
            switch name {
            case "http-equiv": isPragma = value.lowercased() == "content-type"
            case "charset": charset = charset ?? value
            case "content": content = content ?? PageEncoding.charset(in: Array(value.utf8)[...])
            default: break
            }
        }
        guard let label = charset ?? (isPragma ? content : nil) else { return nil }
        return EncodingLabels.name(label).map(Self.asDeclared)
    }

    /// The next attribute of the tag, its name in lower case; nil at the tag's end.
    private mutating func attribute() -> (name: String, value: String)? {
        skip { $0 <= 0x20 || $0 == UInt8(ascii: "/") }
        guard !isAtEnd, bytes[index] != UInt8(ascii: ">") else { return nil }
        let start = index
        // An equals sign at the start belongs to the name.
        index += 1
        skip { $0 > 0x20 && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") }
        let name = String(decoding: bytes[start..<index], as: UTF8.self).lowercased()
        skip { $0 <= 0x20 }
        guard !isAtEnd, bytes[index] == UInt8(ascii: "=") else { return (name, "") }
        index += 1
        skip { $0 <= 0x20 }
        guard !isAtEnd else { return (name, "") }
        return (name, value())
    }

    private mutating func value() -> String {
        let quote = bytes[index]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = index
            skip { $0 > 0x20 && $0 != UInt8(ascii: ">") }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }
        let start = index + 1
        index = start
        skip { $0 != quote }
        defer { index = min(index + 1, bytes.endIndex) }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func skip(while isSkipped: (UInt8) -> Bool) {
        while index < bytes.endIndex, isSkipped(bytes[index]) { index += 1 }
    }
}

extension UInt8 {
    var isASCIILetter: Bool { (0x61...0x7A).contains(self | 0x20) }
}

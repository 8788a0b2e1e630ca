/// Most links in a page are in serialised form already: one look finds their parts, and their text is kept.
extension PageURL {
    /// Nil when the parser would, or might, write the text differently; not because of a fragment, which goes.
    init?(serialised text: String) {
        let bytes = text.utf8.span
        guard bytes.count <= Self.maxLength, let prefix = Self.prefixLength(bytes) else { return nil }
        var parts = URLParts()
        parts.host = UInt16(prefix)
        guard let hostEnd = Self.plainHostEnd(bytes, from: prefix) else { return nil }
        parts.hostEnd = UInt16(hostEnd)
        parts.path = parts.hostEnd
        guard let pathEnd = Self.plainPathEnd(bytes, from: hostEnd) else { return nil }
        parts.pathEnd = UInt16(pathEnd)
        guard let end = Self.plainQueryEnd(bytes, from: pathEnd) else { return nil }
        let whole = end == bytes.count ? text : String(text[..<text.utf8.index(text.startIndex, offsetBy: end)])
        self.init(text: whole, parts: parts, port: prefix == 8 ? 443 : 80)
    }

    private static func prefixLength(_ bytes: Span<UInt8>) -> Int? {
        guard bytes.count > 8 else { return nil }
        if starts(bytes, with: "http://") { return 7 }
        return starts(bytes, with: "https://") ? 8 : nil
    }

    private static func starts(_ bytes: Span<UInt8>, with prefix: StaticString) -> Bool {
        for index in 0..<prefix.utf8CodeUnitCount where bytes[index] != prefix.utf8Start[index] { return false }
        return true
    }

    /// Where a host ends whose last label begins with a letter, so that it is no address, right before a path.
    private static func plainHostEnd(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        let plain = ByteSet.plainName
        var index = start
        var label = start
        while index < bytes.count, plain.contains(bytes[index]) {
            if bytes[index] == .dot { label = index + 1 }
            index += 1
        }
        return index < bytes.count && bytes[index] == .slash && bytes[label].isLetter ? index : nil
    }

    /// Where a path ends that needs no encoding and has no segment that begins with a dot, encoded or not.
    private static func plainPathEnd(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        let plain = ByteSet.path
        var index = start
        var previous = UInt8.slash
        while index < bytes.count, plain.contains(bytes[index]) {
            let byte = bytes[index]
            if byte == .backslash || previous == .slash && (byte == .dot || byte == .percent) { return nil }
            previous = byte
            index += 1
        }
        return index == bytes.count || bytes[index] == .question || bytes[index] == .hash ? index : nil
    }

    /// Where a query ends, if there is one, that needs no encoding.
    private static func plainQueryEnd(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        let plain = ByteSet.query
        var index = start
        while index < bytes.count, plain.contains(bytes[index]) { index += 1 }
        if index == bytes.count { return index }
        // Spaces at the end of a fragment would go with it; all else in it does too.
        return bytes[index] == .hash ? index : nil
    }
}

/// One URL for the spellings that lead to the same page.
extension PageURL {
    /// The URL without what does not choose the page: user and password, an empty query, and percent-encodings of characters that
    /// need none; those that stay are in upper case. The order of parameters stays. The canonical URL of a canonical URL is itself.
    ///
    /// - Parameter withoutTracking: whether parameters that name a visit rather than a page go too: those of ``VisitParameter``.
    public func canonical(withoutTracking: Bool = true) -> PageURL {
        guard needsWork else { return self }
        let source = Array(text.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(source.count)
        output.append(contentsOf: source[..<prefixLength])
        var parts = URLParts()
        parts.host = UInt16(output.count)
        parts.hostEnd = parts.host + (self.parts.hostEnd - self.parts.host)
        output.append(contentsOf: source[Int(self.parts.host)..<Int(self.parts.path)])
        parts.path = UInt16(output.count)
        let path = source[Int(self.parts.path)..<Int(self.parts.pathEnd)].normalisingEscapes()
        output.append(contentsOf: withoutTracking ? VisitParameter.removed(fromPath: path) : path)
        parts.pathEnd = UInt16(output.count)
        let query = source[Int(self.parts.pathEnd)...].dropFirst().normalisingEscapes()
        let kept = withoutTracking ? VisitParameter.removed(fromQuery: query) : query
        if !kept.isEmpty { output.append(.question) }
        output.append(contentsOf: kept)
        return PageURL(text: String(decoding: output, as: UTF8.self), parts: parts, port: port)
    }

    /// Whether there is anything in the URL that its canonical form may lack.
    private var needsWork: Bool {
        if hasCredentials || Int(parts.pathEnd) < text.utf8.count { return true }
        let bytes = text.utf8.span
        for index in Int(parts.path)..<bytes.count where bytes[index] == .percent || bytes[index] == .semicolon {
            return true
        }
        return false
    }
}

extension ArraySlice<UInt8> {
    /// Decodes what needs no percent-encoding, and writes the rest in upper case.
    ///
    /// A percent sign that begins no encoding stays as it is, and nothing next to it is decoded: the two might make one.
    func normalisingEscapes() -> [UInt8] {
        guard contains(.percent) else { return Array(self) }
        var output: [UInt8] = []
        output.reserveCapacity(count)
        var decodingFrom = 0
        var index = startIndex
        while index < endIndex {
            let byte = self[index]
            guard let escaped = escaped(at: index) else {
                output.append(byte)
                if byte == .percent { decodingFrom = output.count + 2 }
                index += 1
                continue
            }
            if ByteSet.unreserved.contains(escaped), output.count >= decodingFrom {
                output.append(escaped)
            } else {
                output.appendEscape(escaped)
            }
            index += 3
        }
        return output
    }
}

/// The URL Standard's host parser for special schemes.
enum Host {
    /// The serialised host; an IPv6 address keeps its brackets.
    static func serialised(_ text: ArraySlice<UInt8>) throws(URLFault) -> [UInt8] {
        if text.first == .opening {
            guard text.last == .closing, let address = IPv6(text.dropFirst().dropLast()) else { throw .badAddress }
            return [.opening] + address.serialised + [.closing]
        }
        let name = try name(text)
        guard !name.isEmpty else { throw .noHost }
        guard !name.contains(where: ByteSet.forbiddenInNames.contains) else { throw .badHost }
        guard IPv4.isMeant(by: name) else { return name }
        guard let address = IPv4(name) else { throw .badAddress }
        return address.serialised
    }

    /// The name in ASCII and lower case.
    private static func name(_ text: ArraySlice<UInt8>) throws(URLFault) -> [UInt8] {
        let isPlain = text.allSatisfy { $0 < 0x80 && $0 != .percent }
        let bytes = isPlain ? Array(text) : decoded(text)
        // A name in ASCII is taken as it stands: labels whose Punycode is wrong exist and answer.
        if isPlain || bytes.allSatisfy({ $0 < 0x80 }) { return bytes.map(\.lowercased) }
        return try InternationalName.ascii(String(decoding: bytes, as: UTF8.self))
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let escaped = text.escaped(at: index)
            bytes.append(escaped ?? text[index])
            index += escaped == nil ? 1 : 3
        }
        return bytes
    }
}

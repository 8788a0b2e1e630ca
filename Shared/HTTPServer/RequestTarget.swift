/// The target of a request line, taken apart.
struct RequestTarget: Sendable {
    let path: String
    let segments: [String]
    let query: [(name: String, value: String)]

    /// Decodes `raw`, a path with an optional query or an absolute URL; throws the reason for a 400.
    init(_ raw: [UInt8]) throws(RequestError) {
        for byte in raw where byte <= 0x20 || byte >= 0x7F {
            throw .badRequest(reason: "the request target has a byte that must be percent-encoded")
        }
        let origin = try Self.originForm(raw[...])
        let end = origin.firstIndex(of: UInt8(ascii: "?")) ?? origin.endIndex
        path = String(decoding: origin[..<end], as: UTF8.self)
        var segments: [String] = []
        for part in origin[..<end].split(separator: UInt8(ascii: "/")) {
            segments.append(try Self.decode(part, plusIsSpace: false))
        }
        self.segments = segments
        query = end < origin.endIndex ? try Self.pairs(origin[(end + 1)...]) : []
    }

    /// Drops scheme and authority of the absolute form (RFC 9112, 3.2.2); `*` stays as it is.
    private static func originForm(_ raw: ArraySlice<UInt8>) throws(RequestError) -> ArraySlice<UInt8> {
        if raw.first == UInt8(ascii: "/") || raw.elementsEqual("*".utf8) { return raw }
        for scheme in ["http://", "https://"] where raw.prefix(scheme.utf8.count).elementsEqual(scheme.utf8) {
            let rest = raw.dropFirst(scheme.utf8.count)
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { break }
            return rest[slash...]
        }
        throw .badRequest(reason: "the request target is not a path")
    }

    private static func pairs(_ text: ArraySlice<UInt8>) throws(RequestError) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for part in text.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let name = try decode(part[..<equals], plusIsSpace: true)
            let value = equals < part.endIndex ? try decode(part[(equals + 1)...], plusIsSpace: true) : ""
            pairs.append((name, value))
        }
        return pairs
    }

    /// Undoes percent-encoding; what is not UTF-8 then, or has a NUL, is refused.
    private static func decode(_ text: ArraySlice<UInt8>, plusIsSpace: Bool) throws(RequestError) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var position = text.startIndex
        while position < text.endIndex {
            let byte = text[position]
            position += 1
            switch byte {
            case UInt8(ascii: "%"):
                guard position + 1 < text.endIndex, let high = hexadecimal(text[position]),
                    let low = hexadecimal(text[position + 1])
                else { throw .badRequest(reason: "the request target has a broken percent escape") }
                bytes.append(high << 4 | low)
                position += 2
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
            throw .badRequest(reason: "the request target is not UTF-8 text")
        }
        return decoded
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

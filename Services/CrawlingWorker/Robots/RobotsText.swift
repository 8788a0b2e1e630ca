/// The normal form in which the paths of rules and of requests are compared (RFC 9309, section 2.2.2).
///
/// Percent-encoded unreserved octets are decoded, octets that no URI may hold are encoded, and the digits are upper-case. A literal `*`
/// or `$` becomes `%2A` or `%24`, which is how a rule spells it, so that a `*` in a rule's normal form is always the wildcard.
enum RobotsText {
    private static let percent = UInt8(ascii: "%")
    private static let star = UInt8(ascii: "*")
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// The normal form of a request's path and query; an empty path is `/`, and a fragment does not count.
    static func target(_ target: String) -> [UInt8] {
        let bytes = target.utf8.prefix { $0 != UInt8(ascii: "#") }
        let form = normalise(bytes, keepingStars: false)
        return form.first == UInt8(ascii: "/") ? form : [UInt8(ascii: "/")] + form
    }

    /// The normal form of a rule's path without its final `$`; its stars stay.
    static func pattern(_ bytes: some Collection<UInt8>) -> [UInt8] { normalise(bytes, keepingStars: true) }

    private static func normalise(_ bytes: some Collection<UInt8>, keepingStars: Bool) -> [UInt8] {
        var form: [UInt8] = []
        form.reserveCapacity(bytes.count)
        var isQuery = false
        var index = bytes.startIndex
        while index != bytes.endIndex {
            let byte = bytes[index]
            bytes.formIndex(after: &index)
            if byte == star && keepingStars {
                form.append(star)
            } else if byte == percent, let octet = octet(bytes[index...]) {
                bytes.formIndex(&index, offsetBy: 2)
                append(octet, literally: isUnreserved(octet) || isQuery && isPlainInQuery(octet), to: &form)
            } else {
                append(byte, literally: isUnreserved(byte) || isReserved(byte), to: &form)
                if byte == UInt8(ascii: "?") { isQuery = true }
            }
        }
        return form
    }

    private static func append(_ octet: UInt8, literally: Bool, to form: inout [UInt8]) {
        if literally {
            form.append(octet)
        } else {
            form.append(percent)
            form.append(digits[Int(octet >> 4)])
            form.append(digits[Int(octet & 15)])
        }
    }

    private static func octet(_ bytes: some Collection<UInt8>) -> UInt8? {
        let pair = bytes.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return pair.count == 2 ? UInt8(pair[0] << 4 | pair[1]) : nil
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// The reserved characters of RFC 3986 but `*` and `$`.
    private static func isReserved(_ byte: UInt8) -> Bool { reserved.contains(byte) }

    private static let reserved = Array(":/?#[]@!&'()+,;=".utf8)

    /// What is reserved elsewhere but delimits nothing in a query: the RFC's example holds `https://` and `https%3A%2F%2F` for the same.
    private static func isPlainInQuery(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "?")
            || byte == UInt8(ascii: "@")
    }
}

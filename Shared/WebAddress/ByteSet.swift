/// A set of ASCII bytes, as two words of bits.
struct ByteSet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ members: some Sequence<UInt8>) {
        for byte in members { insert(byte) }
    }

    /// Whether the byte is in the set; no byte beyond ASCII is.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? low : byte < 128 ? high : 0
        return (word >> UInt64(byte & 63)) & 1 == 1
    }

    /// This set and more.
    func adding(_ characters: String) -> ByteSet {
        var set = self
        for byte in characters.utf8 { set.insert(byte) }
        return set
    }

    /// All ASCII bytes that are not in this set.
    var inverted: ByteSet {
        var set = self
        (set.low, set.high) = (~low, ~high)
        return set
    }

    private mutating func insert(_ byte: UInt8) {
        if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte - 64) }
    }
}

/// Which bytes stand for themselves in each part of a URL; all others are percent-encoded.
///
/// Source: URL Standard, section 1.3, where the sets are those of the bytes to encode.
extension ByteSet {
    private static let controls = ByteSet(Array(0..<0x20) + [0x7F])
    private static let encodedInQuery = controls.adding(" \"#<>'")
    private static let encodedInPath = controls.adding(" \"#<>?^`{}")

    static let query = encodedInQuery.inverted
    static let path = encodedInPath.inverted
    static let userinfo = encodedInPath.adding("/:;=@[\\]|").inverted
    /// Forbidden domain code points.
    static let forbiddenInNames = controls.adding(" #/:<>?@[\\]^|%")
    /// What a percent-encoding says no more than the byte itself. Source: RFC 3986, section 2.3.
    static let unreserved = ByteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
    /// What a host in serialised form is made of, when it is a plain name.
    static let plainName = ByteSet("abcdefghijklmnopqrstuvwxyz0123456789-._".utf8)
}

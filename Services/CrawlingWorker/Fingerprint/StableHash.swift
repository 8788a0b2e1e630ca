/// Hashes that are the same in every run and on every machine, unlike `Hasher`. They guard against accidents, not against ill will.
enum StableHash {
    /// The start of FNV-1a (64 bits).
    static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Adds one byte (FNV-1a).
    @inline(__always)
    static func add(_ byte: UInt8, to hash: UInt64) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }

    /// Spreads every bit over all of them (the finaliser of SplitMix64).
    @inline(__always)
    static func mix(_ hash: UInt64) -> UInt64 {
        var hash = hash
        hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 31
    }

    /// The hash of some bytes.
    static func of(_ bytes: some Sequence<UInt8>) -> UInt64 { mix(bytes.reduce(seed) { add($1, to: $0) }) }
}

/// A fingerprint of 64 bits of which similar texts share most (Charikar 2002; Manku, Jain and Das Sarma 2007).
///
/// Each bit is the vote of all runs of three words. A run with a number in it has an eighth of a vote, so that a page of which only a date or a
/// counter changed stays near, while tables of other numbers do not.
struct SimHash: Sendable, Equatable {
    /// How many words a text must have to be compared at all: of fewer, each decides too much.
    static let leastWords = 20
    /// In how many bits near texts differ at most. Of generated pages with another date or counter, from 20 words on, 99.9 % or more lie within it,
    /// and of other articles in the same frame none where the frame is half of the text, 0.1 % where it is three quarters.
    static let nearDistance = 3

    let bits: UInt64

    /// The fingerprint of a text; nil when it is too short to be compared.
    init?(_ text: String) {
        var text = text
        guard let bits = text.withUTF8(Self.bits) else { return nil }
        self.bits = bits
    }

    init(bits: UInt64) { self.bits = bits }

    /// In how many bits two fingerprints differ.
    func distance(to other: SimHash) -> Int { (bits ^ other.bits).nonzeroBitCount }

    private static func bits(of text: UnsafeBufferPointer<UInt8>) -> UInt64? {
        var scanner = WordScanner(text)
        guard var first = scanner.next(), var second = scanner.next() else { return nil }
        var words = 2
        var votes = BitVotes()
        while let third = scanner.next() {
            let hash = StableHash.mix(
                first.hash &* 0x9E37_79B9_7F4A_7C15 &+ second.hash &* 0xC2B2_AE3D_27D4_EB4F &+ third.hash)
            votes.add(hash, isLight: first.hasDigit || second.hasDigit || third.hasDigit)
            (first, second) = (second, third)
            words += 1
        }
        return words < leastWords ? nil : votes.majority()
    }
}

/// How often each of 64 bits was set, counted for all of them at once: plane `i` holds bit `i` of every count.
private struct BitVotes {
    private static let heavy = 3
    /// Votes when the heavy ones are even in number: without it they would leave many bits undecided to the light ones.
    private static let casting: UInt64 = 0x5DEE_CE66_D1B5_4A33
    private var heavies = 0
    private var planes = InlineArray<40, UInt64>(repeating: 0)
    private var total: UInt64 = 0

    /// Adds one vote, or eight unless it is light.
    @inline(__always)
    mutating func add(_ bits: UInt64, isLight: Bool) {
        var plane = isLight ? 0 : Self.heavy
        heavies += isLight ? 0 : 1
        total += 1 << UInt64(plane)
        var carry = bits
        while carry != 0 {
            let sum = planes[plane]
            planes[plane] = sum ^ carry
            carry &= sum
            plane += 1
        }
    }

    /// The bits that were set in more than half of the votes.
    mutating func majority() -> UInt64 {
        if heavies.isMultiple(of: 2) { add(Self.casting, isLight: false) }
        var bits: UInt64 = 0
        for bit in 0..<UInt64(64) {
            var count: UInt64 = 0
            for plane in planes.indices { count |= (planes[plane] >> bit & 1) << UInt64(plane) }
            if count * 2 > total { bits |= 1 << bit }
        }
        return bits
    }
}

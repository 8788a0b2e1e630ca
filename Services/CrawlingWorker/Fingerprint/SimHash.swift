/// A fingerprint of 64 bits of which similar texts share most (Charikar 2002; Manku, Jain and Das Sarma 2007).
///
/// Each bit is the vote of all runs of three words. A run with a number in it has an eighth of a vote, so that a page of which only a date or a
/// counter changed stays near; where most runs have one, as in tables, the numbers are the content and all votes are equal.
struct SimHash: Sendable, Equatable {
    /// How many words a text must have to be compared at all: of fewer, each decides too much.
    static let leastWords = 20
    /// In how many bits near texts differ at most.
    ///
    /// Of generated pages with another date or counter, from 20 words on, more than 99.9 % lie within it. Of other articles in the same frame none do
    /// where the frame is half of the text, less than 0.1 % where it is three quarters, and 1.5 % where it is nine tenths.
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
        var plain = BitVotes()
        var numeric = BitVotes()
        while let third = scanner.next() {
            let hash = StableHash.mix(
                first.hash &* 0x9E37_79B9_7F4A_7C15 &+ second.hash &* 0xC2B2_AE3D_27D4_EB4F &+ third.hash)
            if first.hasDigit || second.hasDigit || third.hasDigit { numeric.add(hash) } else { plain.add(hash) }
            (first, second) = (second, third)
            words += 1
        }
        return words < leastWords ? nil : majority(&plain, numeric)
    }

    /// Votes when the plain runs are even in number: without it they would leave many bits undecided to the runs with numbers.
    private static let castingVote: UInt64 = 0x5DEE_CE66_D1B5_4A33

    private static func majority(_ plain: inout BitVotes, _ numeric: BitVotes) -> UInt64 {
        let isTable = numeric.total > plain.total
        if !isTable && plain.total.isMultiple(of: 2) { plain.add(castingVote) }
        let weight = isTable ? 1 : 8
        return (0..<64).reduce(0) { bits, bit in
            weight * plain.balance(of: bit) + numeric.balance(of: bit) > 0 ? bits | 1 << UInt64(bit) : bits
        }
    }
}

/// How often each of 64 bits was set, counted for all of them at once: plane `i` holds bit `i` of every count.
private struct BitVotes {
    private var planes = InlineArray<40, UInt64>(repeating: 0)
    private(set) var total = 0

    @inline(__always)
    mutating func add(_ bits: UInt64) {
        total += 1
        var carry = bits
        var plane = 0
        while carry != 0 {
            let sum = planes[plane]
            planes[plane] = sum ^ carry
            carry &= sum
            plane += 1
        }
    }

    /// How much more often the bit was set than not.
    func balance(of bit: Int) -> Int {
        let count = planes.indices.reduce(0) { $0 | Int(planes[$1] >> UInt64(bit) & 1) << $1 }
        return 2 * count - total
    }
}

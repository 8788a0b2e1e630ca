/// Finds earlier fingerprints that are near a new one, among the last so many.
///
/// Of `reach + 1` bands of the bits at least one is equal where no more than `reach` bits differ. So each band leads to the fingerprints that
/// share it, newest first, and those are compared in full. A link only ever leads to an older fingerprint, so the oldest are forgotten by
/// being overwritten.
struct NearIndex: Sendable {
    struct Match: Sendable, Equatable {
        /// What was given with the earlier fingerprint.
        let id: Int64
        /// In how many bits the two differ.
        let distance: Int
    }

    /// How many fingerprints of one band are looked at: many more than share it by chance, few enough for pages made to collide.
    static let longestWalk = 4096

    /// In how many bits near fingerprints may differ.
    let reach: Int
    /// How many fingerprints are remembered.
    let capacity: Int
    /// How many were added so far.
    private var added = 0
    private var hashes: [UInt64] = []
    private var ids: [Int64] = []
    /// For each fingerprint and band, the number of the one before it with the same band; 0 for none.
    private var links: [UInt32] = []
    /// For each band and the first bits of its scattered value, the number of the last fingerprint with them, from 1; 0 for none.
    private var heads: [UInt32] = []
    /// How many bits of a band choose its head; more as there are more fingerprints, since most hosts have few pages.
    private var headBits = 4

    private let bandWidth: Int
    private var bands: Int { reach + 1 }

    /// Makes an index with a reach of 3 to 7 bits; a fingerprint takes 16 bytes and 4 for each band.
    ///
    /// Three is quick at any capacity; each bit more makes the bands narrower and the walks longer.
    init(reach: Int = SimHash.nearDistance, capacity: Int) {
        precondition((3...7).contains(reach) && capacity > 0, "a near index of reach \(reach) for \(capacity)")
        self.reach = reach
        self.capacity = capacity
        bandWidth = 64 / (reach + 1)
        heads = [UInt32](repeating: 0, count: bands << headBits)
    }

    /// Remembers a fingerprint, and forgets the oldest when there are too many.
    mutating func add(_ hash: SimHash, id: Int64) {
        let place = added % capacity
        if place == hashes.count {
            hashes.append(hash.bits)
            ids.append(id)
            links.append(contentsOf: repeatElement(0, count: bands))
        } else {
            hashes[place] = hash.bits
            ids[place] = id
        }
        added += 1
        if hashes.count > 1 << headBits && headBits < bandWidth { widen() } else { link(added) }
    }

    /// Leads each band of a fingerprint to it, and it to the one before.
    private mutating func link(_ number: Int) {
        let place = (number - 1) % capacity
        for band in 0..<bands {
            let slot = slot(of: hashes[place], band: band)
            links[place * bands + band] = heads[slot]
            heads[slot] = UInt32(number)
        }
    }

    /// Makes room for more heads and links everything anew, the oldest first.
    private mutating func widen() {
        headBits = min(headBits + 2, bandWidth)
        heads = [UInt32](repeating: 0, count: bands << headBits)
        for number in max(1, added - capacity + 1)...added { link(number) }
    }

    /// The nearest of the remembered fingerprints within reach, of equally near ones the newest; nil when there is none.
    func nearest(to hash: SimHash) -> Match? {
        var best: (distance: Int, number: Int)?
        for band in 0..<bands {
            var number = Int(heads[slot(of: hash.bits, band: band)])
            var steps = 0
            while number > max(0, added - capacity) && steps < Self.longestWalk {
                let place = (number - 1) % capacity
                let distance = (hashes[place] ^ hash.bits).nonzeroBitCount
                if distance <= reach, best.map({ (distance, -number) < ($0.distance, -$0.number) }) ?? true {
                    best = (distance, number)
                }
                number = Int(links[place * bands + band])
                steps += 1
            }
        }
        return best.map { Match(id: ids[($0.number - 1) % capacity], distance: $0.distance) }
    }

    private func slot(of bits: UInt64, band: Int) -> Int {
        let value = bits >> UInt64(band * bandWidth) & (1 << UInt64(bandWidth) - 1)
        // Multiplied by an odd number, all of its bits reach the first ones.
        return band << headBits | Int((value &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - headBits))
    }
}

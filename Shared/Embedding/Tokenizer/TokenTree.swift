/// Tokens by their characters, in a tree, so that the longest one at a place is found in one walk.
///
/// The edges of all nodes lie in one hash table with open addressing: a vocabulary of 30,000 tokens is there in some milliseconds.
struct TokenTree: Sendable {
    private static let free = UInt64.max

    private var keys: [UInt64]
    private var targets: [UInt32]
    private var mask: Int
    /// What token ends at a node, -1 for none; the first node is the root.
    private var tokens: [Int32] = [-1]

    init() {
        mask = 1023
        keys = Array(repeating: Self.free, count: mask + 1)
        targets = Array(repeating: 0, count: mask + 1)
    }

    /// Adds a token; of two with the same text the later one stays.
    mutating func insert(_ text: some Sequence<Unicode.Scalar>, token: Int32) {
        var node: UInt32 = 0
        for scalar in text { node = child(of: node, scalar) ?? addChild(of: node, scalar) }
        tokens[Int(node)] = token
    }

    /// The longest token that begins with the first of these scalars, and how many of them it has.
    func longest(in scalars: ArraySlice<Unicode.Scalar>) -> (token: Int32, length: Int)? {
        var node: UInt32 = 0
        var best: (token: Int32, length: Int)?
        for (offset, scalar) in scalars.enumerated() {
            guard let next = child(of: node, scalar) else { break }
            node = next
            let token = tokens[Int(node)]
            if token >= 0 { best = (token, offset + 1) }
        }
        return best
    }

    private func child(of node: UInt32, _ scalar: Unicode.Scalar) -> UInt32? {
        let key = Self.key(node, scalar)
        let slot = slot(of: key)
        return keys[slot] == key ? targets[slot] : nil
    }

    private mutating func addChild(of node: UInt32, _ scalar: Unicode.Scalar) -> UInt32 {
        // At most half of the table is in use, so that every search ends soon.
        if tokens.count * 2 > mask { grow() }
        let child = UInt32(tokens.count)
        tokens.append(-1)
        set(Self.key(node, scalar), child)
        return child
    }

    private mutating func grow() {
        let old = zip(keys, targets).filter { $0.0 != Self.free }
        mask = mask * 2 + 1
        keys = Array(repeating: Self.free, count: mask + 1)
        targets = Array(repeating: 0, count: mask + 1)
        for (key, target) in old { set(key, target) }
    }

    private mutating func set(_ key: UInt64, _ target: UInt32) {
        let slot = slot(of: key)
        keys[slot] = key
        targets[slot] = target
    }

    /// Where the key is, or would be.
    private func slot(of key: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while keys[slot] != key, keys[slot] != Self.free { slot = (slot + 1) & mask }
        return slot
    }

    private static func key(_ node: UInt32, _ scalar: Unicode.Scalar) -> UInt64 {
        UInt64(node) << 32 | UInt64(scalar.value)
    }
}

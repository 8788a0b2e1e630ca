/// The members of a JSON object: unique keys in the order in which they were added.
///
/// Small objects, which nearly all are, are searched from end to end; from the 17th member on there is an index.
public struct JSONObject: Sendable {
    /// One member.
    public typealias Element = (key: String, value: JSON)

    private static let indexThreshold = 16

    private var members: [Element] = []
    private var index: [String: Int]?

    /// Makes an empty object.
    public init() {}

    /// Takes members whose keys are known to differ.
    init(distinct members: [Element]) {
        self.members = members
        rebuildIndex()
    }

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there is no member.
    public var isEmpty: Bool { members.isEmpty }

    /// The keys, in order.
    public var keys: [String] { members.map(\.key) }

    /// The value of a key. Setting appends a new key, replaces the value of a known one in its place, and removes it with nil.
    public subscript(key: String) -> JSON? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil):
                members.remove(at: position)
                rebuildIndex()
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    private func position(of key: String) -> Int? {
        if let index { return index[key] }
        return members.firstIndex { $0.key == key }
    }

    private mutating func append(_ key: String, _ value: JSON) {
        members.append((key, value))
        if index != nil { index?[key] = members.count - 1 } else { rebuildIndex() }
    }

    private mutating func rebuildIndex() {
        guard members.count > Self.indexThreshold else {
            index = nil
            return
        }
        // Keys of other bytes but the same characters count as one to Swift; the first of them is the one that is found.
        index = Dictionary(zip(members.lazy.map(\.key), members.indices), uniquingKeysWith: { first, _ in first })
    }
}

extension JSONObject: Sequence {
    /// Goes over the members in order.
    public func makeIterator() -> IndexingIterator<[Element]> { members.makeIterator() }

    /// The number of members, known at once.
    public var underestimatedCount: Int { members.count }
}

extension JSONObject: Hashable {
    /// Whether both have the same members, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
    }

    /// Adds the members to a hash, without regard to their order.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for (key, value) in members {
            var member = Hasher()
            member.combine(key)
            member.combine(value)
            sum ^= member.finalize()
        }
        hasher.combine(members.count)
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Makes an object of these members; the keys must differ.
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(distinct: elements) }
}

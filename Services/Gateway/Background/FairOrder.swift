import Jobs

/// Whose turn it is among the waiting jobs of one type.
///
/// Between the classes turns are weighted: of twelve, a busy queue gives eight to high, three to normal and one to low, so that the
/// lowest class always goes on. Within a class every tenant has one turn after the other, whatever each has queued: with ten thousand
/// jobs of one waiting, the single job of another has the next turn but one. Within a lane the oldest job comes first.
///
/// Only the leading gateway keeps this, in memory: a new leader starts a round of its own, which costs nobody more than one turn.
struct FairOrder {
    /// The most namespaces of a class that are looked at in one tick.
    static let page = 64

    private static func weight(_ priority: Priority) -> Double {
        switch priority {
        case .high: 8
        case .normal: 3
        case .low: 1
        }
    }

    /// How far each class has come; the least far has the next turn.
    private var passed: [Priority: Double] = [:]
    /// How far the class was that had the last turn.
    private var now = 0.0
    private var lastServed: [Priority: String] = [:]
    private var cursors: [Priority: String] = [:]

    /// Where to begin to look for lanes of a class: not at the start, when one page did not hold them all.
    func cursor(_ priority: Priority) -> String { cursors[priority] ?? "" }

    /// The lanes of the next `count` turns. A class that has just got work starts where the others are.
    ///
    /// - Parameter lanes: those with work, each class in the order of the namespaces, from its cursor.
    mutating func turns(_ lanes: [Lane], count: Int) -> [Lane] {
        var rings: [Priority: Ring] = [:]
        for (priority, members) in Dictionary(grouping: lanes, by: \.priority) {
            rings[priority] = Ring(members.map(\.namespace), after: lastServed[priority])
            passed[priority] = max(passed[priority] ?? 0, now)
        }
        var turns: [Lane] = []
        while turns.count < count, let priority = nextClass(rings), let namespace = rings[priority]?.next() {
            now = passed[priority] ?? now
            passed[priority] = now + 1 / Self.weight(priority)
            lastServed[priority] = namespace
            turns.append(Lane(priority, namespace))
        }
        turnPages(lanes)
        return turns
    }

    private func nextClass(_ rings: [Priority: Ring]) -> Priority? {
        rings.keys.min { (passed[$0] ?? 0, -$0.rawValue) < (passed[$1] ?? 0, -$1.rawValue) }
    }

    /// Where one page does not hold a class, the next begins after whoever was served last; after the end it is the start again.
    private mutating func turnPages(_ lanes: [Lane]) {
        for priority in Priority.allCases {
            let members = lanes.filter { $0.priority == priority }
            let isLast = members.count < Self.page
            let isWhole = isLast && cursors[priority] == nil
            let isServed = isLast && members.last?.namespace == lastServed[priority]
            cursors[priority] = isWhole || isServed || members.isEmpty ? nil : lastServed[priority]
        }
    }

    /// The turns as jobs: each takes the next job of its lane that may go.
    ///
    /// - Parameter mayGo: asked once for each job in the order of the turns; one that may not is passed over.
    static func pick<Member: LaneMember>(
        _ turns: [Lane], from jobs: [Member], mayGo: (Member) -> Bool = { _ in true }
    ) -> [Member] {
        var lanes = Dictionary(grouping: jobs, by: \.lane).mapValues { $0[...] }
        var picked: [Member] = []
        for turn in turns {
            while let job = lanes[turn]?.popFirst() {
                guard mayGo(job) else { continue }
                picked.append(job)
                break
            }
        }
        return picked
    }
}

/// Names that have turns one after the other.
private struct Ring {
    private let names: [String]
    private var position: Int

    /// - Parameter last: who had the last turn; the next in order begins.
    init(_ names: [String], after last: String?) {
        self.names = names
        // The database's order of names is that of their bytes.
        position = last.flatMap { last in names.firstIndex { last.utf8.lexicographicallyPrecedes($0.utf8) } } ?? 0
    }

    mutating func next() -> String? {
        guard !names.isEmpty else { return nil }
        defer { position = (position + 1) % names.count }
        return names[position]
    }
}

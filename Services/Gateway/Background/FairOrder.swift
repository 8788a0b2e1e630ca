import Jobs

/// Whose turn it is among the waiting jobs of one type.
///
/// Between the classes turns are weighted: of twelve, a busy queue gives eight to high, three to normal and one to low, so that the
/// lowest class always goes on. Within a class every tenant has one turn after the other, whatever each has queued: with ten thousand
/// jobs of one waiting, the single job of another has the next turn but one. Within a lane the oldest job comes first.
///
/// Only the leading gateway keeps this, in memory: a new leader starts a round of its own, which costs nobody more than one turn.
struct FairOrder {
    /// The most namespaces of a class that one look shows.
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
    /// - Parameters:
    ///   - lanes: those that may have turns, each class in the order of the namespaces.
    ///   - page: all that the look has shown, where some of them may not.
    mutating func turns(_ lanes: [Lane], of page: [Lane]? = nil, count: Int) -> [Lane] {
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
        for priority in Priority.allCases {
            turnPage(priority, page ?? lanes, open: lanes.count { $0.priority == priority }, served: turns)
        }
        return turns
    }

    /// Nothing was found of a class after its cursor: it starts again.
    mutating func restart(_ priority: Priority) { cursors[priority] = nil }

    private func nextClass(_ rings: [Priority: Ring]) -> Priority? {
        rings.keys.min { (passed[$0] ?? 0, -$0.rawValue) < (passed[$1] ?? 0, -$1.rawValue) }
    }

    /// Where one page does not hold a class, the next begins after whoever was served last, or after the page when each of it was, or
    /// none may be; after the end it is the start again.
    private mutating func turnPage(_ priority: Priority, _ page: [Lane], open: Int, served: [Lane]) {
        let members = page.filter { $0.priority == priority }.map(\.namespace)
        let isLast = members.count < Self.page
        if members.isEmpty || (isLast && cursors[priority] == nil) {
            cursors[priority] = nil
            return
        }
        let served = served.filter { $0.priority == priority }.map(\.namespace)
        if open > 0, served.isEmpty { return }
        let reached = served.count >= open ? members.last : served.last
        cursors[priority] = isLast && reached == members.last ? nil : reached
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

import Jobs

/// Which lanes have work, as far as is known without asking the database again.
///
/// Looking costs a walk through the backlog's index. So a lane that was found stands here until it is read to its end, this
/// gateway's own submissions tell of theirs, and the database is asked for what others brought (retries, times that have come, other
/// gateways) no more than every `lasting`.
///
/// A backlog is deep while more waits in it than this gateway can account for: what came from elsewhere, or more than one read
/// takes. A shallow one is gone with the next read. One with more lanes than a look shows is deep, and each look has a page of its own.
struct LaneWatch {
    private struct Backlog {
        /// When each lane was last known to have work.
        var seen: [Lane: ContinuousClock.Instant] = [:]
        var isDeep = false
        /// How many jobs of this gateway have come since the last read.
        var expected = 0
    }

    private static let lasting: Duration = .milliseconds(100)

    private var types: [String: Backlog] = [:]
    private var paged: Set<String> = []
    private var lookedAt: ContinuousClock.Instant?
    private var askedAt: ContinuousClock.Instant?

    /// Whether the database is to be asked.
    func isDue(at now: ContinuousClock.Instant) -> Bool {
        guard let lookedAt, paged.isEmpty else { return true }
        return now - lookedAt >= Self.lasting || askedAt.map { $0 >= lookedAt } ?? false
    }

    /// There may be work that is not known here.
    mutating func ask(at now: ContinuousClock.Instant) { askedAt = now }

    /// The lanes of a type, each class in the order of the namespaces.
    func lanes(_ type: String) -> [Lane] {
        guard let seen = types[type]?.seen else { return [] }
        // The database's order of names is that of their bytes.
        return seen.keys.sorted { a, b in
            guard a.priority == b.priority else { return a.priority.rawValue < b.priority.rawValue }
            return a.namespace.utf8.lexicographicallyPrecedes(b.namespace.utf8)
        }
    }

    /// The types with a deep backlog.
    var deep: Set<String> { paged.union(types.filter(\.value.isDeep).keys) }

    /// How many jobs this gateway has brought to each type since the last read of its backlog.
    var expected: [String: Int] { types.mapValues(\.expected) }

    /// What a look found that began at `start`.
    ///
    /// - Parameter paged: the types of which it may not have shown all lanes.
    mutating func found(_ lanes: [String: [Lane]], paged: Set<String> = [], lookedAt start: ContinuousClock.Instant) {
        for type in Set(types.keys).union(lanes.keys) {
            let known = types[type] ?? Backlog()
            let found = lanes[type] ?? []
            var backlog = known
            backlog.seen = paged.contains(type) ? [:] : known.seen.filter { $0.value > start }
            for lane in found where backlog.seen[lane] == nil { backlog.seen[lane] = start }
            backlog.isDeep = !found.isEmpty && (known.isDeep || found.contains { known.seen[$0] == nil })
            types[type] = backlog.seen.isEmpty ? nil : backlog
        }
        self.paged = paged
        lookedAt = start
    }

    /// A job waits in this lane.
    mutating func expect(_ lane: Lane, of type: String, at now: ContinuousClock.Instant) {
        guard !paged.contains(type) else { return }
        types[type, default: Backlog()].seen[lane] = now
        types[type, default: Backlog()].expected += 1
    }

    /// A read that began at `start` came to the end of these lanes.
    ///
    /// - Parameters:
    ///   - expected: what was expected of the type when it began.
    ///   - isAll: whether these are all lanes that were known.
    mutating func read(
        _ type: String, drained: [Lane], isAll: Bool, expected: Int, readAt start: ContinuousClock.Instant
    ) {
        guard var backlog = types[type] else { return }
        for lane in drained where backlog.seen[lane].map({ $0 <= start }) ?? false { backlog.seen[lane] = nil }
        backlog.isDeep = !isAll
        backlog.expected = max(0, backlog.expected - expected)
        types[type] = backlog.seen.isEmpty ? nil : backlog
    }
}

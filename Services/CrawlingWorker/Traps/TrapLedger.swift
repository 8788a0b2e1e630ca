/// How many pages of each template of one host were fetched and how many of them were new, so that calendars, facets and other endless
/// spaces come to an end while a large site does not.
///
/// What it decides depends on the order of the calls alone.
struct TrapLedger: Sendable {
    enum Decision: Sendable, Equatable {
        /// Counted as fetched.
        case fetch
        /// The credit is used up, but pages of the template that are still under way may earn more.
        case wait
        case skip(TrapReason)
    }

    /// What is known of a template.
    struct Count: Sendable, Equatable {
        /// How many of its pages were allowed to be fetched.
        var fetched = 0
        /// How many of them had new content.
        var new = 0
    }

    /// The hash under which the templates beyond `TrapLimits.templates` are counted together.
    static let others: UInt64 = 0

    private let limits: TrapLimits
    private var counts: [UInt64: Count] = [:]
    /// How many sets of parameter names there are for each path.
    private var combinations: [UInt32: Int] = [:]

    init(_ limits: TrapLimits = TrapLimits()) { self.limits = limits }

    /// What is known of a template, for the record that survives a restart.
    func count(of template: Template) -> Count { counts[key(template.hash)] ?? Count() }

    /// Decides about a page of which nothing was decided before; `pending` is how many pages of its template are under way.
    mutating func decide(_ template: Template, pending: Int) -> Decision {
        if let reason = template.excess(over: limits) { return .skip(reason) }
        let key = key(template.hash)
        guard counts[key] != nil || hasRoom(forCombination: key) else { return .skip(.combinations) }
        let count = counts[key] ?? Count()
        guard count.fetched < credit(count) else { return pending > 0 ? .wait : .skip(.template) }
        change(key) { $0.fetched += 1 }
        return .fetch
    }

    /// Notes that a fetched page of the template had content that no other page had.
    mutating func noteNew(_ template: Template) { change(key(template.hash)) { $0.new += 1 } }

    /// Takes over what was counted before a restart; numbers below zero count as zero.
    mutating func restore(template hash: UInt64, fetched: Int, new: Int) {
        change(key(hash)) { count in
            count.fetched = Self.sum(count.fetched, fetched)
            count.new = Self.sum(count.new, new)
        }
    }

    /// Far more pages than any host has, and far from overflow.
    private static let mostPages = 1 << 40

    private static func sum(_ count: Int, _ more: Int) -> Int { min(count + min(max(0, more), mostPages), mostPages) }

    private func credit(_ count: Count) -> Int { limits.base + count.new * limits.perNewPage }

    private func key(_ hash: UInt64) -> UInt64 {
        counts[hash] != nil || counts.count < limits.templates ? hash : Self.others
    }

    private func hasRoom(forCombination key: UInt64) -> Bool {
        key == Self.others || combinations[Self.path(key), default: 0] < limits.combinations
    }

    private mutating func change(_ key: UInt64, _ body: (inout Count) -> Void) {
        if counts[key] == nil && key != Self.others { combinations[Self.path(key), default: 0] += 1 }
        body(&counts[key, default: Count()])
    }

    private static func path(_ key: UInt64) -> UInt32 { UInt32(key >> 32) }
}

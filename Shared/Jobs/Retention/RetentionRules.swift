import Foundation

/// How long finished jobs are kept, in whole days; 0 keeps for ever.
public struct RetentionRules: Sendable, Hashable {
    /// For types that neither `types` names nor a policy speaks for.
    public static let standardDays = 90

    /// For all types, in place of their policies.
    public var all: Int?
    /// For single types, in place of `all` and their policies.
    public var types: [String: Int]

    /// Makes rules.
    public init(all: Int? = nil, types: [String: Int] = [:]) {
        self.all = all
        self.types = types
    }

    /// Reads `30`, `noop=1,export=365` or both; nil when the text is something else.
    public init?(_ parts: [String]) {
        self.init()
        for part in parts {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard let days = pair.last.flatMap({ Int($0) }), (0...36_500).contains(days) else { return nil }
            switch pair.count {
            case 1 where all == nil: all = days
            case 2 where !pair[0].isEmpty: types[pair[0]] = days
            default: return nil
            }
        }
    }

    /// What holds for the registered types and for all others.
    public func applied(to catalogue: TypeCatalogue) -> RetentionDays {
        var days = catalogue.types.mapValues { types[$0.name] ?? all ?? $0.policy.retentionDays }
        for (type, own) in types { days[type] = own }
        return RetentionDays(types: days, others: all ?? Self.standardDays)
    }
}

/// For how many days the jobs of each type are kept; 0 keeps for ever.
public struct RetentionDays: Sendable, Hashable {
    /// By type.
    public var types: [String: Int]
    /// For types that are not registered.
    public var others: Int

    /// Makes it.
    public init(types: [String: Int] = [:], others: Int) {
        self.types = types
        self.others = others
    }

    private var all: [Int] { types.values + [others] }

    /// The longest; nil when something is kept for ever. What all jobs share is kept for so long.
    public var longest: Int? { all.contains(0) ? nil : all.max() }

    /// The shortest; nil when everything is kept for ever.
    public var shortest: Int? { all.filter { $0 > 0 }.min() }
}

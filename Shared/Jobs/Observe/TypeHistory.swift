import Foundation
import JSON
import Postgres

/// How long jobs of a type have taken lately.
public struct TypeHistory: Sendable {
    /// Whole jobs that completed in one go.
    public var jobs = DurationHistogram()
    /// By what is counted: the time that one unit took, on the average of its job.
    public var units: [String: DurationHistogram] = [:]

    /// Nothing known.
    public init() {}

    /// Whether nothing is known.
    public var isEmpty: Bool { jobs.count == 0 && units.isEmpty }

    /// Fewer ended jobs than these tell nothing about the next one.
    static let enough = 5
    /// From so many on the old ones count half, so that the history follows what jobs take now.
    static let plenty = 4000

    /// Units come from workers' code; more of them than these for one type are not kept.
    static let maxRows = 17

    /// Adds what another process has seen.
    public mutating func merge(_ other: TypeHistory) {
        jobs.merge(other.jobs)
        units.merge(other.units) { $0.merging($1) }
    }
}

extension DurationHistogram {
    /// The sum of both.
    func merging(_ other: DurationHistogram) -> DurationHistogram {
        var sum = self
        sum.merge(other)
        return sum
    }
}

extension JobStore {
    /// The history of every type, by type.
    public func histories() async throws -> [String: TypeHistory] {
        var histories: [String: TypeHistory] = [:]
        for row in try await database.query("SELECT type, unit, histogram FROM type_history") {
            let histogram = try JSON.parse(row.decode("histogram", as: JSONText.self).bytes).decode(
                DurationHistogram.self)
            let unit = try row.decode("unit", as: String.self)
            var history = histories[try row.decode("type"), default: TypeHistory()]
            if unit.isEmpty { history.jobs = histogram } else { history.units[unit] = histogram }
            histories[try row.decode("type")] = history
        }
        return histories
    }

    /// Adds to the history of a type what a worker has seen since it last did.
    ///
    /// Not safe to repeat when it is not known whether the first call was committed; a statistic may count a job twice or not at all.
    public func add(_ history: TypeHistory, to type: String) async throws {
        var added = history.units
        added[""] = history.jobs
        let entries = added.filter { $0.value.count > 0 }
        guard !entries.isEmpty else { return }
        try await database.transaction { session in
            // In the order of the units, so that two workers lock rows in one order.
            for (unit, histogram) in entries.sorted(by: { $0.key < $1.key }) {
                _ = try session.query(
                    """
                    INSERT INTO type_history (type, unit, histogram) SELECT \(type), \(unit), '[]'::jsonb
                    WHERE (SELECT count(*) FROM type_history WHERE type = \(type)) < \(TypeHistory.maxRows)
                    ON CONFLICT DO NOTHING
                    """)
                let rows = try session.query(
                    "SELECT histogram FROM type_history WHERE type = \(type) AND unit = \(unit) FOR UPDATE")
                guard let row = rows.first else { continue }
                var sum = try JSON.parse(row.decode("histogram", as: JSONText.self).bytes).decode(
                    DurationHistogram.self)
                sum.merge(histogram)
                while sum.count > TypeHistory.plenty { sum.age() }
                let text = JSONText(try JSON.encode(sum).serialized())
                _ = try session.query(
                    """
                    UPDATE type_history SET histogram = \(text), updated_at = now()
                    WHERE type = \(type) AND unit = \(unit)
                    """)
            }
        }
    }
}

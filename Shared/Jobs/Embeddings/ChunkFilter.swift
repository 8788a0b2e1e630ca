import Foundation
import JSON
import Postgres

/// Which chunks of a space a search looks at; without any of these, at all.
public struct ChunkFilter: Sendable, Equatable {
    /// Labels that their source must have, all of them.
    public var labels: [String: String]
    /// Only of sources of one of these kinds.
    public var kinds: [SourceKind]
    /// Only of sources with one of these ids.
    public var sources: [String]
    /// Only of sources that one of these jobs embedded, or came across last.
    public var jobs: [UUID]

    /// Makes a filter.
    public init(labels: [String: String] = [:], kinds: [SourceKind] = [], sources: [String] = [], jobs: [UUID] = []) {
        self.labels = labels
        self.kinds = kinds
        self.sources = sources
        self.jobs = jobs
    }

    /// Whether it lets everything through.
    public var isEmpty: Bool { self == ChunkFilter() }

    /// That a source is one of a space that is searched, and that the filter lets it through.
    func condition(on source: StaticString, of space: EmbeddingSpace) -> Statement {
        var condition: Statement = "\(raw: source).space = \(space.id) AND \(raw: source).state = 'ready'"
        if !labels.isEmpty {
            var object: JSONObject = [:]
            for (key, value) in labels { object[key] = .string(value) }
            condition.append(
                " AND \(raw: source).labels @> \(JSONText(replacingNUL: JSON.object(object).serialized()))")
        }
        if !kinds.isEmpty { condition.append(" AND \(raw: source).kind = ANY(\(kinds.map(\.rawValue)))") }
        if !sources.isEmpty { condition.append(" AND \(raw: source).key = ANY(\(sources.map(\.replacingNUL)))") }
        if !jobs.isEmpty { condition.append(" AND \(raw: source).job_id = ANY(\(jobs))") }
        return condition
    }
}

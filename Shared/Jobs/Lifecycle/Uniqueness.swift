import Crypto
import Foundation
import JSON
import Postgres

/// That a job is to be the only one of its kind for a while: another submission of the same kind is answered with this job.
public struct Uniqueness: Sendable, Hashable {
    /// For how long a job keeps others like it out.
    public enum Extent: Sendable, Hashable {
        /// Until it has started.
        case queued
        /// Until it has ended.
        case active
        /// For so many seconds after its submission, whatever becomes of it.
        case seconds(Int)

        /// The word that clients and the database use.
        public var word: String {
            switch self {
            case .queued: "queued"
            case .active: "active"
            case .seconds: "seconds"
            }
        }
    }

    /// SHA-256 of namespace, type, and the client's key or the spec.
    public let key: [UInt8]
    /// For how long.
    public let extent: Extent

    /// When the kind is free again, whatever becomes of the job; nil when that depends on the job.
    func end(from now: Date) -> Date? {
        if case .seconds(let seconds) = extent { now.addingTimeInterval(Double(seconds)) } else { nil }
    }

    /// Makes the key of a kind of job.
    ///
    /// - Parameter spec: the input with its defaults filled in; two specs that differ only in the order of members are the same.
    public init(namespace: String, type: String, key: String?, spec: JSON, extent: Extent) {
        var bytes = Array("\(namespace)\n\(type)\n".utf8)
        if let key {
            bytes += Array("key\n\(key)".utf8)
        } else {
            bytes += Array("spec\n".utf8) + spec.inOrder.serialized()
        }
        self.key = sha256(bytes)
        self.extent = extent
    }

    /// Reads the member `unique` of a submission, which fits `schema`.
    static func read(_ json: JSON, namespace: String, type: String, spec: JSON) -> Uniqueness {
        let extent: Extent =
            switch json["for"]?.stringValue {
            case "queued": .queued
            case "seconds": .seconds(Int(json["seconds"]?.intValue ?? 1))
            default: .active
            }
        return Uniqueness(
            namespace: namespace, type: type, key: json["key"]?.stringValue, spec: spec, extent: extent)
    }

    /// JSON Schema of the member `unique`.
    static let schema: JSON = [
        "type": "object", "additionalProperties": false,
        "properties": [
            "key": ["type": "string", "minLength": 1, "maxLength": 200],
            "for": ["enum": ["queued", "active", "seconds"]],
            "seconds": ["type": "integer", "minimum": 1, "maximum": 31_536_000],
        ],
    ]
}

extension Uniqueness {
    /// What is true of the jobs that keep others out: the condition of the index `jobs_unique`, word by word.
    private static let holds: StaticString =
        "unique_key IS NOT NULL AND (unique_for = 'seconds' OR (finished_at IS NULL AND (unique_for = 'active' OR attempt = 0)))"

    /// Lets those go whose seconds are over; nil when none of these submissions asks for such a thing.
    static func freeing(_ jobs: [Submission]) -> Statement? {
        let kinds = jobs.compactMap { $0.uniqueness?.key }
        guard !kinds.isEmpty else { return nil }
        return """
            WITH over AS (
                SELECT id FROM jobs
                WHERE unique_key = ANY(\(kinds)) AND \(raw: holds) AND unique_for = 'seconds' AND unique_until <= now()
                FOR UPDATE SKIP LOCKED
            )
            UPDATE jobs j SET unique_key = NULL, unique_for = NULL, unique_until = NULL FROM over WHERE j.id = over.id
            """
    }

    /// Finds the jobs that keep these kinds, or have these ids.
    static func holders(_ jobs: [Submission]) -> Statement {
        """
        SELECT id, unique_key FROM jobs WHERE unique_key = ANY(\(jobs.compactMap { $0.uniqueness?.key })) AND \(raw: holds)
        UNION ALL
        SELECT id, NULL FROM jobs WHERE id = ANY(\(jobs.map(\.id)))
        """
    }
}

extension JSON {
    /// The same value with the members of every object in the order of their names.
    fileprivate var inOrder: JSON {
        switch self {
        case .object(let members):
            var ordered: JSONObject = [:]
            for key in members.keys.sorted() { ordered[key] = members[key]?.inOrder }
            return .object(ordered)
        case .array(let elements): return .array(elements.map(\.inOrder))
        default: return self
        }
    }
}

import JSON
import Jobs
import Tabular
import WorkerKit

/// The columns of a source that become members of a JSON object.
struct MemberMapping: Sendable {
    struct Column: Sendable {
        let field: Int
        /// Of the source's.
        let name: String
        let path: MemberPath
        let place: JSONForm.Place
        /// Whether the schema says that it is secret.
        let isSecret: Bool
    }

    let columns: [Column]
    var places: [ColumnPlace] {
        columns.map { ColumnPlace(field: $0.field, name: $0.path.text, isSecret: $0.isSecret) }
    }

    /// Finds the columns.
    ///
    /// - Parameters:
    ///   - mapping: paths by columns of the source. When empty, columns go where their names say: to the member of that name, or along the path.
    ///   - source: the source's columns.
    ///   - known: the members that paths begin with.
    ///   - schema: of the whole object.
    ///   - prefix: where in it the members are.
    /// - Throws: `JobFailure` `invalid_mapping`.
    init(
        _ mapping: [String: String], source: [String], known: [String], schema: JSONSchema,
        below prefix: [MemberPath.Step] = []
    ) throws(JobFailure) {
        let found = try mapping.isEmpty ? Self.byName(source, known) : Self.mapped(mapping, source)
        guard !found.isEmpty else {
            throw .invalidMapping(
                "No column of the source has the name of a member: \(source.listed) against \(known.listed). Say which goes where with `mapping`."
            )
        }
        for (index, one) in found.enumerated() {
            if let other = found[..<index].first(where: { $0.path.collides(with: one.path) }) {
                throw .invalidMapping(
                    "The columns \(source[other.field]) and \(source[one.field]) go to the same place, \(other.path.text) and \(one.path.text)."
                )
            }
        }
        var columns: [Column] = []
        for (field, path) in found {
            let path = MemberPath(path, below: prefix)
            let place = JSONForm.Place(
                kinds: schema.kinds(at: path.place), elements: schema.kinds(at: path.place + [.element(0)]))
            guard !place.kinds.isEmpty else {
                throw .invalidMapping("\(path.text) is no place where a value can be; there are \(known.listed).")
            }
            columns.append(
                Column(
                    field: field, name: source[field], path: path, place: place,
                    isSecret: Self.isSecret(path, schema)))
        }
        self.columns = columns
    }

    private typealias Found = (field: Int, path: MemberPath)

    private static func byName(_ source: [String], _ known: [String]) -> [Found] {
        var found: [Found] = []
        for (field, name) in source.enumerated() {
            let member = known.first { $0.plain == name.plain }
            guard let path = MemberPath(member ?? name), case .member(let first)? = path.steps.first,
                known.contains(first), !found.contains(where: { $0.path == path && path.steps.last != .next })
            else { continue }
            found.append((field, path))
        }
        return found
    }

    /// In the order of the source's columns, which is that of the elements of a list.
    private static func mapped(_ mapping: [String: String], _ source: [String]) throws(JobFailure) -> [Found] {
        var found: [Found] = []
        for (from, to) in mapping {
            guard let field = source.firstIndex(of: from) else {
                throw .invalidMapping("The source has no column \(from); it has \(source.listed).")
            }
            guard let path = MemberPath(to) else {
                throw .invalidMapping("\(to) is no path: write limits.pages, seeds[] or inputs[0].url.")
            }
            found.append((field, path))
        }
        return found.sorted { $0.field < $1.field }
    }

    /// A value with nothing but this in it tells.
    private static func isSecret(_ path: MemberPath, _ schema: JSONSchema) -> Bool {
        var sample = JSON.null
        _ = path.put(.string(""), in: &sample)
        var isSecret = false
        _ = schema.mapSecrets(in: sample, reachesBelow: true) { text, _ in
            isSecret = true
            return text
        }
        return isSecret
    }
}

import Foundation
import JSON
import Jobs
import Postgres
import Search
import WorkerKit

/// The query of a source: its rows, with the columns, filters, order and limit that the job asks for.
struct SourceQuery {
    /// The most hits of a search.
    static let maxHits = 10_000

    /// Where rows come from.
    private enum Origin {
        case dataset(SQLText)
        /// They are known when the search has run, in the snapshot.
        case search(SearchPlan)
    }

    let source: Export.Source
    /// What the rows are known by: a dataset's name, or `search`.
    let dataset: String
    /// What the rows are, in a sentence.
    let description: String
    /// By what its file or sheet is named.
    private(set) var name: String
    private let origin: Origin

    /// The rows of a dataset.
    ///
    /// - Throws: `JobFailure` `invalid_source`.
    init(_ source: Export.Source, _ dataset: Dataset, namespace: String) throws(JobFailure) {
        let rows: SQLText
        do { rows = try dataset.query(namespace: namespace, source.parameters.members) } catch {
            throw Self.invalid(error.description)
        }
        self.init(source, dataset.name, dataset.description, .dataset(rows))
    }

    /// The hits of a search.
    ///
    /// - Throws: `JobFailure` `invalid_source`.
    init(_ source: Export.Source, _ search: SearchPlan) throws(JobFailure) {
        guard source.parameters.members.isEmpty else {
            throw Self.invalid("A search has no `parameters`: what it looks for is in `search`.")
        }
        self.init(source, "search", "Chunks that a search has found, the best first.", .search(search))
    }

    private init(_ source: Export.Source, _ dataset: String, _ description: String, _ origin: Origin) {
        (self.source, self.dataset, self.description, self.origin) = (source, dataset, description, origin)
        // What the name of a file must not have.
        name = String((source.name ?? dataset).map { $0 == "/" || $0 == "\\" || $0.isControl ? "_" : $0 })
    }

    /// Gives sources names by which their files can be told from one another: a number behind those that another one has, too.
    static func named(_ queries: [SourceQuery]) -> [SourceQuery] {
        var taken: Set<String> = []
        return queries.map { query in
            var named = query
            var number = 2
            while !taken.insert(named.name.lowercased()).inserted {
                named.name = "\(query.name) \(number)"
                number += 1
            }
            return named
        }
    }

    /// The table that comes out, with the query that makes it.
    ///
    /// - Throws: `JobFailure` `invalid_source`, or `SearchError`.
    func table(_ session: Session) throws -> SnapshotTable {
        let (rows, notes) = try rows(session)
        let all = try session.columns(of: rows)
        if let twice = Dictionary(grouping: all, by: \.name).first(where: { $0.value.count > 1 }) {
            throw Self.invalid(
                "The dataset \(dataset) has two columns \(twice.key); its operator gives them names of their own.")
        }
        let chosen = try source.columns.isEmpty ? all : source.columns.map { try column($0, of: all) }
        let table = ExportTable(name: name, columns: chosen)
        return SnapshotTable(query: self, table: table, rows: try query(of: rows, table, all), notes: notes)
    }

    /// All rows, and what to know of them.
    private func rows(_ session: Session) throws -> (query: SQLText, notes: [String]) {
        switch origin {
        case .dataset(let rows): return (rows, [])
        case .search(let plan):
            let ranking = try plan.ranking(session)
            return (Dataset.hits(ranking.chunks, in: plan.space), plan.notes + ranking.notes)
        }
    }

    private func query(
        of rows: SQLText, _ table: ExportTable, _ all: [ResultColumn]
    ) throws(JobFailure) -> SQLText {
        let names: [SQLText] = table.columns.map { "\(name: $0.name)" }
        var query: SQLText = "SELECT \(names, separator: ", ") FROM (\(rows)) AS source"
        var conditions: [SQLText] = []
        for filter in source.filters { conditions.append(try condition(filter, all)) }
        if !conditions.isEmpty { query = "\(query) WHERE \(conditions, separator: " AND ")" }
        var order: [SQLText] = []
        for entry in source.order {
            let name = try column(entry.column, of: all).name
            order.append(entry.descending ? "\(name: name) DESC NULLS LAST" : "\(name: name)")
        }
        if !order.isEmpty { query = "\(query) ORDER BY \(order, separator: ", ")" }
        if let limit = source.limit { query = "\(query) LIMIT \(literal: String(limit), "bigint")" }
        return query
    }

    private func condition(_ filter: Export.Filter, _ all: [ResultColumn]) throws(JobFailure) -> SQLText {
        let column = try column(filter.column, of: all)
        let name: SQLText = "\(name: column.name)"
        func value() throws(JobFailure) -> SQLText { try literal(filter.value, column) }
        switch filter.op {
        case .equal: return "\(name) = \(try value())"
        case .notEqual: return "\(name) IS DISTINCT FROM \(try value())"
        case .less: return "\(name) < \(try value())"
        case .lessOrEqual: return "\(name) <= \(try value())"
        case .greater: return "\(name) > \(try value())"
        case .greaterOrEqual: return "\(name) >= \(try value())"
        case .like:
            guard case .string(let pattern) = filter.value else {
                throw Self.invalid("The filter `like` on \(column.name) needs a text with % and _ in it.")
            }
            return "CAST(\(name) AS text) LIKE \(literal: pattern, "text")"
        case .oneOf:
            guard case .array(let values) = filter.value, !values.isEmpty else {
                throw Self.invalid("The filter `in` on \(column.name) needs a list of values.")
            }
            var items: [SQLText] = []
            for item in values { items.append(try literal(item, column)) }
            return "\(name) IN (\(items, separator: ", "))"
        case .isNull:
            return filter.value?.boolValue == false ? "\(name) IS NOT NULL" : "\(name) IS NULL"
        }
    }

    private func literal(_ value: JSON?, _ column: ResultColumn) throws(JobFailure) -> SQLText {
        let text: String
        switch value {
        case .string(let value): text = value
        case .int(let number): text = String(number)
        case .double(let number): text = String(number)
        case .bool(let isTrue): text = isTrue ? "true" : "false"
        case .array, .object: text = String(decoding: (value ?? .null).serialized(), as: UTF8.self)
        case .null, nil:
            throw Self.invalid("The filter on \(column.name) needs a value; `is_null` looks for null.")
        }
        return "\(literal: text, column.looseType)"
    }

    private func column(_ name: String, of all: [ResultColumn]) throws(JobFailure) -> ResultColumn {
        guard let column = all.first(where: { $0.name == name }) else {
            let known = all.map(\.name).joined(separator: ", ")
            throw Self.invalid("The dataset \(dataset) has no column \(name); it has \(known).")
        }
        return column
    }

    static func invalid(_ message: String) -> JobFailure { JobFailure(code: "invalid_source", message: message) }
}

extension ResultColumn {
    /// The type without its modifiers, to which a value is cast without being cut or rounded.
    fileprivate var looseType: String {
        var type = typeName
        if let start = type.firstIndex(of: "("), let end = type[start...].firstIndex(of: ")") {
            type.removeSubrange(start...end)
        }
        // SQL's `character` is one of length 1.
        return type == "character" ? "bpchar" : type == "character[]" ? "bpchar[]" : type
    }
}

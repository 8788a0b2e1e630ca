import Foundation
import Jobs
import Postgres
import Tabular
import WorkerKit

/// A table that the operator has allowed, with the columns that an import fills.
struct TableTarget: ImportTarget {
    /// A column of the table.
    struct Column: Sendable {
        let name: String
        let typeName: String
        /// Whether null is refused.
        let isRequired: Bool
        /// Whether a row must bring it: it takes no null and has no default.
        let isNeeded: Bool
    }

    /// The table as the operator names it.
    let table: String
    let key: [String]
    let onConflict: Import.ConflictAction
    private let all: [Column]
    private let mapping: [String: String]
    private let rules: ValueRules
    /// What is filled, in the order of the table's columns or of the mapping.
    private(set) var columns: [CopyColumn] = []

    let batch = BatchSize(rows: 20_000, bytes: 4 << 20)
    var names: [String] { mapping.isEmpty ? all.map(\.name) : Array(mapping.keys) }
    var filled: [String] { columns.map(\.name) }
    var places: [ColumnPlace] { columns.map { ColumnPlace(field: $0.field, name: $0.name) } }

    /// - Throws: `JobFailure` `unknown_dataset` or `unknown_table`.
    init(_ input: Import, dataset: String, _ catalogue: DatasetCatalogue, _ context: JobContext) async throws {
        let table = try catalogue.importTable(named: dataset, namespace: context.namespace)
        all = try await context.transaction { try Column.all(of: table, $0) }
        self.table = table
        (key, onConflict, mapping, rules) = (input.key, input.onConflict, input.mapping, input.rules)
    }

    func writer() -> any RowWriter { TableRowWriter(columns: columns, rules: rules) }

    func load(
        _ rows: Range<Int>, of batch: ImportBatch, for origin: UUID, within deadline: BatchLoad.Deadline,
        _ session: Session
    ) throws -> LoadCounts {
        try batch.text.withUnsafeBytes { text in
            let text = UnsafeRawBufferPointer(rebasing: text[batch.bytes(of: rows)])
            return try TableLoad.load(text, likelyNew: batch.followsNewRows, into: self, deadline, session)
        }
    }

    /// Finds the columns that an import fills.
    ///
    /// - Throws: `JobFailure` `invalid_mapping` or `invalid_key`, with what there is.
    mutating func map(_ layout: TableLayout) throws(JobFailure) {
        let source = layout.columns
        columns = try mapping.isEmpty ? Self.byName(all, source) : Self.mapped(mapping, all, source)
        let filled = Set(columns.map(\.name))
        guard !filled.isEmpty else {
            throw .invalidMapping(
                "No column of the source has the name of one of \(table): \(source.listed) against \(all.map(\.name).listed). Say which goes where with `mapping`."
            )
        }
        let missing = all.filter { $0.isNeeded && !filled.contains($0.name) }.map(\.name)
        guard missing.isEmpty else {
            throw .invalidMapping("\(table) needs \(missing.listed), which no column of the source is mapped to.")
        }
        let unknown = key.filter { !filled.contains($0) }
        guard unknown.isEmpty else {
            throw JobFailure(
                code: "invalid_key", message: "The key has \(unknown.listed), which the import does not fill.")
        }
    }

    private static func byName(_ all: [Column], _ source: [String]) -> [CopyColumn] {
        var places: [String: Int] = [:]
        for (index, name) in source.enumerated() { places[name.plain] = places[name.plain] ?? index }
        return all.compactMap { column in places[column.name.plain].map { copied($0, column) } }
    }

    private static func mapped(
        _ mapping: [String: String], _ all: [Column], _ source: [String]
    ) throws(JobFailure) -> [CopyColumn] {
        var columns: [CopyColumn] = []
        for (from, to) in mapping.sorted(by: { $0.key < $1.key }) {
            guard let place = source.firstIndex(of: from) else {
                throw .invalidMapping("The source has no column \(from); it has \(source.listed).")
            }
            guard let column = all.first(where: { $0.name == to }) else {
                throw .invalidMapping(
                    "The table has no column \(to) that can be filled; it has \(all.map(\.name).listed).")
            }
            guard !columns.contains(where: { $0.name == to }) else {
                throw .invalidMapping("Two columns of the source are mapped to \(to).")
            }
            columns.append(copied(place, column))
        }
        return columns
    }

    private static func copied(_ place: Int, _ column: Column) -> CopyColumn {
        CopyColumn(
            field: place, name: column.name, type: ColumnType(named: column.typeName), isNullable: !column.isRequired)
    }
}

extension TableTarget.Column {
    /// The columns of a table that can be filled.
    ///
    /// - Throws: `JobFailure` `unknown_table` when it is not there.
    static func all(of table: String, _ session: Session) throws -> [TableTarget.Column] {
        let name: SQLText =
            "\(table.split(separator: ".", omittingEmptySubsequences: false).map { "\(name: String($0))" as SQLText }, separator: ".")"
        let columns = try session.query(
            """
            SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
                a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS needed
            FROM pg_attribute a
            WHERE a.attrelid = to_regclass(\(name.sql)) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a'
            ORDER BY a.attnum
            """
        ).map { row in
            TableTarget.Column(
                name: try row.decode("name"), typeName: try row.decode("type"), isRequired: try row.decode("required"),
                isNeeded: try row.decode("needed"))
        }
        guard !columns.isEmpty else {
            throw JobFailure(
                code: "unknown_table",
                message: "The database has no table \(table); its operator names one that is there.")
        }
        return columns
    }
}

/// Writes rows in COPY's text format.
private final class TableRowWriter: RowWriter {
    private var writer: CopyWriter

    init(columns: [CopyColumn], rules: ValueRules) { writer = CopyWriter(columns: columns, rules: rules) }

    func append(_ record: borrowing Tabular.Record, to output: inout [UInt8]) -> [RowFault] {
        writer.append(record, to: &output)
    }
}

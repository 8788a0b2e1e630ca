import JSON
import Jobs
import Postgres
import Tabular
import WorkerKit

/// The table that an import goes into, with the columns that it fills.
struct ImportTarget: Sendable {
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
    /// What is filled, in the order of the source's columns.
    let columns: [CopyColumn]
    let key: [String]
    let onConflict: Import.ConflictAction

    var names: [String] { columns.map(\.name) }

    /// Finds the columns that an import fills.
    ///
    /// - Throws: `JobFailure` `invalid_mapping` or `invalid_key`, with what there is.
    init(_ input: Import, table: String, columns all: [Column], source: [String]) throws(JobFailure) {
        (self.table, key, onConflict) = (table, input.key, input.onConflict)
        columns = try input.mapping.isEmpty ? Self.byName(all, source) : Self.mapped(input.mapping, all, source)
        let filled = Set(columns.map(\.name))
        guard !filled.isEmpty else {
            throw Self.invalid(
                "No column of the source has the name of one of \(table): \(Self.list(source)) against \(Self.list(all.map(\.name))). Say which goes where with `mapping`."
            )
        }
        let missing = all.filter { $0.isNeeded && !filled.contains($0.name) }.map(\.name)
        guard missing.isEmpty else {
            throw Self.invalid("\(table) needs \(Self.list(missing)), which no column of the source is mapped to.")
        }
        let unknown = input.key.filter { !filled.contains($0) }
        guard unknown.isEmpty else {
            throw JobFailure(
                code: "invalid_key", message: "The key has \(Self.list(unknown)), which the import does not fill.")
        }
    }

    private static func byName(_ all: [Column], _ source: [String]) -> [CopyColumn] {
        var places: [String: Int] = [:]
        for (index, name) in source.enumerated() { places[plain(name)] = places[plain(name)] ?? index }
        return all.compactMap { column in places[plain(column.name)].map { copied($0, column) } }
    }

    private static func mapped(
        _ mapping: [String: String], _ all: [Column], _ source: [String]
    ) throws(JobFailure) -> [CopyColumn] {
        var columns: [CopyColumn] = []
        for (from, to) in mapping.sorted(by: { $0.key < $1.key }) {
            guard let place = source.firstIndex(of: from) else {
                throw invalid("The source has no column \(from); it has \(list(source)).")
            }
            guard let column = all.first(where: { $0.name == to }) else {
                throw invalid("The table has no column \(to) that can be filled; it has \(list(all.map(\.name))).")
            }
            guard !columns.contains(where: { $0.name == to }) else {
                throw invalid("Two columns of the source are mapped to \(to).")
            }
            columns.append(copied(place, column))
        }
        return columns
    }

    private static func copied(_ place: Int, _ column: Column) -> CopyColumn {
        CopyColumn(
            field: place, name: column.name, type: ColumnType(named: column.typeName), isNullable: !column.isRequired)
    }

    /// A name for comparing: without case, and with blanks and hyphens as underscores.
    static func plain(_ name: String) -> String {
        String(name.lowercased().map { $0 == " " || $0 == "-" ? "_" : $0 })
    }

    private static func list(_ names: [String]) -> String {
        names.count > 20 ? names.prefix(20).joined(separator: ", ") + ", …" : names.joined(separator: ", ")
    }

    private static func invalid(_ message: String) -> JobFailure {
        JobFailure(code: "invalid_mapping", message: message)
    }
}

extension ImportTarget.Column {
    /// The columns of a table that can be filled.
    ///
    /// - Throws: `JobFailure` `unknown_table` when it is not there.
    static func all(of table: String, _ session: Session) throws -> [ImportTarget.Column] {
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
            ImportTarget.Column(
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

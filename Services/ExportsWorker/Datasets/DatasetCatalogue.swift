import Config
import Foundation
import JSON
import Jobs
import Postgres
import WorkerKit

/// The datasets that can be exported: those that every installation has, and those that the operator names in a file.
struct DatasetCatalogue: Sendable {
    private let datasets: [String: Dataset]
    /// The tenants that may read a dataset of the operator's; all when nil.
    private let namespaces: [String: Set<String>]
    /// The tables that may be imported into, by the names of their datasets.
    private let importTables: [String: String]

    /// Reads the file that `SWITCHYARD_DATASETS` names; the error says what is wrong in it.
    init(_ environment: Environment) throws {
        var entries: [OperatorDataset] = []
        if environment.contains("SWITCHYARD_DATASETS") {
            let path = try environment.string("SWITCHYARD_DATASETS")
            entries = try Self.read(path)
        }
        var datasets: [String: Dataset] = [:]
        for dataset in Dataset.builtIn { datasets[dataset.name] = dataset }
        var namespaces: [String: Set<String>] = [:]
        for entry in entries {
            guard datasets.updateValue(try entry.dataset, forKey: entry.name) == nil else {
                throw Self.wrong(entry.name, "a name that is not taken")
            }
            namespaces[entry.name] = entry.namespaces.map(Set.init)
        }
        (self.datasets, self.namespaces) = (datasets, namespaces)
        importTables = try entries.reduce(into: [:]) { tables, entry in tables[entry.name] = try entry.importTable }
    }

    /// The dataset of this name for a tenant.
    ///
    /// - Throws: `JobFailure` `unknown_dataset`, also for one that the tenant may not read.
    func dataset(named name: String, namespace: String) throws(JobFailure) -> Dataset {
        guard let dataset = datasets[name], namespaces[name]?.contains(namespace) ?? true else {
            let known = datasets.keys.filter { namespaces[$0]?.contains(namespace) ?? true }.sorted()
            throw JobFailure(
                code: "unknown_dataset",
                message: "There is no dataset \(name); there are \(known.joined(separator: ", ")).")
        }
        return dataset
    }

    /// The table that an import into a dataset goes to.
    ///
    /// - Throws: `JobFailure` `unknown_dataset`, also for one that the tenant may not write.
    func importTable(named name: String, namespace: String) throws(JobFailure) -> String {
        guard let table = importTables[name], namespaces[name]?.contains(namespace) ?? true else {
            let known = importTables.keys.filter { namespaces[$0]?.contains(namespace) ?? true }.sorted()
            throw JobFailure(
                code: "unknown_dataset",
                message: known.isEmpty
                    ? "The operator has named no table that can be imported into (SWITCHYARD_DATASETS, `import`)."
                    : "There is no dataset \(name) that can be imported into; there are \(known.joined(separator: ", "))."
            )
        }
        return table
    }

    /// All datasets as clients see them.
    func records(_ session: Session) throws -> [DatasetRecord] {
        try datasets.values.sorted { $0.name < $1.name }.map { dataset in
            DatasetRecord(
                dataset, columns: try columns(of: dataset, session), isImportable: importTables[dataset.name] != nil,
                namespaces: namespaces[dataset.name]?.sorted())
        }
    }

    /// Nil where the query cannot be read, as when a table of the operator's is not there yet.
    private func columns(of dataset: Dataset, _ session: Session) throws(PostgresError) -> [ResultColumn]? {
        do { return try session.columns(of: dataset.shape) } catch {
            guard error.isOfTheQuery else { throw error }
            return nil
        }
    }

    private static func read(_ path: String) throws -> [OperatorDataset] {
        do {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            return try JSON.parse(Array(bytes)).decode([OperatorDataset].self)
        } catch {
            throw wrong(path, "a file with a JSON list of datasets (\(error))")
        }
    }

    static func wrong(_ found: String, _ wanted: String) -> ConfigError {
        ConfigError(name: "SWITCHYARD_DATASETS", found: .text(found), wanted: wanted)
    }
}

/// A dataset in the operator's file: a table, or a query over `parameters`.
private struct OperatorDataset: Decodable {
    struct Parameter: Decodable {
        let name: String
        let type: ParameterType
        let required: Bool?
        let description: String?
    }

    let name: String
    let description: String?
    let table: String?
    let sql: String?
    let parameters: [Parameter]?
    let namespaces: [String]?
    /// Whether rows may be imported into the table.
    let `import`: Bool?

    /// The table, when rows may be imported into it.
    var importTable: String? {
        get throws {
            guard `import` == true else { return nil }
            guard let table else { throw DatasetCatalogue.wrong(name, "`import` with a `table` only") }
            return table
        }
    }

    var dataset: Dataset {
        get throws {
            guard (table == nil) != (sql == nil) else {
                throw DatasetCatalogue.wrong(name, "either `table` or `sql` in each dataset")
            }
            // The parentheses of the query that it is put into must not be closed by a comment at its end: a newline follows.
            let query = sql.map { SQLText(stringLiteral: $0) } ?? Self.rows(of: table ?? "")
            return Dataset(
                name, description ?? "",
                parameters: (parameters ?? []).map {
                    Dataset.Parameter($0.name, $0.type, isRequired: $0.required ?? false, $0.description ?? "")
                }, query: query)
        }
    }

    private static func rows(of table: String) -> SQLText {
        let parts: [SQLText] = table.split(separator: ".", omittingEmptySubsequences: false).map {
            "\(name: String($0))"
        }
        return "SELECT * FROM \(parts, separator: ".")"
    }
}

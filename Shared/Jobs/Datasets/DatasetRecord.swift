import Foundation
import JSON
import Postgres

/// A dataset as clients see it.
public struct DatasetRecord: Sendable, Representation {
    /// By what it is known.
    public let name: String
    /// What its rows are.
    public let description: String
    /// A list of what it can be given.
    public let parameters: JSONText
    /// A list of its columns; nil where the server cannot tell them, since a table is missing.
    public let columns: JSONText?
    /// Whether rows may be imported into it.
    public let isImportable: Bool
    /// The tenants that may use it; all when nil.
    public let namespaces: [String]?

    /// Describes a dataset.
    ///
    /// - Parameter columns: of its rows; nil where they are not known.
    public init(_ dataset: Dataset, columns: [ResultColumn]?, isImportable: Bool, namespaces: [String]?) {
        name = dataset.name
        description = dataset.description
        parameters = JSONText(
            JSON.array(
                dataset.parameters.map {
                    [
                        "name": .string($0.name), "type": .string($0.type.rawValue), "required": .bool($0.isRequired),
                        "description": .string($0.description),
                    ]
                }
            ).serialized())
        self.columns = columns.map { columns in
            JSONText(
                JSON.array(columns.map { ["name": .string($0.name), "type": .string($0.typeName)] }).serialized())
        }
        self.isImportable = isImportable
        self.namespaces = namespaces
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "Rows that can be exported by name.",
        [
            "name": Schema.text, "description": Schema.text,
            "parameters": Schema.list(
                Schema.answer(
                    "Something that it can be given.",
                    [
                        "name": Schema.text, "type": Schema.word(ParameterType.allCases.map(\.rawValue)),
                        "required": Schema.bool, "description": Schema.text,
                    ])),
            "columns": Schema.list(
                Schema.answer(
                    "A column.", ["name": Schema.text, "type": Schema.text.described("As PostgreSQL names it.")])
            ).orNull.described("Null where they are not known: a table of the operator's is missing."),
            "importable": Schema.bool.described("Whether rows may be imported into it."),
        ])

    /// Appends the dataset as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", name)
        json.member("description", description)
        json.member("parameters", raw: parameters.bytes)
        if let columns { json.member("columns", raw: columns.bytes) } else { json.member("columns", nil as String?) }
        json.member("importable", isImportable)
        json.endObject()
    }
}

extension JobStore {
    /// Makes these the datasets that there are.
    public func register(_ datasets: [DatasetRecord]) async throws {
        let upserts = datasets.map(\.upsert)
        // Workers that start together wait for each other here, and not across each other's rows.
        let others: [Statement] = [
            "LOCK TABLE datasets IN SHARE ROW EXCLUSIVE MODE",
            "DELETE FROM datasets WHERE name <> ALL(\(datasets.map(\.name)))",
        ]
        try await database.withSession { session in
            try session.transaction { _ = try $0.pipeline(others + upserts) }
        }
    }

    /// What a tenant may export, by name; empty while no exports worker has started yet.
    public func datasets(namespace: String) async throws -> [DatasetRecord] {
        try await database.query(
            """
            SELECT name, description, parameters, columns, is_importable, namespaces FROM datasets
            WHERE namespaces IS NULL OR \(namespace) = ANY(namespaces) ORDER BY name
            """
        ).map(DatasetRecord.init(row:))
    }
}

extension DatasetRecord {
    fileprivate var upsert: Statement {
        """
        INSERT INTO datasets (name, description, parameters, columns, is_importable, namespaces)
        VALUES (\(name), \(description), \(parameters), \(columns as JSONText?), \(isImportable), \(namespaces as [String]?))
        ON CONFLICT (name) DO UPDATE SET description = excluded.description, parameters = excluded.parameters,
            columns = excluded.columns, is_importable = excluded.is_importable, namespaces = excluded.namespaces
        """
    }

    fileprivate init(row: Row) throws {
        name = try row.decode("name")
        description = try row.decode("description")
        parameters = try row.decode("parameters")
        columns = try row.decode("columns")
        isImportable = try row.decode("is_importable")
        namespaces = try row.decode("namespaces")
    }
}

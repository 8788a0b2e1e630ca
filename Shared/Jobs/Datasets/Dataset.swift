import Foundation
import JSON
import Postgres

/// Rows that can be exported by name: a query over the one-row relation `parameters`, whose columns are what its user gives.
///
/// `parameters.namespace` is always there; what a tenant must not see is kept back by the query itself (G11).
public struct Dataset: Sendable {
    /// Something that the user of a dataset gives.
    public struct Parameter: Sendable {
        /// Its name, a column of `parameters`.
        public let name: String
        /// What it is.
        public let type: ParameterType
        /// Whether it must be given; the query sees null otherwise.
        public let isRequired: Bool
        /// What it means, in a sentence.
        public let description: String

        /// Makes a parameter.
        public init(_ name: String, _ type: ParameterType, isRequired: Bool = false, _ description: String) {
            self.name = name
            self.type = type
            self.isRequired = isRequired
            self.description = description
        }
    }

    /// By what it is known.
    public let name: String
    /// What its rows are, in a sentence.
    public let description: String
    /// What it can be given.
    public let parameters: [Parameter]
    /// Its rows.
    public let query: SQLText

    /// Makes a dataset.
    public init(_ name: String, _ description: String, parameters: [Parameter], query: SQLText) {
        self.name = name
        self.description = description
        self.parameters = parameters
        self.query = query
    }

    /// The query with what its user gives: `parameters` as a row of literals.
    ///
    /// - Parameter values: by the names of parameters; null is as good as absent.
    /// - Throws: `DatasetError`.
    public func query(namespace: String, _ values: JSONObject) throws(DatasetError) -> SQLText {
        for name in values.keys where !parameters.contains(where: { $0.name == name }) {
            let known = parameters.map(\.name).joined(separator: ", ")
            throw DatasetError("\(self.name) has no parameter \(name); it has \(known.isEmpty ? "none" : known).")
        }
        var texts: [String?] = []
        for parameter in parameters {
            let value = values[parameter.name] ?? .null
            guard !(parameter.isRequired && value.isNull) else {
                throw DatasetError("\(name) needs the parameter \(parameter.name): \(parameter.description)")
            }
            guard let text = parameter.type.text(of: value) else {
                throw DatasetError("The parameter \(parameter.name) of \(name) must be \(parameter.type.wanted).")
            }
            texts.append(text.value)
        }
        return query(namespace: namespace, texts)
    }

    /// The query with nothing given, which tells its columns.
    public var shape: SQLText { query(namespace: "", parameters.map { _ in nil }) }

    private func query(namespace: String, _ texts: [String?]) -> SQLText {
        let columns: [SQLText] =
            ["\(literal: namespace, "text") AS \(name: "namespace")"]
            + zip(parameters, texts).map { "\(literal: $1, $0.type.sqlName) AS \(name: $0.name)" }
        return
            "WITH parameters AS NOT MATERIALIZED (SELECT \(columns, separator: ", ")) SELECT * FROM (\(query)\n) AS rows"
    }
}

/// What a dataset cannot be asked; a sentence for its user.
public struct DatasetError: Error, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// What a parameter of a dataset can be.
public enum ParameterType: String, Sendable, CaseIterable, Decodable {
    case text, integer, number, boolean, date, timestamp, uuid, json
    case texts = "text[]"
    case uuids = "uuid[]"

    /// The type of its column in `parameters`.
    var sqlName: String {
        switch self {
        case .integer: "bigint"
        case .number: "numeric"
        case .timestamp: "timestamptz"
        case .json: "jsonb"
        case .text, .boolean, .date, .uuid, .texts, .uuids: rawValue
        }
    }

    /// What is to be given, for a sentence.
    var wanted: String {
        switch self {
        case .text: "text"
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .date: "a date (2026-12-31)"
        case .timestamp: "a moment (2026-12-31T23:59:59Z)"
        case .uuid: "a UUID"
        case .json: "a JSON value"
        case .texts: "a list of texts"
        case .uuids: "a list of UUIDs"
        }
    }

    /// JSON Schema of a value.
    public var schema: JSON {
        switch self {
        case .text: Schema.text
        case .integer: ["type": "integer"]
        case .number: Schema.number
        case .boolean: Schema.bool
        case .date: ["type": "string", "format": "date"]
        case .timestamp: Schema.time
        case .uuid: Schema.uuid
        case .json: Schema.anything
        case .texts: Schema.list(Schema.text)
        case .uuids: Schema.list(Schema.uuid)
        }
    }

    /// A value in the input form of the column's type, nil inside for null; nil when it is something else.
    fileprivate func text(of value: JSON) -> (value: String?, Void)? {
        if value.isNull { return (nil, ()) }
        switch (self, value) {
        case (.json, _): return (String(decoding: value.serialized(), as: UTF8.self), ())
        case (.text, .string(let text)): return (text, ())
        case (.boolean, .bool(let isTrue)): return (isTrue ? "true" : "false", ())
        case (.integer, _): return value.intValue.map { (String($0), ()) }
        case (.number, .int(let number)): return (String(number), ())
        case (.number, .double(let number)): return number.isFinite ? (String(number), ()) : nil
        case (.date, .string(let text)): return Self.isDate(text) ? (text, ()) : nil
        case (.timestamp, .string(let text)): return Date(rfc3339: text) == nil ? nil : (text, ())
        case (.uuid, .string(let text)): return UUID(text: text).map { ($0.text, ()) }
        case (.texts, .array(let items)): return Self.array(items.map(\.stringValue))
        case (.uuids, .array(let items)):
            return Self.array(items.map { $0.stringValue.flatMap { UUID(text: $0)?.text } })
        default: return nil
        }
    }

    private static func isDate(_ text: String) -> Bool {
        text.utf8.count == 10 && Date(rfc3339: text + "T00:00:00Z") != nil
    }

    /// An array in the server's input form: each element quoted.
    private static func array(_ items: [String?]) -> (value: String?, Void)? {
        var text = "{"
        for item in items {
            guard let item else { return nil }
            if text.utf8.count > 1 { text += "," }
            text += "\""
            for scalar in item.unicodeScalars {
                if scalar == "\"" || scalar == "\\" { text += "\\" }
                text.unicodeScalars.append(scalar)
            }
            text += "\""
        }
        return (text + "}", ())
    }
}

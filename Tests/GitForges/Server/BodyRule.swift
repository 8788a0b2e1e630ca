import JSON

/// What a field of a body may be.
struct Kind: Sendable {
    let schema: JSON

    static let text = Kind(schema: ["type": "string"])
    static let filled = Kind(schema: ["type": "string", "minLength": 1])
    static let flag = Kind(schema: ["type": "boolean"])
    static let number = Kind(schema: ["type": "integer"])
    static let any = Kind(schema: .object([:]))
    static let texts = list(.text)
    static let numbers = list(.number)

    static func list(_ kind: Kind) -> Kind { Kind(schema: ["type": "array", "items": kind.schema]) }

    static func one(of texts: [String]) -> Kind { Kind(schema: ["enum": .array(texts.map { .string($0) })]) }

    static func either(_ kinds: Kind...) -> Kind { Kind(schema: ["anyOf": .array(kinds.map(\.schema))]) }

    static func optional(_ kind: Kind) -> Kind { either(kind, Kind(schema: ["type": "null"])) }

    static func object(_ fields: [String: Kind], required: [String] = []) -> Kind {
        var properties = JSONObject()
        for (name, kind) in fields.sorted(by: { $0.key < $1.key }) { properties[name] = kind.schema }
        return Kind(schema: [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
            "required": .array(required.map { .string($0) }),
        ])
    }
}

/// The body that a route takes: these fields and no others.
struct BodyRule: Sendable {
    /// What is wrong with a body.
    enum Fault {
        case missing([String])
        case unknown(String)
        case invalid(field: String, reason: String)
    }

    private let schema: JSONSchema
    private let required: [String]

    init(_ fields: [String: Kind], required: [String] = []) {
        self.required = required
        do { schema = try JSONSchema(Kind.object(fields).schema) } catch {
            preconditionFailure("a rule for a body is wrong: \(error)")
        }
    }

    func fault(_ body: JSONObject) -> Fault? {
        let missing = required.filter { body[$0] == nil }
        guard missing.isEmpty else { return .missing(missing) }
        guard let violation = schema.validate(.object(body)).first else { return nil }
        let field = String(violation.pointer.dropFirst())
        return violation.keyword == "additionalProperties"
            ? .unknown(field) : .invalid(field: field, reason: violation.message)
    }
}

extension BodyRule.Fault: CustomStringConvertible {
    var description: String {
        switch self {
        case .missing(let names): "the body lacks \(names.joined(separator: ", "))"
        case .unknown(let name): "the body has the unknown field \(name)"
        case .invalid(let field, let reason): "the body's field \(field) \(reason)"
        }
    }
}

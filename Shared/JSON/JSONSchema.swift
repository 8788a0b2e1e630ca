/// A compiled JSON Schema (2020-12), as much of it as the specs of job types need.
///
/// Known keywords: `type`, `enum`, `const`; `properties`, `required`, `additionalProperties`, `patternProperties`,
/// `propertyNames`, `minProperties`, `maxProperties`; `items`, `prefixItems`, `minItems`, `maxItems`, `uniqueItems`, `contains`,
/// `minContains`, `maxContains`; `minLength`, `maxLength` (in code points), `pattern`, `format` (`uuid`, `date-time`, `uri`, `email`,
/// all asserted); `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `multipleOf`; `allOf`, `anyOf`, `oneOf`, `not`, `if`,
/// `then`, `else`; `$ref` within the same schema, `$defs`; `default`; and `x-secret`, an extension: strings that are to be stored sealed
/// and shown to nobody (see `mapSecrets`). The annotations `title`, `description`, `examples`,
/// `deprecated`, `readOnly`, `writeOnly`, `$comment`, `$schema` and `$id` are taken and mean nothing. Whatever else is refused, so that
/// no rule is silently without effect.
///
/// Patterns are ECMA-262 without back references, lookaround, `\b` and `\p`; matching takes time linear in the text.
public struct JSONSchema: Sendable {
    /// The most violations that `validate` tells.
    public static let violationLimit = 20

    /// The schema as it was given.
    public let source: JSON
    let nodes: [SchemaNode]
    let root: Int
    /// The schemas from which a secret string can be reached.
    let secretPaths: Set<Int>

    /// Compiles a schema.
    ///
    /// - Throws: `JSONSchemaError` with the place in the schema that is unknown or wrong.
    public init(_ schema: JSON) throws(JSONSchemaError) {
        var compiler = SchemaCompiler(source: schema)
        root = try compiler.compile(schema, at: "")
        nodes = compiler.nodes
        secretPaths = Self.secretPaths(nodes)
        source = schema
        try refuseEndlessReferences()
        try refuseBadDefaults()
    }

    /// Everything that is wrong with a value, up to `violationLimit` violations; empty when it fits.
    public func validate(_ value: JSON) -> [Violation] {
        var run = SchemaRun(nodes: nodes, limit: Self.violationLimit)
        run.check(value, against: root)
        return run.violations
    }

    /// The value with the `default` of each property that is absent, also within present properties and elements.
    ///
    /// Defaults are looked for through `$ref` and `allOf`, not through alternatives. A default that is filled in is taken as it is.
    public func applyingDefaults(to value: JSON) -> JSON { applyDefaults(of: root, to: value) }

    /// Something that a value does not fulfil.
    public struct Violation: Sendable, Hashable, CustomStringConvertible {
        /// The place in the value, as a JSON pointer (RFC 6901); empty for the whole value.
        public let pointer: String
        /// The keyword of the schema that is not fulfilled.
        public let keyword: String
        /// What would be right, for people.
        public let message: String

        /// The place and the message.
        public var description: String { pointer.isEmpty ? message : "\(pointer): \(message)" }
    }
}

/// A schema that cannot be used.
public struct JSONSchemaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The place in the schema, as a JSON pointer.
    public let pointer: String
    /// What is wrong there.
    public let message: String

    /// The place and the message.
    public var description: String { "the schema at \(pointer.isEmpty ? "its root" : pointer): \(message)" }
}

extension JSONSchema {
    /// Refuses references that lead back to themselves without going into the value: checking them would never end.
    private func refuseEndlessReferences() throws(JSONSchemaError) {
        enum Mark { case new, open, done }
        var marks = [Mark](repeating: .new, count: nodes.count)
        func visit(_ index: Int) throws(JSONSchemaError) {
            guard marks[index] != .done else { return }
            guard marks[index] != .open else {
                throw JSONSchemaError(pointer: nodes[index].pointer, message: "refers to itself without end")
            }
            marks[index] = .open
            for child in nodes[index].sameValueChildren { try visit(child) }
            marks[index] = .done
        }
        for index in nodes.indices { try visit(index) }
    }

    private func refuseBadDefaults() throws(JSONSchemaError) {
        for (index, node) in nodes.enumerated() {
            guard let value = node.defaultValue else { continue }
            var run = SchemaRun(nodes: nodes, limit: 1)
            run.check(value, against: index)
            guard let violation = run.violations.first else { continue }
            throw JSONSchemaError(pointer: node.pointer + "/default", message: "does not fit: \(violation)")
        }
    }

    private func applyDefaults(of index: Int, to value: JSON) -> JSON {
        var result = value
        for rule in nodes[index].rules {
            switch (rule, result) {
            case (.reference(let target), _): result = applyDefaults(of: target, to: result)
            case (.allOf(let parts), _): result = parts.reduce(result) { applyDefaults(of: $1, to: $0) }
            case (.object(let rule), .object(var members)):
                for (key, property) in rule.properties {
                    if let member = members[key] {
                        members[key] = applyDefaults(of: property, to: member)
                    } else if let value = defaultValue(of: property) {
                        members[key] = value
                    }
                }
                result = .object(members)
            case (.array(let rule), .array(let elements)):
                result = .array(
                    elements.enumerated().map { position, element in
                        rule.schema(at: position).map { applyDefaults(of: $0, to: element) } ?? element
                    })
            default: break
            }
        }
        return result
    }

    /// The default of a schema, its own before that of what it refers to.
    private func defaultValue(of index: Int) -> JSON? {
        if let value = nodes[index].defaultValue { return value }
        for case .reference(let target) in nodes[index].rules {
            if let value = defaultValue(of: target) { return value }
        }
        return nil
    }
}

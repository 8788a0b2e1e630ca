import JSON

/// One mutation of a GraphQL document: `mutation($id: ID!) { name(input: {…}) { fields } }`.
///
/// It reads what a client of GitHub's few mutations without a REST counterpart sends, and refuses the rest of the language.
struct GraphQLMutation {
    /// A field that is asked for, with what is asked of it.
    struct Field {
        let name: String
        let fields: [Field]
    }

    /// A document that is not understood, and where.
    struct Fault: Error { let message: String }

    let name: String
    let input: JSON
    let fields: [Field]

    init(_ document: String, variables: JSON) throws(Fault) {
        var reader = Reader(document, variables: variables)
        try reader.take("mutation")
        if reader.next != "{", reader.next != "(" { _ = try reader.word() }
        if reader.next == "(" { try reader.skipDeclarations() }
        try reader.take("{")
        name = try reader.word()
        try reader.take("(")
        try reader.take("input")
        try reader.take(":")
        input = try reader.value()
        try reader.take(")")
        fields = try reader.selection()
        try reader.take("}")
        guard reader.next == nil else { throw Fault(message: "one mutation at a time") }
    }

    /// The members of `value` that were asked for.
    static func select(_ fields: [Field], of value: JSON) throws(Fault) -> JSON {
        guard case .object = value else { return value }
        var chosen = JSONObject()
        for field in fields {
            guard let member = value[field.name] else {
                throw Fault(message: "Field '\(field.name)' doesn't exist on this type")
            }
            chosen[field.name] = try select(field.fields, of: member)
        }
        return .object(chosen)
    }
}

/// Goes over a document token by token.
private struct Reader {
    private var tokens: ArraySlice<String>
    private let variables: JSON

    init(_ document: String, variables: JSON) {
        self.variables = variables
        tokens =
            document.matches(of: /"(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+|[^\s,]/)
            .map { String($0.output) }[...]
    }

    var next: String? { tokens.first }

    mutating func word() throws(GraphQLMutation.Fault) -> String {
        guard let token = tokens.popFirst() else { throw GraphQLMutation.Fault(message: "the document ends too early") }
        return token
    }

    mutating func take(_ wanted: String) throws(GraphQLMutation.Fault) {
        let token = try word()
        guard token == wanted else {
            throw GraphQLMutation.Fault(message: "Expected \(wanted), actual: \(token)")
        }
    }

    mutating func skipDeclarations() throws(GraphQLMutation.Fault) {
        while try word() != ")" {}
    }

    mutating func selection() throws(GraphQLMutation.Fault) -> [GraphQLMutation.Field] {
        try take("{")
        var fields: [GraphQLMutation.Field] = []
        while next != "}" {
            let name = try word()
            fields.append(GraphQLMutation.Field(name: name, fields: next == "{" ? try selection() : []))
        }
        try take("}")
        return fields
    }

    mutating func value() throws(GraphQLMutation.Fault) -> JSON {
        let token = try word()
        switch token {
        case "$":
            let name = try word()
            guard let value = variables[name] else {
                throw GraphQLMutation.Fault(message: "Variable $\(name) was provided invalid value")
            }
            return value
        case "{":
            var members = JSONObject()
            while next != "}" {
                let name = try word()
                try take(":")
                members[name] = try value()
            }
            try take("}")
            return .object(members)
        case "true", "false": return .bool(token == "true")
        default:
            if let number = Int64(token) { return .int(number) }
            guard token.hasPrefix("\"") else { return .string(token) }
            do { return try JSON.parse(Array(token.utf8)) } catch {
                throw GraphQLMutation.Fault(message: "a string is wrong: \(error)")
            }
        }
    }
}

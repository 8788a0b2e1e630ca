import Foundation

/// Turns the JSON of a schema into a list of nodes.
struct SchemaCompiler {
    let source: JSON
    private(set) var nodes: [SchemaNode] = []
    private var compiled: [String: Int] = [:]

    private static let annotations: Set = [
        "title", "description", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "$schema", "$id",
    ]

    init(source: JSON) { self.source = source }

    /// Compiles the schema at a place, once, and answers its index.
    mutating func compile(_ schema: JSON, at pointer: String) throws(JSONSchemaError) -> Int {
        if let known = compiled[pointer] { return known }
        let index = nodes.count
        compiled[pointer] = index
        nodes.append(SchemaNode(pointer: pointer))
        switch schema {
        case .bool(true): break
        case .bool(false): nodes[index].rules = [.never]
        case .object(let members):
            var keywords = SchemaKeywords(members: members, pointer: pointer)
            let rules = try compile(&keywords)
            nodes[index].rules = rules
            nodes[index].defaultValue = keywords.take("default")
            nodes[index].isSecret = try keywords.isSecret(among: rules)
            try keywords.refuseRest(except: Self.annotations)
        default: throw JSONSchemaError(pointer: pointer, message: "a schema must be an object, true or false")
        }
        return index
    }

    private mutating func compile(_ keywords: inout SchemaKeywords) throws(JSONSchemaError) -> [SchemaRule] {
        _ = try compileMap("$defs", &keywords)
        var rules: [SchemaRule] = []
        if let reference = try keywords.string("$ref") {
            rules.append(.reference(try resolve(reference, from: keywords.pointer)))
        }
        if let kinds = try keywords.kinds() { rules.append(.kinds(kinds)) }
        if let value = keywords.take("const") { rules.append(.constant(value)) }
        if let values = try keywords.array("enum") { rules.append(.enumeration(values)) }
        if let rule = try keywords.textRule() { rules.append(.text(rule)) }
        if let rule = try keywords.numberRule() { rules.append(.number(rule)) }
        if let rule = try objectRule(&keywords) { rules.append(.object(rule)) }
        if let rule = try arrayRule(&keywords) { rules.append(.array(rule)) }
        if let parts = try compileList("allOf", &keywords) { rules.append(.allOf(parts)) }
        if let parts = try compileList("anyOf", &keywords) { rules.append(.anyOf(parts)) }
        if let parts = try compileList("oneOf", &keywords) { rules.append(.oneOf(parts)) }
        if let part = try compileOne("not", &keywords) { rules.append(.not(part)) }
        let then = try compileOne("then", &keywords)
        let otherwise = try compileOne("else", &keywords)
        if let condition = try compileOne("if", &keywords) {
            rules.append(.conditional(condition, then: then, otherwise: otherwise))
        } else if then != nil || otherwise != nil {
            throw JSONSchemaError(pointer: keywords.pointer, message: "then and else have no effect without if")
        }
        return rules
    }

    private mutating func objectRule(_ keywords: inout SchemaKeywords) throws(JSONSchemaError) -> ObjectRule? {
        let before = keywords.count
        var rule = ObjectRule()
        rule.properties = try compileMap("properties", &keywords) ?? []
        rule.schemaOfProperty = Dictionary(rule.properties.map { ($0.key, $0.schema) }, uniquingKeysWith: { $1 })
        for (text, schema) in try compileMap("patternProperties", &keywords) ?? [] {
            rule.patternProperties.append((try keywords.pattern(text, of: "patternProperties"), schema))
        }
        rule.required = try keywords.strings("required") ?? []
        rule.names = try compileOne("propertyNames", &keywords)
        rule.minCount = try keywords.count("minProperties")
        rule.maxCount = try keywords.count("maxProperties")
        if keywords.peek("additionalProperties") == false {
            rule.additional = .refused
            keywords.take("additionalProperties")
        } else if let schema = try compileOne("additionalProperties", &keywords) {
            rule.additional = .schema(schema)
        }
        return keywords.count < before ? rule : nil
    }

    private mutating func arrayRule(_ keywords: inout SchemaKeywords) throws(JSONSchemaError) -> ArrayRule? {
        let before = keywords.count
        var rule = ArrayRule()
        rule.prefix = try compileList("prefixItems", &keywords) ?? []
        rule.items = try compileOne("items", &keywords)
        rule.minCount = try keywords.count("minItems")
        rule.maxCount = try keywords.count("maxItems")
        rule.isUnique = try keywords.bool("uniqueItems") ?? false
        rule.contains = try compileOne("contains", &keywords)
        let minContains = try keywords.count("minContains")
        rule.maxContains = try keywords.count("maxContains")
        if rule.contains == nil, minContains != nil || rule.maxContains != nil {
            throw JSONSchemaError(
                pointer: keywords.pointer, message: "minContains and maxContains have no effect without contains")
        }
        rule.minContains = minContains ?? 1
        return keywords.count < before ? rule : nil
    }

    private mutating func compileOne(
        _ key: String, _ keywords: inout SchemaKeywords
    ) throws(JSONSchemaError) -> Int? {
        guard let schema = keywords.take(key) else { return nil }
        return try compile(schema, at: keywords.pointer(to: key))
    }

    private mutating func compileList(
        _ key: String, _ keywords: inout SchemaKeywords
    ) throws(JSONSchemaError) -> [Int]? {
        guard let schemas = try keywords.array(key) else { return nil }
        guard !schemas.isEmpty else {
            throw JSONSchemaError(pointer: keywords.pointer(to: key), message: "must have at least one schema")
        }
        var indices: [Int] = []
        for (position, schema) in schemas.enumerated() {
            indices.append(try compile(schema, at: "\(keywords.pointer(to: key))/\(position)"))
        }
        return indices
    }

    private mutating func compileMap(
        _ key: String, _ keywords: inout SchemaKeywords
    ) throws(JSONSchemaError) -> [(key: String, schema: Int)]? {
        guard let value = keywords.take(key) else { return nil }
        guard case .object(let schemas) = value else {
            throw JSONSchemaError(pointer: keywords.pointer(to: key), message: "must be an object of schemas")
        }
        var indices: [(key: String, schema: Int)] = []
        for (name, schema) in schemas {
            let place = keywords.pointer(to: key) + "/" + JSONPointer.escape(name)
            indices.append((name, try compile(schema, at: place)))
        }
        return indices
    }

    private mutating func resolve(_ reference: String, from place: String) throws(JSONSchemaError) -> Int {
        guard reference.hasPrefix("#"), let pointer = reference.dropFirst().removingPercentEncoding,
            pointer.isEmpty || pointer.hasPrefix("/")
        else {
            throw JSONSchemaError(
                pointer: place + "/$ref", message: "only references within the schema work, such as #/$defs/name")
        }
        guard let target = JSONPointer.value(at: pointer, in: source) else {
            throw JSONSchemaError(pointer: place + "/$ref", message: "there is nothing at \(reference)")
        }
        return try compile(target, at: pointer)
    }
}

/// JSON pointers (RFC 6901).
enum JSONPointer {
    static func escape(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return key }
        return key.replacingOccurrences(of: "~", with: "~0").replacingOccurrences(of: "/", with: "~1")
    }

    static func value(at pointer: String, in root: JSON) -> JSON? {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .reduce(root as JSON?) { value, step in
                let key = step.replacingOccurrences(of: "~1", with: "/").replacingOccurrences(of: "~0", with: "~")
                guard case .array = value else { return value?[key] }
                return Int(key).flatMap { value?[$0] }
            }
    }
}

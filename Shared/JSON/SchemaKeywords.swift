/// The keywords of one schema; each is taken out as it is understood, so that what is left is unknown.
struct SchemaKeywords {
    private var members: JSONObject
    let pointer: String

    init(members: JSONObject, pointer: String) {
        self.members = members
        self.pointer = pointer
    }

    var count: Int { members.count }

    func pointer(to key: String) -> String { "\(pointer)/\(JSONPointer.escape(key))" }

    func peek(_ key: String) -> JSON? { members[key] }

    @discardableResult
    mutating func take(_ key: String) -> JSON? {
        guard let value = members[key] else { return nil }
        members[key] = nil
        return value
    }

    func refuseRest(except known: Set<String>) throws(JSONSchemaError) {
        for (key, _) in members where !known.contains(key) {
            throw JSONSchemaError(pointer: pointer(to: key), message: "unknown keyword \"\(key)\"")
        }
    }

    mutating func string(_ key: String) throws(JSONSchemaError) -> String? {
        try take(key, as: "a string") { $0.stringValue }
    }

    mutating func bool(_ key: String) throws(JSONSchemaError) -> Bool? {
        try take(key, as: "true or false") { $0.boolValue }
    }

    mutating func array(_ key: String) throws(JSONSchemaError) -> [JSON]? {
        try take(key, as: "an array") { $0.arrayValue }
    }

    mutating func count(_ key: String) throws(JSONSchemaError) -> Int? {
        try take(key, as: "a whole number of at least 0") { value in value.intValue.flatMap { $0 >= 0 ? $0 : nil } }
    }

    mutating func number(_ key: String) throws(JSONSchemaError) -> JSON? {
        try take(key, as: "a number") { $0.doubleValue == nil ? nil : $0 }
    }

    mutating func strings(_ key: String) throws(JSONSchemaError) -> [String]? {
        try take(key, as: "an array of strings") { value in
            guard let elements = value.arrayValue else { return nil }
            let strings = elements.compactMap(\.stringValue)
            return strings.count == elements.count ? strings : nil
        }
    }

    mutating func kinds() throws(JSONSchemaError) -> JSONKinds? {
        try take("type", as: "one of \(JSONKinds.allNames), or an array of them") { value in
            let names = value.stringValue.map { [$0] } ?? value.arrayValue?.map { $0.stringValue ?? "" } ?? []
            let kinds = names.compactMap { JSONKinds(name: $0) }
            return !kinds.isEmpty && kinds.count == names.count ? JSONKinds(kinds) : nil
        }
    }

    mutating func textRule() throws(JSONSchemaError) -> TextRule? {
        let before = count
        var rule = TextRule()
        rule.minLength = try count("minLength")
        rule.maxLength = try count("maxLength")
        if let text = try string("pattern") { rule.pattern = try pattern(text, of: "pattern") }
        let formats = SchemaFormat.allCases.map(\.rawValue).joined(separator: ", ")
        rule.format = try take("format", as: "one of \(formats)") { value in
            value.stringValue.flatMap { SchemaFormat(rawValue: $0) }
        }
        return count < before ? rule : nil
    }

    mutating func numberRule() throws(JSONSchemaError) -> NumberRule? {
        let before = count
        var rule = NumberRule()
        rule.minimum = try number("minimum")
        rule.maximum = try number("maximum")
        rule.above = try number("exclusiveMinimum")
        rule.below = try number("exclusiveMaximum")
        rule.divisor = try take("multipleOf", as: "a number above 0") { value in
            value.doubleValue.flatMap { $0 > 0 ? value : nil }
        }
        return count < before ? rule : nil
    }

    /// What is no string could be stored in the clear, so only strings can be secret.
    mutating func isSecret(among rules: [SchemaRule]) throws(JSONSchemaError) -> Bool {
        guard try bool("x-secret") ?? false else { return false }
        let isString = rules.contains { rule in
            if case .kinds(let kinds) = rule { kinds == .string } else { false }
        }
        guard isString else {
            throw JSONSchemaError(pointer: pointer(to: "x-secret"), message: "needs \"type\": \"string\" beside it")
        }
        return true
    }

    func pattern(_ text: String, of key: String) throws(JSONSchemaError) -> Pattern {
        do {
            return try Pattern(text)
        } catch {
            throw JSONSchemaError(pointer: pointer(to: key), message: "the pattern \(text): \(error.message)")
        }
    }

    private mutating func take<Value>(
        _ key: String, as wanted: String, _ read: (JSON) -> Value?
    ) throws(JSONSchemaError) -> Value? {
        guard let value = take(key) else { return nil }
        guard let result = read(value) else {
            throw JSONSchemaError(pointer: pointer(to: key), message: "must be \(wanted)")
        }
        return result
    }
}

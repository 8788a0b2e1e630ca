/// Builds JSON Schemas in few words.
public enum Schema {
    /// A UUID as text.
    public static let uuid: JSON = ["type": "string", "format": "uuid"]
    /// A moment in UTC (RFC 3339, milliseconds).
    public static let time: JSON = ["type": "string", "format": "date-time"]
    /// A whole number from 0.
    public static let count: JSON = ["type": "integer", "minimum": 0]
    /// Any number.
    public static let number: JSON = ["type": "number"]
    /// True or false.
    public static let bool: JSON = ["type": "boolean"]
    /// Any text.
    public static let text: JSON = ["type": "string"]
    /// An object of any content.
    public static let anyObject: JSON = ["type": "object"]
    /// Any value.
    public static let anything: JSON = [:]

    /// Text of 1 to `max` characters.
    public static func text(max: Int) -> JSON {
        ["type": "string", "minLength": 1, "maxLength": .int(Int64(max))]
    }

    /// A whole number in a range.
    public static func integer(_ range: ClosedRange<Int>) -> JSON {
        ["type": "integer", "minimum": .int(Int64(range.lowerBound)), "maximum": .int(Int64(range.upperBound))]
    }

    /// One of these words.
    public static func word(_ words: [String]) -> JSON {
        ["type": "string", "enum": .array(words.map { .string($0) })]
    }

    /// A list of items of one kind.
    public static func list(_ items: JSON) -> JSON { ["type": "array", "items": items] }

    /// So many things of one kind.
    public static func list(_ items: JSON, _ count: ClosedRange<Int>) -> JSON {
        var list: JSONObject = ["type": "array", "items": items, "maxItems": .int(Int64(count.upperBound))]
        if count.lowerBound > 0 { list["minItems"] = .int(Int64(count.lowerBound)) }
        return .object(list)
    }

    /// An object with members of one kind under keys of any name.
    public static func map(_ values: JSON) -> JSON { ["type": "object", "additionalProperties": values] }

    /// An object that the API answers: every member is always there, except the optional ones. Later versions may add members.
    public static func answer(_ description: String, _ members: JSON, optional: [String] = []) -> JSON {
        let required = (members.objectValue ?? [:]).keys.filter { !optional.contains($0) }
        return [
            "type": "object", "description": .string(description), "properties": members,
            "required": .array(required.map { .string($0) }),
        ]
    }

    /// An object that the API takes: no other members.
    public static func request(_ members: JSON, required: [String] = []) -> JSON {
        [
            "type": "object", "properties": members, "required": .array(required.map { .string($0) }),
            "additionalProperties": false,
        ]
    }
}

extension JSON {
    /// This schema with a description.
    public func described(_ text: String) -> JSON { adding("description", .string(text)) }

    /// This schema with a default.
    public func defaulting(to value: JSON) -> JSON { adding("default", value) }

    /// This schema, or null.
    public var orNull: JSON {
        guard case .object(var members) = self else { return self }
        guard let type = members["type"], type.stringValue != nil else { return ["anyOf": [self, ["type": "null"]]] }
        members["type"] = [type, "null"]
        if let words = members["enum"]?.arrayValue { members["enum"] = .array(words + [.null]) }
        return .object(members)
    }

    private func adding(_ key: String, _ value: JSON) -> JSON {
        guard case .object(var members) = self else { return self }
        members[key] = value
        return .object(members)
    }
}

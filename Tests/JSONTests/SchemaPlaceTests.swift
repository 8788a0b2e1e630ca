import JSON
import Testing

/// What kinds of value a schema takes at a place.
@Suite struct SchemaPlaceTests {
    private static let schema: JSON = [
        "type": "object", "additionalProperties": false,
        "properties": [
            "url": ["type": "string"], "most": ["type": ["integer", "null"]], "share": ["type": "number"],
            "word": ["enum": ["a", 1, nullValue]], "any": [:],
            "list": ["type": "array", "items": ["$ref": "#/$defs/entry"]],
            "pair": ["type": "array", "prefixItems": [["type": "boolean"]], "items": ["type": "string"]],
            "either": ["oneOf": [["type": "string"], ["type": "array", "items": ["type": "integer"]]]],
            "both": ["allOf": [["type": ["string", "integer"]], ["type": ["integer", "null"]]]],
            "map": ["type": "object", "additionalProperties": ["type": "boolean"]],
        ],
        "$defs": [
            "entry": [
                "type": "object", "properties": ["inner": ["$ref": "#/$defs/entry"], "name": ["const": true]],
                "patternProperties": ["^x-": ["type": "number"]],
            ]
        ],
    ]
    private static let nullValue = JSON.null

    @Test func placesHaveTheKindsThatTheSchemaNames() throws {
        let schema = try JSONSchema(Self.schema)
        let cases: [([JSONStep], JSONKinds)] = [
            ([], .object), ([.member("url")], .string), ([.member("most")], [.integer, .null]),
            ([.member("share")], [.number, .integer]), ([.member("word")], [.string, .integer, .number, .null]),
            ([.member("any")], .all), ([.member("any"), .member("more")], .all), ([.member("other")], []),
            ([.element(0)], []), ([.member("url"), .member("x")], []), ([.member("list")], .array),
            ([.member("list"), .element(3)], .object),
            ([.member("list"), .element(0), .member("inner"), .member("inner"), .member("name")], .boolean),
            ([.member("list"), .element(0), .member("x-size")], [.number, .integer]),
            ([.member("pair"), .element(0)], .boolean), ([.member("pair"), .element(1)], .string),
            ([.member("either")], [.string, .array]), ([.member("either"), .element(0)], .integer),
            ([.member("both")], .integer), ([.member("map"), .member("a")], .boolean),
        ]
        for (place, kinds) in cases { #expect(schema.kinds(at: place) == kinds, "\(place)") }
    }
}

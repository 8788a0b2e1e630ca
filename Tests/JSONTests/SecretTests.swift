import JSON
import Testing

@Suite struct SecretTests {
    /// Schemas, values, and the places of their secrets.
    @Test(arguments: [
        (
            #"{"properties":{"a":{"type":"string","x-secret":true},"b":{"type":"string"}}}"#, #"{"a":"x","b":"y"}"#,
            ["/a"]
        ),
        (#"{"type":"string","x-secret":true}"#, #""x""#, [""]),
        (#"{"type":"string","x-secret":false}"#, #""x""#, []),
        (
            #"{"additionalProperties":{"type":"string","x-secret":true}}"#, #"{"a":"x","b/c":"y","d":1}"#,
            ["/a", "/b~1c"]
        ),
        (
            #"{"properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string","x-secret":true}}"#,
            #"{"a":"x","b":"y"}"#, ["/b"]
        ),
        (#"{"patternProperties":{"^k":{"type":"string","x-secret":true}}}"#, #"{"key":"x","other":"y"}"#, ["/key"]),
        (
            #"{"items":{"properties":{"h":{"additionalProperties":{"type":"string","x-secret":true}}}}}"#,
            #"[{"h":{"a":"x"}},{"h":{}},{"g":{"a":"y"}},{"h":{"b":"z"}}]"#, ["/0/h/a", "/3/h/b"]
        ),
        (#"{"prefixItems":[true,{"type":"string","x-secret":true}]}"#, #"["x","y","z"]"#, ["/1"]),
        (
            ##"{"$defs":{"n":{"properties":{"v":{"type":"string","x-secret":true},"n":{"$ref":"#/$defs/n"}}}},"$ref":"#/$defs/n"}"##,
            #"{"v":"x","n":{"n":{"v":"y"}}}"#, ["/v", "/n/n/v"]
        ),
        // Said twice, it is still replaced once; said by an alternative that does not fit, it is a secret all the same.
        (
            #"{"allOf":[{"type":"string","x-secret":true},{"type":"string","x-secret":true},{"maxLength":9}]}"#,
            #""x""#,
            [""]
        ),
        (#"{"anyOf":[{"type":"integer"},{"type":"string","x-secret":true}]}"#, #""x""#, [""]),
        (
            #"{"oneOf":[{"properties":{"a":{"type":"string","x-secret":true}},"required":["z"]},{"type":"object"}]}"#,
            #"{"a":"x"}"#, ["/a"]
        ),
        (
            #"{"if":{"type":"object"},"then":{"properties":{"a":{"type":"string","x-secret":true}}}}"#, #"{"a":"x"}"#,
            ["/a"]
        ),
        (#"{"properties":{"a":{"type":"string","x-secret":true}}}"#, #"{"a":1}"#, []),
        (#"{"properties":{"a":{"type":"string","x-secret":true}}}"#, #"{"a":["x",{"b":"y"}]}"#, []),
    ])
    func secretsAreFoundWhereTheSchemaHasThem(_ schema: String, _ text: String, _ places: [String]) throws {
        let schema = try JSONSchema(JSON.parse(schema))
        let value = try JSON.parse(text)
        #expect(try found(in: value, schema) == places)
        let hidden = schema.mapSecrets(in: value) { _, _ in "-" }
        #expect(schema.mapSecrets(in: hidden) { text, _ in text } == hidden)
        #expect(try found(in: hidden, schema) == places)
        #expect((hidden == value) == places.isEmpty)
    }

    private func found(in value: JSON, _ schema: JSONSchema) throws -> [String] {
        var places: [String] = []
        _ = schema.mapSecrets(in: value) { text, pointer in
            places.append(pointer)
            return text
        }
        return places
    }

    @Test func whatIsNotValidIsSecretAsAWhole() throws {
        let schema = try JSONSchema(["properties": ["a": ["type": "string", "x-secret": true], "b": true]])
        let value: JSON = ["a": ["x", ["y": "z", "n": 1]], "b": ["x"]]
        let hidden = schema.mapSecrets(in: value, reachesBelow: true) { _, _ in "-" }
        #expect(hidden == ["a": ["-", ["y": "-", "n": 1]], "b": ["x"]])
    }

    @Test func aSchemaKnowsWhetherItHasSecrets() throws {
        #expect(try JSONSchema(["items": ["properties": ["a": ["type": "string", "x-secret": true]]]]).hasSecrets)
        #expect(try !JSONSchema(["items": ["properties": ["a": ["type": "string"]]]]).hasSecrets)
        // Nothing leads to this one.
        #expect(try !JSONSchema(["$defs": ["k": ["type": "string", "x-secret": true]]]).hasSecrets)
    }

    @Test(arguments: [
        (#"{"x-secret":true}"#, "/x-secret"), (#"{"type":"integer","x-secret":true}"#, "/x-secret"),
        (#"{"type":["string","null"],"x-secret":true}"#, "/x-secret"),
        (#"{"type":"string","x-secret":1}"#, "/x-secret"),
        (#"{"properties":{"a":{"type":"object","x-secret":true}}}"#, "/properties/a/x-secret"),
    ])
    func onlyStringsAreSecret(_ schema: String, _ pointer: String) throws {
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(JSON.parse(schema)) }
        #expect(error?.pointer == pointer)
    }
}

import JSON
import Testing

@Suite struct SchemaTests {
    @Test(arguments: SchemaCase.all)
    func validates(_ example: SchemaCase) throws {
        let schema = try JSONSchema(JSON.parse(example.schema))
        let violations = schema.validate(try JSON.parse(example.value))
        #expect(violations.map { "\($0.pointer) \($0.keyword)" } == example.wrong)
    }

    @Test(arguments: [
        (#"{"type":"integer"}"#, #""x""#, "must be an integer"),
        (#"{"type":["string","null"]}"#, "1", "must be null or a string"),
        (#"{"maximum":10}"#, "11", "must be at most 10"), (#"{"exclusiveMinimum":0}"#, "0", "must be greater than 0"),
        (#"{"minLength":1}"#, #""""#, "must have at least 1 character"),
        (#"{"maxItems":2}"#, "[1,2,3]", "must have at most 2 elements"),
        (#"{"enum":["a",1]}"#, "2", #"must be one of "a", 1"#), (#"{"const":"x"}"#, "2", #"must be "x""#),
        (#"{"required":["a"]}"#, "{}", #"the field "a" is missing"#),
        (#"{"pattern":"^a$"}"#, #""b""#, "must match the pattern ^a$"),
        (
            #"{"properties":{"a":true,"b":true},"additionalProperties":false}"#, #"{"c":1}"#,
            "unknown field; the known ones are a, b"
        ),
        (#"{"additionalProperties":false}"#, #"{"c":1}"#, "unknown field; there are none here"),
        (
            #"{"patternProperties":{"^x":true},"additionalProperties":false}"#, #"{"c":1}"#,
            "unknown field; the known ones are those that match ^x"
        ),
        (#"{"propertyNames":{"maxLength":1}}"#, #"{"ab":1}"#, "the field's name must have at most 1 character"),
        (#"{"uniqueItems":true}"#, "[1,2,1]", "elements must differ, but 0 and 2 are equal"),
        (#"{"multipleOf":5}"#, "7", "must be a multiple of 5"), (#"{"format":"uuid"}"#, #""x""#, "must be a UUID"),
        (
            #"{"anyOf":[{"properties":{"a":{"type":"string"}},"required":["a","b"]},{"type":"null"}]}"#, #"{"a":1}"#,
            "fits none of 2 alternatives; the nearest needs: must be null"
        ),
        (
            #"{"oneOf":[{"properties":{"a":{"type":"string"}}},{"type":"null"}]}"#, #"{"a":1}"#,
            "fits none of 2 alternatives; the nearest needs: /a: must be a string"
        ),
    ])
    func speaksPlainly(schema: String, value: String, message: String) throws {
        let violations = try JSONSchema(JSON.parse(schema)).validate(JSON.parse(value))
        #expect(violations.map(\.message) == [message])
    }

    @Test(arguments: [
        (#"{"typ":"string"}"#, "/typ", "unknown keyword \"typ\""),
        (#"{"properties":{"a/b":{"maxLenght":1}}}"#, "/properties/a~1b/maxLenght", "unknown keyword \"maxLenght\""),
        (#"{"$defs":{"unused":{"items":[{}]}}}"#, "/$defs/unused/items", "a schema must be an object, true or false"),
        (
            #"{"type":"text"}"#, "/type",
            "must be one of null, boolean, integer, number, string, array, object, or an array of them"
        ),
        (
            #"{"type":[]}"#, "/type",
            "must be one of null, boolean, integer, number, string, array, object, or an array of them"
        ),
        (#"{"minLength":-1}"#, "/minLength", "must be a whole number of at least 0"),
        (#"{"minLength":"1"}"#, "/minLength", "must be a whole number of at least 0"),
        (#"{"minimum":"1"}"#, "/minimum", "must be a number"),
        (#"{"multipleOf":0}"#, "/multipleOf", "must be a number above 0"),
        (#"{"required":"a"}"#, "/required", "must be an array of strings"),
        (#"{"enum":1}"#, "/enum", "must be an array"),
        (#"{"required":["a",1]}"#, "/required", "must be an array of strings"),
        (#"{"uniqueItems":1}"#, "/uniqueItems", "must be true or false"),
        (#"{"properties":[]}"#, "/properties", "must be an object of schemas"),
        (#"{"allOf":[]}"#, "/allOf", "must have at least one schema"),
        (#"{"format":"ipv4"}"#, "/format", "must be one of uuid, date-time, uri, email"),
        (#"{"pattern":"("}"#, "/pattern", "the pattern (: a ( is not closed"),
        (#"{"patternProperties":{"[":true}}"#, "/patternProperties", "the pattern [: a [ is not closed"),
        (#"{"then":true}"#, "", "then and else have no effect without if"),
        (#"{"minContains":1}"#, "", "minContains and maxContains have no effect without contains"),
        (##"{"$ref":"#/$defs/x"}"##, "/$ref", "there is nothing at #/$defs/x"),
        (#"{"$ref":"https://example.org/s"}"#, "/$ref", "only references within the schema work, such as #/$defs/name"),
        (##"{"$ref":"#"}"##, "", "refers to itself without end"),
        (
            ##"{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}}"##,
            "/$defs/a", "refers to itself without end"
        ),
        (
            #"{"properties":{"a":{"maximum":3,"default":5}}}"#, "/properties/a/default",
            "does not fit: must be at most 3"
        ),
        ("3", "", "a schema must be an object, true or false"),
        (#"{"unevaluatedProperties":false}"#, "/unevaluatedProperties", "unknown keyword \"unevaluatedProperties\""),
    ])
    func refusesSchemasWithTheirPlace(schema: String, pointer: String, message: String) throws {
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(JSON.parse(schema)) }
        #expect(error?.pointer == pointer)
        #expect(error?.message == message)
    }

    @Test func tellsAtMostTwentyViolations() throws {
        let schema = try JSONSchema(["items": ["type": "string"]])
        let violations = schema.validate(.array((0..<1000).map { .int($0) }))
        #expect(violations.count == JSONSchema.violationLimit)
        #expect(violations.last?.pointer == "/19")
    }

    @Test(arguments: [
        (#"{"properties":{"a":{"default":1},"b":{"type":"string"}}}"#, #"{"b":"x"}"#, #"{"b":"x","a":1}"#),
        (#"{"properties":{"a":{"default":1}}}"#, #"{"a":2}"#, #"{"a":2}"#),
        (#"{"properties":{"a":{"default":null,"type":["null","string"]}}}"#, "{}", #"{"a":null}"#),
        (#"{"properties":{"a":{"properties":{"b":{"default":1}}}}}"#, #"{"a":{}}"#, #"{"a":{"b":1}}"#),
        (#"{"properties":{"a":{"properties":{"b":{"default":1}}}}}"#, "{}", "{}"),
        (#"{"items":{"properties":{"b":{"default":1}}}}"#, #"[{},{"b":2}]"#, #"[{"b":1},{"b":2}]"#),
        (#"{"prefixItems":[true,{"properties":{"b":{"default":1}}}]}"#, "[{},{},{}]", #"[{},{"b":1},{}]"#),
        (##"{"properties":{"a":{"$ref":"#/$defs/n"}},"$defs":{"n":{"default":7}}}"##, "{}", #"{"a":7}"#),
        (##"{"properties":{"next":{"$ref":"#"},"n":{"default":0}}}"##, #"{"next":{}}"#, #"{"next":{"n":0},"n":0}"#),
        (##"{"properties":{"next":{"$ref":"#","default":{}}}}"##, "{}", #"{"next":{}}"#),
        (#"{"allOf":[{"properties":{"a":{"default":1}}}]}"#, "{}", #"{"a":1}"#),
        (#"{"properties":{"a":{"default":1}}}"#, "[1]", "[1]"),
        (#"{"default":1}"#, "null", "null"),
    ])
    func fillsInDefaults(schema: String, value: String, expected: String) throws {
        let filled = try JSONSchema(JSON.parse(schema)).applyingDefaults(to: JSON.parse(value))
        #expect(filled.description == expected)
    }
}

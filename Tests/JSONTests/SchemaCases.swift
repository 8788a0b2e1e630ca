/// A schema, a value, and what is wrong with it as `pointer keyword`, in order.
struct SchemaCase: Sendable, CustomStringConvertible {
    let schema: String
    let value: String
    let wrong: [String]

    init(_ schema: String, _ value: String, _ wrong: String...) {
        self.schema = schema
        self.value = value
        self.wrong = wrong
    }

    var description: String { "\(schema) over \(value)" }

    static let all = types + objects + arrays + texts + numbers + combinations + references

    private static let types = [
        SchemaCase("true", "1"), SchemaCase("false", "1", " false"), SchemaCase("{}", "null"),
        SchemaCase(#"{"type":"string"}"#, #""x""#), SchemaCase(#"{"type":"string"}"#, "1", " type"),
        SchemaCase(#"{"type":"integer"}"#, "1"), SchemaCase(#"{"type":"integer"}"#, "1.0"),
        SchemaCase(#"{"type":"integer"}"#, "1.5", " type"), SchemaCase(#"{"type":"number"}"#, "1"),
        SchemaCase(#"{"type":"number"}"#, #""1""#, " type"), SchemaCase(#"{"type":"boolean"}"#, "true"),
        SchemaCase(#"{"type":"boolean"}"#, "0", " type"), SchemaCase(#"{"type":"null"}"#, "null"),
        SchemaCase(#"{"type":"null"}"#, "false", " type"), SchemaCase(#"{"type":"array"}"#, "{}", " type"),
        SchemaCase(#"{"type":"object"}"#, "[]", " type"), SchemaCase(#"{"type":["string","null"]}"#, "null"),
        SchemaCase(#"{"type":["string","null"]}"#, "1", " type"), SchemaCase(#"{"enum":["a",1,null]}"#, "1.0"),
        SchemaCase(#"{"enum":["a",1,null]}"#, #""b""#, " enum"), SchemaCase(#"{"enum":[]}"#, "1", " enum"),
        SchemaCase(#"{"enum":[{"a":1,"b":2}]}"#, #"{"b":2,"a":1}"#), SchemaCase(#"{"const":null}"#, "null"),
        SchemaCase(#"{"const":[1]}"#, "[1,2]", " const"), SchemaCase(#"{"const":false}"#, "0", " const"),
    ]

    private static let objects = [
        SchemaCase(#"{"required":["a","b"]}"#, #"{"a":null}"#, " required"),
        SchemaCase(#"{"required":["a"]}"#, "1"),
        SchemaCase(#"{"properties":{"a":{"type":"string"}}}"#, #"{"a":1}"#, "/a type"),
        SchemaCase(#"{"properties":{"a":{"type":"string"}}}"#, #"{"b":1}"#),
        SchemaCase(
            #"{"properties":{"a":true},"additionalProperties":false}"#, #"{"a":1,"b":1}"#, "/b additionalProperties"),
        SchemaCase(#"{"additionalProperties":false}"#, "{}"),
        SchemaCase(#"{"additionalProperties":{"type":"integer"}}"#, #"{"a":1,"b":"x"}"#, "/b type"),
        SchemaCase(#"{"properties":{"a":true},"additionalProperties":{"type":"integer"}}"#, #"{"a":"x"}"#),
        SchemaCase(#"{"patternProperties":{"^n_":{"type":"number"}}}"#, #"{"n_a":"x","s":"x"}"#, "/n_a type"),
        SchemaCase(
            #"{"patternProperties":{"^n_":true},"additionalProperties":false}"#, #"{"n_a":1,"x":1}"#,
            "/x additionalProperties"),
        SchemaCase(
            #"{"properties":{"ab":{"minimum":5}},"patternProperties":{"a":{"multipleOf":2}}}"#, #"{"ab":3}"#,
            "/ab minimum",
            "/ab multipleOf"),
        SchemaCase(#"{"propertyNames":{"pattern":"^[a-z]+$"}}"#, #"{"ok":1,"NO":1}"#, "/NO propertyNames"),
        SchemaCase(#"{"minProperties":1}"#, "{}", " minProperties"),
        SchemaCase(#"{"maxProperties":1}"#, #"{"a":1,"b":2}"#, " maxProperties"),
        SchemaCase(#"{"properties":{"a/b":{"properties":{"m~n":false}}}}"#, #"{"a/b":{"m~n":1}}"#, "/a~1b/m~0n false"),
        SchemaCase(
            #"{"properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["c"]}"#, #"{"a":1,"b":2}"#,
            " required",
            "/a type", "/b type"),
    ]

    private static let arrays = [
        SchemaCase(#"{"items":{"type":"string"}}"#, #"["a",1,"b",null]"#, "/1 type", "/3 type"),
        SchemaCase(#"{"items":false}"#, "[]"), SchemaCase(#"{"items":false}"#, "[1]", "/0 false"),
        SchemaCase(#"{"prefixItems":[{"type":"string"},{"type":"integer"}]}"#, #"["a",1,true]"#),
        SchemaCase(#"{"prefixItems":[{"type":"string"},{"type":"integer"}]}"#, #"[1,"a"]"#, "/0 type", "/1 type"),
        SchemaCase(#"{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}"#, #"["a","b"]"#, "/1 type"),
        SchemaCase(#"{"prefixItems":[true],"items":false}"#, "[1]"), SchemaCase(#"{"minItems":2}"#, "[1]", " minItems"),
        SchemaCase(#"{"maxItems":1}"#, "[1,2]", " maxItems"),
        SchemaCase(#"{"uniqueItems":true}"#, "[1,2,1.0]", " uniqueItems"),
        SchemaCase(#"{"uniqueItems":true}"#, #"[{"a":1,"b":2},{"b":2,"a":1}]"#, " uniqueItems"),
        SchemaCase(#"{"uniqueItems":true}"#, "[1,true,\"1\",[1],null]"), SchemaCase(#"{"uniqueItems":false}"#, "[1,1]"),
        SchemaCase(#"{"contains":{"const":2}}"#, "[1,2]"), SchemaCase(#"{"contains":{"const":2}}"#, "[1]", " contains"),
        SchemaCase(#"{"contains":{"const":2}}"#, "[]", " contains"),
        SchemaCase(#"{"contains":{"const":2},"minContains":0}"#, "[]"),
        SchemaCase(#"{"contains":{"const":2},"minContains":2}"#, "[2,1]", " contains"),
        SchemaCase(#"{"contains":{"const":2},"maxContains":1}"#, "[2,2]", " maxContains"),
        SchemaCase(
            #"{"items":{"properties":{"a":{"items":{"type":"integer"}}}}}"#, #"[{"a":[1]},{"a":[1,"x"]}]"#,
            "/1/a/1 type"),
    ]

    private static let texts = [
        SchemaCase(#"{"minLength":2}"#, #""é""#, " minLength"), SchemaCase(#"{"minLength":1}"#, #""😀""#),
        SchemaCase(#"{"maxLength":1}"#, #""😀""#), SchemaCase(#"{"maxLength":1}"#, #""e\u0301""#, " maxLength"),
        SchemaCase(#"{"maxLength":1}"#, "12345"), SchemaCase(#"{"pattern":"^a+$"}"#, #""aaa""#),
        SchemaCase(#"{"pattern":"^a+$"}"#, #""aab""#, " pattern"), SchemaCase(#"{"pattern":"b"}"#, #""abc""#),
        SchemaCase(#"{"format":"uuid"}"#, #""0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0f""#),
        SchemaCase(#"{"format":"uuid"}"#, #""0199f0e27c1a7d3b8e4f5a6b7c8d9e0f""#, " format"),
        SchemaCase(#"{"format":"uuid"}"#, "1"), SchemaCase(#"{"format":"date-time"}"#, #""2026-01-02T03:04:05Z""#),
        SchemaCase(#"{"format":"date-time"}"#, #""2026-01-02""#, " format"),
        SchemaCase(#"{"format":"uri"}"#, #""https://a.b/c?d=%20#e""#),
        SchemaCase(#"{"format":"uri"}"#, #""file:///x""#), SchemaCase(#"{"format":"uri"}"#, #""/relative""#, " format"),
        SchemaCase(#"{"format":"uri"}"#, #""http://a b""#, " format"),
        SchemaCase(#"{"format":"uri"}"#, #""http://a/%2""#, " format"),
        SchemaCase(#"{"format":"uri"}"#, #""1a:b""#, " format"),
        SchemaCase(#"{"format":"email"}"#, #""a.b+c@example.org""#),
        SchemaCase(#"{"format":"email"}"#, #""a@b@c""#, " format"),
        SchemaCase(#"{"format":"email"}"#, #"".a@b.c""#, " format"),
        SchemaCase(#"{"format":"email"}"#, #""a@-b.c""#, " format"),
        SchemaCase(#"{"format":"email"}"#, #""a@b..c""#, " format"),
    ]

    private static let numbers = [
        SchemaCase(#"{"minimum":1}"#, "1"), SchemaCase(#"{"minimum":1}"#, "0.99", " minimum"),
        SchemaCase(#"{"maximum":10}"#, "10.0"),
        SchemaCase(#"{"maximum":10}"#, "11", " maximum"),
        SchemaCase(#"{"exclusiveMinimum":1}"#, "1", " exclusiveMinimum"),
        SchemaCase(#"{"exclusiveMinimum":1}"#, "1.01"),
        SchemaCase(#"{"exclusiveMaximum":1}"#, "1", " exclusiveMaximum"),
        SchemaCase(#"{"minimum":1}"#, #""0""#), SchemaCase(#"{"multipleOf":3}"#, "9"),
        SchemaCase(#"{"multipleOf":3}"#, "10", " multipleOf"),
        SchemaCase(#"{"multipleOf":0.1}"#, "0.3"), SchemaCase(#"{"multipleOf":0.1}"#, "0.35", " multipleOf"),
        SchemaCase(#"{"multipleOf":0.01}"#, "19.99"), SchemaCase(#"{"multipleOf":2}"#, "0"),
        SchemaCase(#"{"multipleOf":2.5}"#, "5"),
        SchemaCase(#"{"maximum":9223372036854775806}"#, "9223372036854775807", " maximum"),
    ]

    private static let combinations = [
        SchemaCase(#"{"allOf":[{"minimum":1},{"maximum":3}]}"#, "2"),
        SchemaCase(#"{"allOf":[{"minimum":1},{"multipleOf":2}]}"#, "-1", " minimum", " multipleOf"),
        SchemaCase(#"{"anyOf":[{"type":"string"},{"minimum":5}]}"#, "6"),
        SchemaCase(#"{"anyOf":[{"type":"string"},{"minimum":5}]}"#, "4", " anyOf"),
        SchemaCase(#"{"oneOf":[{"minimum":1},{"maximum":3}]}"#, "4"),
        SchemaCase(#"{"oneOf":[{"minimum":1},{"maximum":3}]}"#, "2", " oneOf"),
        SchemaCase(#"{"oneOf":[{"type":"string"},{"type":"null"}]}"#, "1", " oneOf"),
        SchemaCase(#"{"not":{"type":"string"}}"#, "1"), SchemaCase(#"{"not":{"type":"string"}}"#, #""x""#, " not"),
        SchemaCase(#"{"if":{"minimum":10},"then":{"multipleOf":10},"else":{"maximum":5}}"#, "20"),
        SchemaCase(#"{"if":{"minimum":10},"then":{"multipleOf":10},"else":{"maximum":5}}"#, "21", " multipleOf"),
        SchemaCase(#"{"if":{"minimum":10},"then":{"multipleOf":10},"else":{"maximum":5}}"#, "7", " maximum"),
        SchemaCase(#"{"if":{"minimum":10}}"#, "7"),
        SchemaCase(#"{"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}}"#, #"{"a":1}"#, "/a anyOf"),
    ]

    private static let references = [
        SchemaCase(##"{"$ref":"#/$defs/n","$defs":{"n":{"type":"integer"}}}"##, "1"),
        SchemaCase(##"{"$ref":"#/$defs/n","$defs":{"n":{"type":"integer"}}}"##, #""x""#, " type"),
        SchemaCase(##"{"properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##, #"{"next":{"next":{}}}"#),
        SchemaCase(
            ##"{"properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##, #"{"next":{"next":{"x":1}}}"#,
            "/next/next/x additionalProperties"),
        SchemaCase(##"{"items":{"$ref":"#/$defs/a~1b"},"$defs":{"a/b":{"minimum":1}}}"##, "[1,0]", "/1 minimum"),
        SchemaCase(##"{"items":{"$ref":"#/$defs/a%20b"},"$defs":{"a b":{"minimum":1}}}"##, "[0]", "/0 minimum"),
        SchemaCase(##"{"properties":{"a":{"type":"string"},"b":{"$ref":"#/properties/a"}}}"##, #"{"b":1}"#, "/b type"),
        SchemaCase(##"{"allOf":[{"type":"integer"},{"$ref":"#/allOf/0"}]}"##, "1"),
        SchemaCase(##"{"$ref":"#/$defs/n","minimum":3,"$defs":{"n":{"type":"integer"}}}"##, "2", " minimum"),
        SchemaCase(
            ##"{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x","title":"t","description":"d","$comment":"c","examples":[1],"deprecated":true,"readOnly":true,"writeOnly":true,"default":1}"##,
            "1"),
    ]
}

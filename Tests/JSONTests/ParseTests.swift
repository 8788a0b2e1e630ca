import JSON
import Testing

@Suite struct ParseTests {
    private static let readable: [(String, JSON)] = [
        ("null", JSON.null), ("true", true), ("false", false), ("0", 0), ("-0", 0), ("42", 42), ("-7", -7),
        ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)), ("1.5", 1.5), ("1e3", 1000.0),
        ("1E+2", 100.0), ("-2.5e-1", -0.25), ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
        (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9""#, "é"),
        (#""\ud83d\ude00""#, "😀"), ("\"😀é\u{2028}\"", "😀é\u{2028}"), ("[]", []), ("[1,[2,[]]]", [1, [2, []]]),
        ("{}", [:]), (" \t\r\n[ 1 , 2 ] \n", [1, 2]), (#"{"a":{"b":[null]}}"#, ["a": ["b": [.null]]]),
        (#"{"":1}"#, ["": 1]), ("\"\u{7F}\"", "\u{7F}"),
    ]

    @Test(arguments: readable)
    func reads(text: String, expected: JSON) throws {
        #expect(try JSON.parse(text) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x10",
        "1 2",
        "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
        "{\"a\":1,}",
        "{a:1}", "{'a':1}", "{1:1}", "{\"a\" 1}", "\"", "\"a", #""\"#, #""\x41""#, #""\u12""#, #""\u12g4""#, "\"\n\"",
        "\"\t\"",
        "'a'", "[1]x", "// c\n1", "/**/1", "\u{FEFF}1", "\u{A0}1", "\u{0C}1",
    ])
    func refuses(text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(text) }
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800a""#, #""\ude00\ud83d""#, #"{"\ud800":1}"#,
    ])
    func refusesLoneSurrogates(text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(text) }
    }

    private static let invalidUTF8: [[UInt8]] = [
        [0xFF], [0xC3], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
        [0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xE2, 0x82],
    ]

    @Test(arguments: invalidUTF8)
    func refusesInvalidUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON.parse([0x22] + bytes + [0x22]) }
        #expect(throws: JSONError.self) { try JSON.parse(Array(#"{""#.utf8) + bytes + Array(#"":1}"#.utf8)) }
    }

    @Test(arguments: [#""a\u0000b""#, #"{"a\u0000":1}"#, #"["\u0000"]"#])
    func refusesTheZeroCharacterWithTheReason(text: String) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(text) }
        #expect(error?.message.contains("\\u0000 is not allowed") == true)
    }

    @Test func refusesARawZeroByteAnywhere() {
        for text in ["\"a\0b\"", "\0", "[1]\0", "[1,\0]", "{\"a\0\":1}"] {
            #expect(throws: JSONError.self, "\(text.debugDescription)") { try JSON.parse(text) }
        }
    }

    @Test(arguments: [#"{"a":1,"a":2}"#, #"{"x":{"b":1,"c":2,"b":1}}"#, #"{"\u0061":1,"a":2}"#])
    func refusesDuplicateKeys(text: String) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(text) }
        #expect(error?.message.contains("duplicate") == true)
    }

    @Test(arguments: [
        "9223372036854775808", "-9223372036854775809", "1e400", "-1e400", "123456789012345678901234567890",
    ])
    func refusesNumbersOutOfRange(text: String) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(text) }
        #expect(error?.message.contains("out of range") == true)
    }

    @Test func takesNumbersTooSmallToTellFromZero() throws {
        #expect(try JSON.parse("1e-400") == 0)
        #expect(try JSON.parse("5e-324").doubleValue == .leastNonzeroMagnitude)
    }

    @Test func tellsTheDepthApart() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try JSON.parse(nested(64)).arrayValue?.count == 1)
        let error = #expect(throws: JSONError.self) { try JSON.parse("\n " + nested(65)) }
        #expect(
            error
                == JSONError(
                    message: "arrays and objects lie more than 64 deep", line: 2, column: 66, position: 67,
                    isTooDeep: true))
        #expect(throws: JSONError.self) { try JSON.parse(nested(1_000_000)) }
        #expect(throws: JSONError.self) { try JSON.parse(String(repeating: #"{"a":"#, count: 100_000)) }
        #expect(throws: JSONError.self) { try JSON.parse("[[1]]", maxDepth: 1) }
        // Brackets in text have no depth, also after an escaped quote.
        let text = String(repeating: "[{", count: 100)
        #expect(try JSON.parse(#"["\"\#(text)\\", 1]"#, maxDepth: 1) == [.string("\"\(text)\\"), 1])
        // Arrays beside each other do not add up.
        #expect(try JSON.parse("[[],[],[],{},{}]", maxDepth: 2).arrayValue?.count == 5)
    }

    @Test(arguments: [
        ("[1,\n2,\n x]", 3, 2), ("{\"a\": tru}", 1, 9), ("{\n\"é\":1,\n\"é\":2}", 3, 3), ("[1,2", 1, 4), ("", 1, 0),
    ])
    func tellsWhereTheFaultIs(text: String, line: Int, column: Int) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(text) }
        #expect(error?.line == line)
        #expect(error?.column == column, "\(String(describing: error))")
        #expect(error?.description.hasPrefix("line \(line), column \(column): ") == true)
    }

    @Test func keepsTheOrderOfKeys() throws {
        let keys = (0..<100).map { "key\($0 * 7919 % 100)" }
        let text = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        #expect(try JSON.parse(text).objectValue?.keys == keys)
    }

    @Test func readsSlicesAndBuffers() throws {
        let bytes = Array("xx[1,2]yy".utf8)
        #expect(try JSON.parse(bytes[2..<7]) == [1, 2])
    }
}

import Tabular
import Testing

/// What values become in the text format of COPY, and which are refused.
@Suite struct CopyTests {
    /// The row that one field becomes, without its line end; or why it is refused.
    private func copy(
        _ text: String, _ type: String, _ rules: ValueRules = ValueRules(), isNullable: Bool = true
    ) throws -> Result<String, RowFault> {
        let quoted = "\"\(text.replacing("\"", with: "\"\""))\""
        let reader = try CSVReader(ArraySource(Array(quoted.utf8)), dialect: Dialect(), columns: 1)
        return try copy(reader, type, rules, isNullable: isNullable)
    }

    private func copy(
        _ reader: any RecordReader, _ type: String, _ rules: ValueRules = ValueRules(), isNullable: Bool = true
    ) throws -> Result<String, RowFault> {
        var record = Record()
        try #require(try reader.read(into: &record) == .record)
        var writer = CopyWriter(
            columns: [CopyColumn(field: 0, name: "x", type: ColumnType(named: type), isNullable: isNullable)],
            rules: rules)
        var output = Array("before\n".utf8)
        let faults = writer.append(record, to: &output)
        let text = String(decoding: output.dropFirst(7), as: UTF8.self)
        if let fault = faults.first {
            #expect(text.isEmpty)
            return .failure(fault)
        }
        #expect(text.hasSuffix("\n"))
        return .success(String(text.dropLast()))
    }

    @Test(arguments: [
        ("smallint", "-32768"), ("smallint", "32767"), ("integer", "2147483647"), ("int4", "+7"), ("integer", " 7 "),
        ("bigint", "-9223372036854775808"), ("bigint", "9223372036854775807"), ("int8", "007"),
        ("double precision", "1e308"), ("float8", "-.5"), ("float8", "NaN"), ("float8", "-Infinity"),
        ("real", "3.4e38"),
        ("numeric", "123456789012345678901234567890.5"), ("numeric(4,2)", "99.994"), ("numeric(4,2)", "-99.99"),
        ("numeric(2,2)", "0.99"), ("numeric(3)", "999.4"), ("numeric(3,-1)", "9990"), ("numeric", "1e400"),
        ("numeric(4,2)", "0.9e2"), ("numeric(4,2)", "0000e9"), ("numeric(4,2)", "9.9994e1"),
        ("numeric(4,2)", "1e-99999999999999999999"),
        ("uuid", "550e8400-e29b-41d4-a716-446655440000"), ("uuid", "{550E8400e29b41d4a716446655440000}"),
        ("date", "2024-02-29"), ("date", "2024-2-9"), ("date", "infinity"),
        ("timestamp", "2024-02-29T23:59:59.123456"), ("timestamp without time zone", "2024-01-01"),
        ("timestamp(3) without time zone", "2024-01-01 10:00"), ("timestamp", "2024-01-01T10:00:00Z"),
        ("timestamptz", "2024-01-01 10:00:00+05:30"), ("timestamp with time zone", "2024-01-01 10:00 gmt"),
        ("timestamptz", "2024-01-01T10:00:00.5-0130"), ("time", "23:59:59.999"), ("time", "7:00"), ("time", "24:00:00"),
        ("json", "{\"a\": [1, 2.50, null]}"), ("jsonb", "12345678901234567890"), ("json", "{\"a\":1,\"a\":2}"),
        ("text", ""), ("varchar(3)", "äöü"), ("character varying(3)", "abc   "), ("char(2)", "ab"),
        ("inet", "10.0.0.1/8"), ("interval", "3 days"), ("integer[]", "{1,2}"), ("point", "(1,2)"), ("text[]", "{a}"),
    ]) func soundValuesGoAsTheyStand(type: String, text: String) throws {
        let isText = ["text", "varchar(3)", "character varying(3)", "char(2)"].contains(type)
        let expected = isText ? text : text.replacing(/^ +| +$/, with: "")
        #expect(try copy(text, type).get() == expected)
    }

    @Test(arguments: [
        ("smallint", "32768", "out of the range of smallint"), ("smallint", "-32769", "out of the range"),
        ("integer", "2147483648", "out of the range of integer"), ("bigint", "9223372036854775808", "of bigint"),
        ("bigint", "-9223372036854775809", "of bigint"), ("integer", "12x", "'12x' is not an integer"),
        ("integer", "1.0", "not an integer"), ("integer", "", "not an integer"), ("integer", "-", "not an integer"),
        ("integer", "1 2", "not an integer"), ("integer", "0x10", "not an integer"), ("integer", "١", "not an integer"),
        ("float8", "1e309", "out of the range of double precision"), ("float8", "1e-400", "out of the range"),
        ("real", "1e39", "out of the range of real"), ("float8", "1,5", "not a number"),
        ("float8", ".", "not a number"),
        ("float8", "1e", "not a number"), ("float8", "1e+", "not a number"), ("float8", "--1", "not a number"),
        ("numeric", "abc", "not a number"), ("numeric(4,2)", "100", "numeric(4,2)"),
        ("numeric(4,2)", "99.995", "numeric(4,2)"),
        ("numeric(2,2)", "1", "numeric(2,2)"), ("numeric(3)", "999.5", "numeric(3,0)"),
        ("numeric(2,2)", "0.995", "numeric(2,2)"),
        ("numeric(4,2)", "1e2", "numeric(4,2)"), ("numeric(4,2)", "9.9995e1", "numeric(4,2)"),
        ("numeric", "1e131073", "numeric"),
        ("boolean", "maybe", "not true or false"), ("boolean", "", "not true or false"),
        ("uuid", "550e8400-e29b-41d4-a716-44665544000", "not a UUID"),
        ("uuid", "550e8400-e29b-41d4-a716-44665544000g", "UUID"),
        ("uuid", "550e840-0e29b-41d4-a716-446655440000", "UUID"), ("uuid", "{550e8400e29b41d4a716446655440000", "UUID"),
        ("date", "2023-02-29", "not a date of the calendar"), ("date", "2024-13-01", "calendar"),
        ("date", "0000-01-01", "date"),
        ("date", "31.12.2024", "(YYYY-MM-DD)"), ("date", "2024-01-01 10:00", "would lose"),
        ("date", "20240101", "date"),
        ("timestamp", "2024-01-01 24:01", "with or without a time"), ("timestamp", "2024-01-01 10:60", "date"),
        ("timestamp", "2024-01-01T10:00:00+02:00", "a time of a zone"),
        ("timestamptz", "2024-01-01T10:00:00+25:00", "date"), ("timestamptz", "2024-01-01 10:00 Europe/Berlin", "date"),
        ("timestamp", "2024-01-01T10:00:00.", "date"),
        ("time", "24:01", "time of day"), ("time", "10", "time of day"), ("time", "10:00+01", "time of day"),
        ("json", "{a:1}", "not JSON"), ("jsonb", "", "not JSON"), ("json", "[1,]", "not JSON"),
        ("json", "'x'", "not JSON"),
        ("varchar(3)", "äöüß", "longer than 3 characters"), ("char(1)", "ab", "longer than 1"),
        ("bytea", "\\x0", "hexadecimal"), ("bytea", "\\xzz", "hexadecimal"), ("bytea", "abc", "hexadecimal"),
    ]) func wrongValuesAreRefusedWithTheReason(type: String, text: String, reason: String) throws {
        let fault = #expect(throws: RowFault.self) { try copy(text, type).get() }
        #expect(fault?.reason.contains(reason) == true, "\(fault?.reason ?? "")")
        #expect(fault?.code == .value)
        #expect(fault?.column == 1)
        #expect(fault?.name == "x")
        #expect(fault?.value == text)
        #expect(fault?.line == 1)
    }

    @Test(arguments: [
        ("text", "a\tb\nc\rd\\e", "a\\tb\\nc\\rd\\\\e"), ("varchar(20)", "\\N", "\\\\N"), ("text", "\\.", "\\\\."),
        ("bytea", "\\xDEADbeef", "\\\\xDEADbeef"), ("json", "{\"a\":\n\"\\n\"}", "{\"a\":\\n\"\\\\n\"}"),
        ("point[]", "{\"a\\b\"}", "{\"a\\\\b\"}"), ("boolean", "YES", "t"), ("boolean", "0", "f"),
    ]) func whatCOPYWouldTakeForItselfIsEscaped(type: String, text: String, expected: String) throws {
        #expect(try copy(text, type).get() == expected)
    }

    @Test(arguments: [
        ("[1, null, -2.50]", "integer[]", "{1,NULL,-2.50}"), ("[]", "text[]", "{}"),
        ("[true,false]", "boolean[]", "{true,false}"),
        (#"["a\"b","c\\d","","null","ü,\u00e9"]"#, "text[]", #"{"a\\"b","c\\\\d","","null","ü,é"}"#),
        ("[[1,2],[3,4]]", "integer[]", "{{1,2},{3,4}}"),
        (#"[{"a":"}\"","b":[1]},null]"#, "jsonb[]", #"{"{\\"a\\":\\"}\\\\\\"\\",\\"b\\":[1]}",NULL}"#),
        (#""{1,2}""#, "integer[]", "{1,2}"),
    ])
    func arraysOfJSONBecomeArrays(json: String, type: String, expected: String) throws {
        let reader = JSONLinesReader(ArraySource(Array("{\"x\":\(json)}\n".utf8)), columns: ["x"])
        #expect(try copy(reader, type).get() == expected)
    }

    @Test func nullsAreNullsWhereTheyMayBe() throws {
        for text in ["", "NULL", "-"] {
            let rules = ValueRules(nullTexts: ["", "NULL", "-"])
            #expect(try copy(text, "integer", rules).get() == "\\N")
            #expect(try copy(text, "text", rules).get() == "\\N")
            let fault = #expect(throws: RowFault.self) { try copy(text, "text", rules, isNullable: false).get() }
            #expect(fault?.code == .null)
            #expect(fault?.reason == "the column takes no null")
        }
        #expect(try copy("NULL", "text").get() == "NULL")
        let unquoted = try CSVReader(ArraySource(Array("\n".utf8)), dialect: Dialect(), columns: 1)
        #expect(try copy(unquoted, "text").get() == "\\N")
    }

    @Test func rulesChangeWhatValuesMean() throws {
        let comma = ValueRules(decimalComma: true)
        #expect(try copy("1.234.567,89", "numeric(9,2)", comma).get() == "1234567.89")
        #expect(try copy("-1,5e3", "float8", comma).get() == "-1.5e3")
        #expect(try copy("1.234", "integer", comma).get() == "1234")
        #expect(throws: RowFault.self) { try copy("1.5", "numeric", comma).get() }
        #expect(throws: RowFault.self) { try copy("12.34.567", "numeric", comma).get() }
        #expect(throws: RowFault.self) { try copy("99.999", "smallint", comma).get() }
        #expect(try copy("31.12.2024", "date", ValueRules(dateOrder: .dayMonthYear)).get() == "2024-12-31")
        #expect(try copy("1/2/2024 7:05", "timestamp", ValueRules(dateOrder: .dayMonthYear)).get() == "2024-02-01 7:05")
        #expect(try copy("1/2/2024", "date", ValueRules(dateOrder: .monthDayYear)).get() == "2024-01-02")
        #expect(try copy("2024-01-02", "date", ValueRules(dateOrder: .monthDayYear)).get() == "2024-01-02")
        #expect(throws: RowFault.self) { try copy("31/12/2024", "date", ValueRules(dateOrder: .monthDayYear)).get() }
        #expect(throws: RowFault.self) { try copy("1/2.2024", "date", ValueRules(dateOrder: .monthDayYear)).get() }
        let words = ValueRules(trueWords: ["Ja"], falseWords: ["nein"])
        #expect(try copy("jA", "boolean", words).get() == "t")
        #expect(throws: RowFault.self) { try copy("true", "boolean", words).get() }
        #expect(try copy("  x ", "text", ValueRules(trims: true)).get() == "x")
        #expect(try copy("  x ", "text").get() == "  x ")
    }

    @Test(arguments: [
        (#""x\ty""#, #""x\\ty""#), (#""{\"b\":1}""#, #""{\\"b\\":1}""#),
        ("12345678901234567890.50", "12345678901234567890.50"),
        (#""  a ""#, #""  a ""#), (#""[1]""#, #""[1]""#), (#"" {x""#, #"" {x""#),
        ("[1,  2]", "[1,  2]"), ("true", "true"), (#""""#, #""""#), (#""é\u0001""#, #""é\\u0001""#),
    ]) func valuesOfJSONStayThemselvesInJSON(json: String, expected: String) throws {
        let reader = JSONLinesReader(ArraySource(Array("{\"a\":\(json)}".utf8)), columns: ["a"])
        #expect(try copy(reader, "jsonb").get() == expected)
    }

    /// All that is wrong with a row is told, and nothing of the row is written.
    @Test func everyFaultOfARowIsTold() throws {
        let reader = try CSVReader(ArraySource(Array("\n1,x,2\na,y,b\n3,z,4".utf8)), dialect: Dialect(), columns: 3)
        var writer = CopyWriter(columns: [
            CopyColumn(field: 2, name: "c", type: .int4), CopyColumn(field: 1, name: "b", type: .text),
            CopyColumn(field: 0, name: "a", type: .int4), CopyColumn(field: 7, name: "d", type: .text),
        ])
        var (output, faults, record) = ([UInt8](), [RowFault](), Record())
        while try reader.read(into: &record) == .record { faults += writer.append(record, to: &output) }
        #expect(String(decoding: output, as: UTF8.self) == "2\tx\t1\t\\N\n4\tz\t3\t\\N\n")
        #expect(faults.map(\.name) == ["c", "a"])
        #expect(faults.map(\.column) == [3, 1])
        #expect(faults.map(\.line) == [3, 3])
        #expect(faults.map(\.position.number) == [2, 2])
    }

    @Test func longValuesAreCutInFaults() throws {
        let fault = #expect(throws: RowFault.self) { try copy(String(repeating: "日", count: 1000), "integer").get() }
        #expect(fault?.value?.utf8.count ?? 0 <= 203)
        #expect(fault?.value?.hasSuffix("日…") == true)
    }
}

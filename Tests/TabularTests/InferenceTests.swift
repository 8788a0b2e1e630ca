import Tabular
import Testing

@Suite struct InferenceTests {
    private func guess(_ values: [String], _ rules: ValueRules = ValueRules()) throws -> ColumnGuess {
        var inference = TypeInference(columns: ["x"], rules: rules)
        let text = values.map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: "\n")
        let reader = try CSVReader(ArraySource(Array(text.utf8)), dialect: Dialect(), columns: 1)
        var record = Record()
        while try reader.read(into: &record) == .record { inference.add(record) }
        return try #require(inference.columns.first)
    }

    @Test(arguments: [
        (["1", "-2", "9223372036854775807"], GuessedType.integer), (["0", "1"], .integer),
        (["1", "2.50"], .decimal), (["9223372036854775808"], .decimal), (["1", "1e3"], .float),
        (["0.5", "-.5"], .decimal), (["007", "008"], .text), (["+49 30", "+4930"], .text), (["+1", "+2"], .text),
        (["true", "FALSE"], .boolean), (["yes", "no"], .boolean), (["t", "f", "x"], .text),
        (["2024-02-29", "2023-12-31"], .date), (["2023-02-29"], .text),
        (["2024-01-01", "2024-01-01 10:00"], .timestamp),
        (["2024-01-01T10:00:00Z", "2024-01-01T10:00:00.123+02:00"], .timestamptz),
        (["2024-01-01 10:00:00", "2024-01-01T10:00:00Z"], .text),
        (["550e8400-e29b-41d4-a716-446655440000"], .uuid), (["{\"a\":1}", "[]"], .json), (["{a}"], .text),
        (["31.12.2024"], .text), (["1,5"], .text), ([""], .text),
    ]) func theNarrowestTypeThatFitsIsGuessed(values: [String], type: GuessedType) throws {
        let guess = try guess(values)
        #expect(guess.type == type)
        #expect(guess.misfits == 0)
    }

    @Test func rulesCount() throws {
        #expect(try guess(["31.12.2024"], ValueRules(dateOrder: .dayMonthYear)).type == .date)
        #expect(try guess(["1.234,5", "2"], ValueRules(decimalComma: true)).type == .decimal)
        #expect(try guess(["ja", "nein"], ValueRules(trueWords: ["ja"], falseWords: ["nein"])).type == .boolean)
        let nulls = try guess(["1", "-", "2"], ValueRules(nullTexts: ["-"]))
        #expect(nulls.type == .integer && nulls.isNullable && nulls.values == 2)
    }

    @Test func misfitsAreCountedAndShown() throws {
        let guess = try guess((0..<99).map { "\($0)" } + ["12x"])
        #expect(guess.type == .integer)
        #expect(guess.misfits == 1)
        #expect(guess.misfit == "12x")
        #expect(guess.examples == ["0", "1", "2"])
        #expect(!guess.isNullable)
        #expect(try self.guess((0..<9).map { "\($0)" } + ["x"]).type == .text)
    }

    /// A string of JSON is no number, whatever it looks like.
    @Test func stringsOfJSONAreTexts() throws {
        let bytes = Array("{\"a\":\"12\",\"b\":12,\"c\":\"2024-01-01\",\"d\":[1],\"e\":1.5,\"f\":true}\n".utf8)
        try withFile(bytes) { path in
            let table = TableFile(path: path)
            let guesses = try table.guess(table.layout()).columns
            #expect(guesses.map(\.type) == [.text, .integer, .date, .json, .decimal, .boolean])
            #expect(try reread(guesses) == guesses)
        }
    }

    @Test func faultsAmongTheFirstRowsAreShown() throws {
        try withFile(Array("a,b\n1,x\n2\n3,\n".utf8)) { path in
            let table = TableFile(path: path)
            let (columns, faults) = try table.guess(table.layout())
            #expect(columns.map(\.type) == [.integer, .text])
            #expect(columns.map(\.isNullable) == [false, true])
            #expect(faults.map(\.line) == [3])
        }
    }
}

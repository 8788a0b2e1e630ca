import JSON
import Tabular
import Testing

/// Values of JSON that are made of fields.
@Suite struct JSONFormTests {
    private func values(
        _ text: String, _ places: [JSONForm.Place], as format: TableFormat = .csv, rules: ValueRules = ValueRules()
    ) throws -> [JSON?] {
        let bytes = ArraySource(Array(text.utf8))
        let reader: any RecordReader =
            format == .csv
            ? try CSVReader(bytes, dialect: Dialect(hasHeader: false), columns: places.count)
            : JSONLinesReader(bytes, columns: places.indices.map { "\($0)" })
        var record = Record()
        guard try reader.read(into: &record) == .record else { return [] }
        let form = JSONForm(format, rules: rules)
        return places.enumerated().map { form.value(of: record, at: $0, for: $1) }
    }

    @Test func textsBecomeWhatAPlaceTakes() throws {
        let cases: [(text: String, kinds: JSONKinds, elements: JSONKinds, value: JSON?)] = [
            ("12", .all, .all, "12"), ("12", [.string, .integer], .all, "12"), ("\"\"", .string, .all, ""),
            ("", .string, .all, nil), ("12", [.integer, .null], .all, 12), (" -7 ", .integer, .all, -7),
            ("1.5", .number, .all, 1.5), ("1e3", .number, .all, 1000), ("x", .number, .all, "x"),
            ("yes", .boolean, .all, true), ("0", .boolean, .all, false), ("perhaps", .boolean, .all, "perhaps"),
            ("\"[1,2]\"", .array, .integer, [1, 2]), ("\"{\"\"a\"\":1}\"", .object, .all, ["a": 1]),
            ("\"{\"\"a\"\":1}\"", .array, .string, ["{\"a\":1}"]), ("a b", .array, .string, ["a b"]),
            ("5", .array, .integer, [5]), ("{oops", .object, .all, "{oops"),
            ("99999999999999999999", .integer, .all, 1e20),
        ]
        for (text, kinds, elements, value) in cases {
            let place = JSONForm.Place(kinds: kinds, elements: elements)
            #expect(try values(text + "\n", [place]) == [value], "\(text)")
        }
    }

    @Test func theRulesOfValuesHold() throws {
        let rules = ValueRules(trims: true, nullTexts: ["-"], decimalComma: true)
        let places: [JSONForm.Place] = [.init(kinds: .number), .init(kinds: .string), .init(kinds: .string)]
        #expect(
            try values("1.234;5\n".replacing(";", with: ","), [.init(kinds: .number), .init()], rules: rules) == [
                1234, "5",
            ])
        #expect(try values("\"1.234,5\",-, a \n", places, rules: rules) == [1234.5, nil, "a"])
    }

    @Test func jsonKeepsItsTypes() throws {
        let line = #"{"0": "5", "1": 5, "2": true, "3": [1], "4": {"a": "b"}, "5": null, "6": 1.5}"# + "\n"
        let places = [JSONForm.Place](repeating: .init(kinds: .integer), count: 7)
        #expect(
            try values(line, places, as: .jsonLines) == ["5", 5, true, [1], ["a": "b"], nil, 1.5])
    }
}

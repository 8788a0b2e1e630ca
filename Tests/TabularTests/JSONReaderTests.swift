import Tabular
import Testing

@Suite struct JSONReaderTests {
    private static let objects = [
        #"{"a": 1, "b": "x"}"#, #"{"b":"ü\n\"y\"\u00e9","a":12345678901234567890.123456789}"#,
        #" { "c" : [1, {"d": "]}"}], "a" : -1.50e+2 , "b":true} "#, #"{"a":null,"b":{"k":"}"},"e":1}"#, "{}",
    ]
    private static let rows: [[String?]] = [
        ["1", "x", nil], ["12345678901234567890.123456789", "ü\n\"y\"é", nil],
        ["-1.50e+2", "true", #"[1, {"d": "]}"}]"#], [nil, #"{"k":"}"}"#, nil], [nil, nil, nil],
    ]

    private func lines(_ text: String, _ position: Position = Position()) throws -> Outcome {
        let bytes = Array(text.utf8)
        return try readAll(
            JSONLinesReader(ArraySource(bytes, at: position.offset), columns: ["a", "b", "c"], at: position))
    }

    private func array(_ text: String, _ position: Position = Position()) throws -> Outcome {
        let bytes = Array(text.utf8)
        return try readAll(
            JSONArrayReader(ArraySource(bytes, at: position.offset), columns: ["a", "b", "c"], at: position))
    }

    /// Numbers have every digit, values of several parts their own text.
    @Test(arguments: ["\n", "\r\n", "\n\n \n"]) func linesAreFields(lineEnd: String) throws {
        let outcome = try lines(Self.objects.joined(separator: lineEnd))
        #expect(outcome.faults.isEmpty)
        #expect(outcome.rows == Self.rows)
    }

    @Test(arguments: [",", " ,\n", "\n,\t"]) func elementsAreFields(separator: String) throws {
        let outcome = try array(" [ " + Self.objects.joined(separator: separator) + " ]\n")
        #expect(outcome.faults.isEmpty)
        #expect(outcome.rows == Self.rows)
    }

    @Test func readingIsTakenUpAtEachRecord() throws {
        let text = #"{"a":1}"# + "\nno\n\n" + #"{"a":"ü"}"# + "\r\n" + #"{"a":3}"#
        let elements = "[" + #"{"a":1}, 2,"# + "\n\n" + #"{"a":"ü]"} , {"a":3}"# + "]"
        for (text, read) in [(text, lines), (elements, array)] as [(String, (String, Position) throws -> Outcome)] {
            let whole = try read(text, Position())
            #expect(whole.rows.count == 3 && whole.faults.count == 1)
            #expect(whole.positions.map(\.number) == [1, 3, 4])
            for (index, position) in whole.positions.enumerated() {
                let rest = try read(text, position)
                #expect(rest.rows == Array(whole.rows[index...]))
                #expect(rest.positions == Array(whole.positions[index...]))
            }
        }
    }

    /// What an import stores: where the reader is behind a record, or behind a fault.
    @Test(arguments: ["\n]\n", "]", " ] tail, {}", ""]) func anArrayIsTakenUpBehindEachReading(end: String) throws {
        let text = #"[{"a":1}, 2 ,{"a":"ü]"}"# + "\n,\n" + #"{"a":3}, {"a":4}"# + end
        let bytes = Array(text.utf8)
        let reader = JSONArrayReader(ArraySource(bytes), columns: ["a", "b", "c"])
        let whole = try array(text)
        #expect(whole.rows.count == 4 && whole.faults.count == (end.hasSuffix("]") || end.hasSuffix("\n") ? 1 : 2))
        var (record, rows, faults) = (Record(), 0, 0)
        loop: while true {
            switch try reader.read(into: &record) {
            case .record: rows += 1
            case .fault: faults += 1
            case .end: break loop
            }
            let rest = try array(text, reader.position)
            #expect(rest.rows == Array(whole.rows[rows...]))
            #expect(rest.positions == Array(whole.positions[rows...]))
            // Behind the fault of the text's end there is none but that one.
            if faults == whole.faults.count && faults > 0 && rest.rows.isEmpty { continue }
            #expect(rest.faults == Array(whole.faults[faults...]))
        }
    }

    @Test func kindsAreKept() throws {
        let source = ArraySource(Array(#"{"a":"1","b":1,"c":true,"d":[],"e":null}"#.utf8))
        let reader = JSONLinesReader(source, columns: ["a", "b", "c", "d", "e", "f"])
        var record = Record()
        #expect(try reader.read(into: &record) == .record)
        #expect((0..<6).map { record.kind(of: $0) } == [.string, .number, .boolean, .json, .null, .null])
    }

    @Test func aKeyThatIsNoColumnIsPassedOverOrAFault() throws {
        let bytes = Array("{\"a\":1,\"x\":[2]}\n{\"a\":1}\n".utf8)
        #expect(try readAll(JSONLinesReader(ArraySource(bytes), columns: ["a"])).rows == [["1"], ["1"]])
        let strict = try readAll(
            JSONLinesReader(ArraySource(bytes), columns: ["a"], rules: RowRules(rejectsUnknownKeys: true)))
        #expect(strict.rows == [["1"]])
        #expect(strict.faults.map(\.name) == ["x"])
        #expect(strict.faults.map(\.value) == ["[2]"])
    }

    /// Many elements, which lie across the edges of the window.
    @Test func longArraysAreCutWhereTheirElementsEnd() throws {
        let rows = (0..<3000).map { "\($0)" + String(repeating: "\\\"]},", count: $0 % 200) }
        let text = "[" + rows.map { "{\"a\":\"\($0)\"}" }.joined(separator: ",\n") + "]"
        let outcome = try array(text)
        #expect(outcome.faults.isEmpty)
        #expect(outcome.rows.count == rows.count)
        #expect(outcome.rows.map { $0[0] } == rows.map { $0.replacing("\\\"", with: "\"") })
        #expect(outcome.positions.map(\.line) == Array(1...rows.count))
    }
}

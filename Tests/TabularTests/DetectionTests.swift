import Tabular
import Testing

@Suite struct DetectionTests {
    private func layout(_ text: String, _ settings: TableSettings = TableSettings()) throws -> TableLayout {
        try readFile(Array(text.utf8), settings).0
    }

    @Test(arguments: [",", ";", "\t", "|"]) func theDelimiterIsFound(delimiter: String) throws {
        let rows = [
            ["name", "price", "note"], ["a", "1,5", "x; y|z"], ["b, c", "2,5", "\"quoted\(delimiter) and\nmore\""],
            ["d", "3", ""],
        ]
        let text = rows.map { row in
            row.map { $0.contains(delimiter) && !$0.hasPrefix("\"") ? "\"\($0)\"" : $0 }.joined(separator: delimiter)
        }.joined(separator: "\n")
        let layout = try layout(text)
        #expect(layout.dialect == Dialect(delimiter: delimiter))
        #expect(layout.columns == ["name", "price", "note"])
    }

    @Test func aTableOfOneColumnHasCommas() throws {
        let layout = try layout("name\nAda\nGrace\n")
        #expect(layout.dialect == Dialect())
        #expect(layout.columns == ["name"])
        #expect(try readFile(Array("name\nAda\n\nGrace\n".utf8)).1.rows == [["Ada"], [nil], ["Grace"]])
    }

    @Test func singleQuotesAreFoundWhereTheyStandAroundFields() throws {
        #expect(try layout("a,b\n'1,5',2\n'it''s',3\n").dialect?.quote == "'")
        #expect(try layout("a,b\nit's,don't\n").dialect?.quote == "\"")
    }

    @Test func excelSaysTheDelimiterItself() throws {
        let (layout, outcome) = try readFile(Array("sep=|\r\na,b|c\r\n1|2,3\r\n".utf8))
        #expect(layout.columns == ["a,b", "c"])
        #expect(outcome.rows == [["1", "2,3"]])
        #expect(outcome.positions == [Position(offset: 14, line: 3, number: 1)])
    }

    @Test func whatIsToldWins() throws {
        let text = "a;b,c\n1;2,3\n"
        #expect(try layout(text, TableSettings(delimiter: ",")).columns == ["a;b", "c"])
        #expect(try layout(text, TableSettings(delimiter: ";")).columns == ["a", "b,c"])
        #expect(try layout(text, TableSettings(hasHeader: false)).columns == ["column_1", "column_2"])
        #expect(try layout("1,2\n3,4\n", TableSettings(hasHeader: true)).columns == ["1", "2"])
        #expect(
            try layout("\"a\tb\"\n\"c\td\"\n", TableSettings(delimiter: "\t", quote: "")).columns == ["\"a", "b\""])
    }

    @Test(arguments: [
        ("id,name\n1,x\n2,y\n", true), ("name,city\nAda,London\nGrace,New York\n", true),
        ("1,x\n2,y\n3,z\n", false), ("2024-01-01,a\n2024-01-02,b\n", false), ("x,y\nx,z\n", false),
        ("yes,no\nno,no\n", false), ("id,,name\n1,2,x\n", true), ("a,a\n1,2\n", true), ("a,a\nb,c\n", false),
        ("n,t\n1,2\n", true), ("2020,2021\n10,20\n", false), ("a,b\n", true),
        ("550e8400-e29b-41d4-a716-446655440000,x\n550e8400-e29b-41d4-a716-446655440001,y\n", false),
    ]) func theHeaderIsToldFromValues(text: String, hasHeader: Bool) throws {
        #expect(try layout(text).dialect?.hasHeader == hasHeader)
    }

    @Test func namesAreMadeDifferentAndThatIsTold() throws {
        let layout = try layout("a,,a, b ,a_2,a\n1,2,3,4,5,6\n")
        #expect(layout.columns == ["a", "column_2", "a_2", "b", "a_2_2", "a_3"])
        #expect(layout.notes.count == 4)
        #expect(layout.notes[0].contains("column 2"))
        #expect(layout.notes[1].contains("'a'"))
    }

    @Test(arguments: [
        ("{\"a\":1}\n{\"b\":2}\n", TableFormat.jsonLines), (" \n{\"a\":1}", .jsonLines), ("[{\"a\":1}]", .jsonArray),
        ("\n[\n {\"a\":1}]", .jsonArray), ("[a],b\n1,2\n", .csv), ("a,b\n{1},2\n", .csv),
    ]) func theFormatIsFound(text: String, format: TableFormat) throws {
        #expect(try layout(text).format == format)
    }

    @Test func theKeysOfObjectsAreColumns() throws {
        #expect(try layout("{\"b\":1}\n{\"a\":1,\"b\":{\"c\":1}}\n[]\n{\"ü\":1}\n").columns == ["b", "a", "ü"])
    }

    /// All that a checkpoint holds comes back the same.
    @Test func layoutsAreKeptAsJSON() throws {
        for text in ["a;b\n1;2\n", "{\"a\":1}\n"] {
            let layout = try layout(text)
            #expect(try reread(layout) == layout)
        }
        let settings = TableSettings(encoding: "UTF-8", values: ValueRules(nullTexts: ["-"], dateOrder: .dayMonthYear))
        #expect(try reread(settings) == settings)
    }

    @Test func oldOfficeFilesAreRefusedWithAdvice() throws {
        let bytes: [UInt8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0]
        let error = #expect(throws: TableError.self) { try readFile(bytes) }
        #expect(error?.kind == .unsupported)
        #expect(error?.message.contains("XLSX") == true)
    }
}

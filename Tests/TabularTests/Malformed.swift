import Tabular
import TestKit
import Testing

/// A damaged or odd table: how many good rows it has, and where it is at fault.
struct Malformed: Sendable, CustomTestStringConvertible {
    struct Fault: Sendable, Equatable {
        let line: Int
        let column: Int?
        let code: RowFault.Code
    }

    let name: String
    let bytes: [UInt8]
    var settings = TableSettings(format: .csv, delimiter: ",", quote: "\"", hasHeader: true)
    var rows = 0
    var faults: [Fault] = []
    /// Where the whole file is refused.
    var refusal: TableError.Kind?

    var testDescription: String { name }

    init(
        _ name: String, _ bytes: [UInt8], _ settings: TableSettings? = nil, rows: Int = 0,
        _ faults: [(Int, Int?, RowFault.Code)] = [], refusal: TableError.Kind? = nil
    ) {
        self.name = name
        self.bytes = bytes
        if let settings { self.settings = settings }
        self.rows = rows
        self.faults = faults.map { Fault(line: $0.0, column: $0.1, code: $0.2) }
        self.refusal = refusal
    }

    init(
        _ name: String, _ text: String, _ settings: TableSettings? = nil, rows: Int = 0,
        _ faults: [(Int, Int?, RowFault.Code)] = [], refusal: TableError.Kind? = nil
    ) {
        self.init(name, Array(text.utf8), settings, rows: rows, faults, refusal: refusal)
    }
}

extension Malformed {
    private static let short: TableSettings = {
        var settings = TableSettings(format: .csv, delimiter: ",", hasHeader: true)
        settings.limits = ReadingLimits(recordBytes: 1000, fieldBytes: 100, columns: 20, depth: 8)
        return settings
    }()

    private static func settings(
        _ format: TableFormat = .csv, encoding: String? = nil, rules: RowRules = RowRules(),
        limits: ReadingLimits = ReadingLimits(), inflation: InflationLimits = InflationLimits()
    ) -> TableSettings {
        let isCSV = format == .csv
        return TableSettings(
            format: format, encoding: encoding, delimiter: isCSV ? "," : nil, quote: isCSV ? "\"" : nil,
            hasHeader: isCSV ? true : nil, rules: rules, limits: limits, inflation: inflation)
    }

    private static let lines = settings(.jsonLines)
    private static let array = settings(.jsonArray)
    private static let small = ReadingLimits(recordBytes: 1000, fieldBytes: 100, columns: 20, depth: 8)
    private static func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
    private static func bytes(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap(\.self) }
    private static func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static func wide(_ text: String, bigEndian: Bool = false) -> [UInt8] {
        text.utf16.flatMap { unit in
            let pair = [UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8)]
            return bigEndian ? pair.reversed() : pair
        }
    }

    static let raggedRows: [Malformed] = [
        Malformed("a short row", "a,b,c\n1,2,3\n4,5\n6,7,8\n", rows: 2, [(3, nil, .fieldCount)]),
        Malformed("a long row", "a,b,c\n1,2,3\n4,5,6,7\n8,9,0\n", rows: 2, [(3, nil, .fieldCount)]),
        Malformed(
            "every row too short", "a,b\n1\n2\n3\n", rows: 0,
            [(2, nil, .fieldCount), (3, nil, .fieldCount), (4, nil, .fieldCount)]),
        Malformed(
            "short rows that are filled", "a,b,c\n1\n2,3\n", settings(rules: RowRules(fillsShortRows: true)), rows: 2),
        Malformed(
            "a long row where short ones are filled", "a,b\n1,2,3\n4\n",
            settings(rules: RowRules(fillsShortRows: true)), rows: 1, [(2, nil, .fieldCount)]),
        Malformed(
            "a delimiter at the end of each row", "a,b\n1,2,\n3,4,\n", rows: 0,
            [(2, nil, .fieldCount), (3, nil, .fieldCount)]),
        Malformed("another delimiter in the middle", "a,b\n1,2\n3;4\n5,6\n", rows: 2, [(3, nil, .fieldCount)]),
        Malformed("a short last row without a line end", "a,b\n1,2\n3", rows: 1, [(3, nil, .fieldCount)]),
        Malformed("a row of delimiters only", "a,b\n,\n,,\n", rows: 1, [(3, nil, .fieldCount)]),
        Malformed("a row of blanks", "a,b\n1,2\n   \n3,4\n", rows: 2, [(3, nil, .fieldCount)]),
        Malformed("empty lines between rows", "a,b\n\n1,2\n\n\r\n3,4\n\n", rows: 2),
        Malformed("empty lines in a table of one column", "a\n1\n\n2\n", rows: 3),
        Malformed("rows behind lines within fields", "a,b\n\"1\n1\",2\n3\n", rows: 1, [(4, nil, .fieldCount)]),
        Malformed(
            "more columns than a table can have", "a,b\n" + many("x,", 1700) + "x\n1,2\n", rows: 1, [(2, nil, .limit)]),
        Malformed("a header of more columns than a table can have", many("a,", 1600) + "a\n", refusal: .corrupt),
        Malformed("names that repeat", "a,a,A\n1,2,3\n", rows: 1),
        Malformed("names that are empty", ",,\n1,2,3\n", rows: 1),
        Malformed("a header only", "a,b\n", rows: 0),
        Malformed("nothing", "", refusal: .empty),
        Malformed("line ends only", "\n\r\n\n", refusal: .empty),
        Malformed("a mark only", [0xEF, 0xBB, 0xBF], refusal: .empty),
    ]

    static let quotes: [Malformed] = [
        Malformed("a quote that is never closed", "a,b\n1,2\n\"3,4\n5,6\n7,8\n", rows: 3, [(3, 1, .quote)]),
        Malformed("a quote that is never closed, in the last field", "a,b\n1,\"2\n3,4\n", rows: 1, [(2, 2, .quote)]),
        Malformed("a quote that is never closed, in the last row", "a,b\n1,2\n3,\"4", rows: 1, [(3, 2, .quote)]),
        Malformed("a quote at the very end", "a,b\n1,\"", rows: 0, [(2, 2, .quote)]),
        Malformed("a lone quote before a quoted field", "a,b\n\"1,2\n3,\"x\"\n4,5\n", rows: 2, [(2, 1, .quote)]),
        Malformed(
            "two lone quotes on two lines", "a,b\n\"1,2\n\"3,4\n5,6\n", rows: 1, [(2, 1, .quote), (3, 1, .quote)]),
        Malformed("text behind a quote that closes", "a,b\n\"1\"x,2\n3,4\n", rows: 1, [(2, 1, .quote)]),
        Malformed(
            "quotes that are not written twice", "a,b\n\"he said \"hi\" to me\",2\n3,4\n", rows: 1, [(2, 1, .quote)]),
        Malformed("quotes in the middle of a field", "a,b\n5\" pipe,it\"s\n3,4\n", rows: 2),
        Malformed("a blank before a quote", "a,b\n1, \"2\"\n", rows: 1),
        Malformed("blanks behind a quote", "a,b\n\"1\" ,\"2\"  \n", rows: 1),
        Malformed("three quotes", "a,b\n\"\"\"1,2\n3,4\n", rows: 1, [(2, 1, .quote)]),
        Malformed("four quotes, which are one", "a,b\n\"\"\"\",2\n", rows: 1),
        Malformed("a quote closed by another sign", "a,b\n\"1',2\n3,4\n", rows: 1, [(2, 1, .quote)]),
        Malformed(
            "a quote that swallows more than a record may have", "a,b\n\"1,2\n" + many("3,4\n", 1000), short,
            rows: 1000, [(2, 1, .quote)]),
        Malformed(
            "a fault behind lines within a field", "a,b\n\"1\n2\"x,3\n4,5\n6\n", rows: 1,
            [(2, 1, .quote), (5, nil, .fieldCount)]),
    ]

    static let ends: [Malformed] = [
        Malformed("lines that end with CR", "a,b\r1,2\r3\r4,5\r", rows: 2, [(3, nil, .fieldCount)]),
        Malformed("lines that end with all there is", "a,b\r\n1,2\n3,4\r5,6\r\n7\n", rows: 3, [(5, nil, .fieldCount)]),
        Malformed("a CR at the very end", "a,b\n1,2\r", rows: 1),
        Malformed("CR and CR and LF", "a,b\r\r\n1,2\r\r\n", rows: 1),
        Malformed(
            "line ends of all kinds within a field", "a,b\n\"1\r2\r\n3\n4\",5\n6\n", rows: 1, [(6, nil, .fieldCount)]),
        Malformed("no line end at all", "a,b", rows: 0),
    ]

    static let encodings: [Malformed] = [
        Malformed("a NUL", bytes(utf8("a,b\n1,2\n3,"), [0], utf8("\n5,6\n")), rows: 2, [(3, 2, .nul)]),
        Malformed("a file of NULs", [UInt8](repeating: 0, count: 4096), settings(encoding: "UTF-8"), refusal: .corrupt),
        Malformed(
            "a byte that is no UTF-8",
            bytes(utf8("a,b\nä,ö\nü,é\n1,ß\nx,"), [0xFF], utf8("\n3,4\nÄ,Ö\nä,ö\nü,é\nà,è\n")), rows: 8,
            [(5, 2, .encoding)]),
        Malformed(
            "the same, told", bytes(utf8("a,b\n1,"), [0xE9], utf8("\n3,4\n")), settings(encoding: "UTF-8"), rows: 1,
            [(2, 2, .encoding)]),
        Malformed(
            "the same, replaced", bytes(utf8("a,b\n1,"), [0xE9], utf8("\n3,4\n")),
            settings(encoding: "UTF-8", rules: RowRules(badBytes: .replace)), rows: 2),
        Malformed(
            "a character that is cut", bytes(utf8("a,b\n1,"), [0xE2, 0x82], utf8("\n3,4\n")),
            settings(encoding: "UTF-8"), rows: 1, [(2, 2, .encoding)]),
        Malformed(
            "a character in too many bytes", bytes(utf8("a,b\n"), [0xC0, 0xAF], utf8(",1\n3,4\n")),
            settings(encoding: "UTF-8"), rows: 1, [(2, 1, .encoding)]),
        Malformed(
            "half of a pair", bytes(utf8("a,b\n"), [0xED, 0xA0, 0x80], utf8(",1\n3,4\n")), settings(encoding: "UTF-8"),
            rows: 1, [(2, 1, .encoding)]),
        Malformed(
            "a character beyond all", bytes(utf8("a,b\n"), [0xF5, 0x80, 0x80, 0x80], utf8(",1\n")),
            settings(encoding: "UTF-8"), rows: 0, [(2, 1, .encoding)]),
        Malformed(
            "damage on the second line of a row", bytes(utf8("a,b\n\"1\n"), [0xFF], utf8("\",2\n3,4\n")),
            settings(encoding: "UTF-8"), rows: 1, [(3, 1, .encoding)]),
        Malformed(
            "a mark of UTF-8", bytes([0xEF, 0xBB, 0xBF], utf8("a,b\n1,2\n3\n")), rows: 1, [(3, nil, .fieldCount)]),
        Malformed(
            "UTF-16 with a mark, little end first", bytes([0xFF, 0xFE], wide("a,b\nä,2\n3\n")), rows: 1,
            [(3, nil, .fieldCount)]),
        Malformed(
            "UTF-16 with a mark, big end first", bytes([0xFE, 0xFF], wide("a,b\nä,2\n3\n", bigEndian: true)), rows: 1,
            [(3, nil, .fieldCount)]),
        Malformed("UTF-16 without a mark", wide("a,b\n1,2\n3\n4,5\n"), rows: 2, [(3, nil, .fieldCount)]),
        Malformed(
            "UTF-16 with half of its last character", bytes([0xFF, 0xFE], wide("a,b\n1,2\n3,4"), [0x41]), rows: 1,
            [(3, 2, .encoding)]),
        Malformed(
            "UTF-16 with half of a pair", bytes([0xFF, 0xFE], wide("a,b\n1,"), [0x00, 0xD8], wide("\n3,4\n")), rows: 1,
            [(2, 2, .encoding)]),
        Malformed(
            "UTF-32",
            bytes([0xFF, 0xFE, 0, 0], "a,b\n1,2\n3\n".unicodeScalars.flatMap { [UInt8($0.value), 0, 0, 0] }), rows: 1,
            [(3, nil, .fieldCount)]),
        Malformed("an encoding that nobody knows", "a,b\n1,2\n", settings(encoding: "KLINGON"), refusal: .unsupported),
        Malformed(
            "an encoding with an option in it", "a,b\n1,2\n", settings(encoding: "UTF-8//IGNORE"), refusal: .unsupported
        ),
        Malformed(
            "Windows-1252, told", bytes(utf8("a,b\n"), [0xE4, 0x80], utf8(",2\n3\n")),
            settings(encoding: "WINDOWS-1252"), rows: 1, [(3, nil, .fieldCount)]),
    ]

    static let sizes: [Malformed] = [
        Malformed("a row over the limit", "a,b\n" + many("x", 1500) + ",2\n3,4\n", short, rows: 1, [(2, nil, .limit)]),
        Malformed(
            "a row over the limit at the end", "a,b\n1,2\n" + many("x", 1500), short, rows: 1, [(3, nil, .limit)]),
        Malformed(
            "a row over the limit that ends with CRLF", "a,b\r\n" + many("x", 1500) + ",2\r\n3\r\n4,5\r\n", short,
            rows: 1, [(2, nil, .limit), (3, nil, .fieldCount)]),
        Malformed("a field over the limit", "a,b\n1," + many("x", 150) + "\n3,4\n", short, rows: 1, [(2, 2, .limit)]),
        Malformed(
            "a quoted field over the limit", "a,b\n1,\"" + many("x", 150) + "\"\n3,4\n", short, rows: 1,
            [(2, 2, .limit)]),
        Malformed(
            "a line of JSON over the limit", "{\"a\":1}\n{\"a\":\"" + many("x", 1500) + "\"}\n{\"a\":2}\n",
            settings(.jsonLines, limits: small), rows: 2, [(2, nil, .limit)]),
        Malformed(
            "an element over the limit", "[{\"a\":1},{\"a\":\"" + many("x]}", 500) + "\"},{\"a\":2}]",
            settings(.jsonArray, limits: small), rows: 2, [(1, nil, .limit)]),
        Malformed(
            "a value over the limit", "{\"a\":1}\n{\"a\":\"" + many("x", 150) + "\"}\n",
            settings(.jsonLines, limits: small), rows: 1, [(2, 1, .limit)]),
    ]

    static let jsonLines: [Malformed] = [
        Malformed("a line that is no JSON", "{\"a\":1}\nhello\n{\"a\":2}\n", lines, rows: 2, [(2, nil, .json)]),
        Malformed("an object that is cut", "{\"a\":1}\n{\"a\":\n{\"a\":2}\n", lines, rows: 2, [(2, nil, .json)]),
        Malformed("a string that is not closed", "{\"a\":\"x}\n{\"a\":2}\n", lines, rows: 1, [(1, nil, .json)]),
        Malformed(
            "values that are no objects", "{\"a\":1}\n[1]\n3\n\"x\"\nnull\n", lines, rows: 1,
            [(2, nil, .json), (3, nil, .json), (4, nil, .json), (5, nil, .json)]),
        Malformed("two objects on a line", "{\"a\":1}{\"a\":2}\n{\"a\":3}\n", lines, rows: 1, [(1, nil, .json)]),
        Malformed("a key twice", "{\"a\":1,\"a\":2}\n{\"a\":3}\n", lines, rows: 1, [(1, nil, .json)]),
        Malformed(
            "single quotes and words of other languages", "{'a':1}\n{\"a\":None}\n{\"a\":NaN}\n{\"a\":3}\n", lines,
            rows: 1, [(1, nil, .json), (2, nil, .json), (3, nil, .json)]),
        Malformed("a comma at the end", "{\"a\":1,}\n{\"a\":2}\n", lines, rows: 1, [(1, nil, .json)]),
        Malformed(
            "a nested bomb", "{\"a\":" + many("[", 100_000) + "\n{\"a\":1}\n", lines, rows: 1, [(1, nil, .limit)]),
        Malformed(
            "a bomb that is closed", "{\"a\":" + many("[", 5000) + many("]", 5000) + "}\n{\"a\":1}\n", lines, rows: 1,
            [(1, nil, .limit)]),
        Malformed(
            "a NUL in a line", bytes(utf8("{\"a\":\"x"), [0], utf8("\"}\n{\"a\":1}\n")),
            settings(.jsonLines, encoding: "UTF-8"), rows: 1, [(1, nil, .nul)]),
        Malformed("an escaped NUL", "{\"a\":\"\\u0000\"}\n{\"a\":1}\n", lines, rows: 1, [(1, nil, .json)]),
        Malformed("half of an escaped pair", "{\"a\":\"\\ud800\"}\n{\"a\":1}\n", lines, rows: 1, [(1, nil, .json)]),
        Malformed(
            "bytes that are no UTF-8 in a line", bytes(utf8("{\"a\":\""), [0xFF], utf8("\"}\n{\"a\":1}\n")),
            settings(.jsonLines, encoding: "UTF-8"), rows: 1, [(1, nil, .encoding)]),
        Malformed(
            "a mark and CRLF", bytes([0xEF, 0xBB, 0xBF], utf8("{\"a\":1}\r\n\r\n{\"a\":2}\r\n")), lines, rows: 2),
        Malformed(
            "keys that are no columns", "{\"a\":1}\n", settings(.jsonLines, rules: RowRules(rejectsUnknownKeys: true)),
            rows: 1),
        Malformed("no object at all", "1\n2\n", lines, refusal: .empty),
    ]

    static let jsonArrays: [Malformed] = [
        Malformed(
            "an array that is cut", "[{\"a\":1},{\"a\":2},\n{\"a\":", array, rows: 2,
            [(2, nil, .json), (2, nil, .json)]),
        Malformed("an array without its end", "[{\"a\":1},{\"a\":2}", array, rows: 2, [(1, nil, .json)]),
        Malformed("no comma between elements", "[{\"a\":1}\n{\"a\":2},{\"a\":3}]", array, rows: 2, [(2, nil, .json)]),
        Malformed("two commas", "[{\"a\":1},,{\"a\":2}]", array, rows: 2, [(1, nil, .json)]),
        Malformed("a comma before the end", "[{\"a\":1},]", array, rows: 1),
        Malformed(
            "elements that are no objects", "[{\"a\":1},\n2,\n[3],\n\"x,]\",\nnull]", array, rows: 1,
            [(2, nil, .json), (3, nil, .json), (4, nil, .json), (5, nil, .json)]),
        Malformed(
            "brackets of the wrong kind", "[{\"a\":1},}{\"a\":2},{\"a\":3}]", array, rows: 2,
            [(1, nil, .json), (1, nil, .json)]),
        Malformed(
            "a fault inside an element", "[{\"a\":1},\n{\"a\":\n tru},{\"a\":2}]", array, rows: 2, [(3, nil, .json)]),
        Malformed("text behind the array", "[{\"a\":1}]\nmore", array, rows: 1, [(2, nil, .json)]),
        Malformed(
            "a nested bomb in an array", "[{\"a\":1},{\"a\":" + many("[", 5000) + many("]", 5000) + "},{\"a\":2}]",
            array, rows: 2, [(1, nil, .limit)]),
        Malformed("brackets in strings", "[{\"a\":\"]}\\\"[{\"},{\"a\":2}]", array, rows: 2),
        Malformed("no array", "{\"a\":1}", array, refusal: .corrupt),
        Malformed("an empty array", "[]", array, refusal: .empty),
    ]

    static var all: [Malformed] { raggedRows + quotes + ends + encodings + sizes + jsonLines + jsonArrays }
}

import Foundation
import Tabular
import TestKit
import Testing

/// Workbooks as nobody would write them by accident.
@Suite struct MalformedWorkbookTests {
    private static let space = "xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'"
    private static let settings = TableSettings(format: .xlsx, hasHeader: false)

    private func workbook(_ sheetData: String, strings: String = "", prologue: String = "") -> [UInt8] {
        let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        return Array(
            zip([
                ("[Content_Types].xml", "<Types/>"),
                (
                    "xl/workbook.xml",
                    "<workbook \(Self.space) xmlns:r='\(relations)'><sheets><sheet name='S' r:id='r1'/></sheets></workbook>"
                ),
                (
                    "xl/_rels/workbook.xml.rels",
                    "<Relationships><Relationship Id='r1' Type='x/worksheet' Target='worksheets/sheet1.xml'/>"
                        + "<Relationship Id='r2' Type='x/sharedStrings' Target='sharedStrings.xml'/></Relationships>"
                ),
                ("xl/sharedStrings.xml", "<sst \(Self.space)>\(strings)</sst>"),
                (
                    "xl/worksheets/sheet1.xml",
                    "\(prologue)<worksheet \(Self.space)><sheetData>\(sheetData)</sheetData></worksheet>"
                ),
            ]))
    }

    private func read(_ file: [UInt8], _ settings: TableSettings = settings) throws -> Outcome {
        try readFile(file, settings).1
    }

    private func refusal(_ file: [UInt8], _ settings: TableSettings = settings) -> TableError.Kind? {
        let error = #expect(throws: TableError.self) { try read(file, settings) }
        return error?.kind
    }

    @Test func cellsOfAllTypesAreRead() throws {
        let cells =
            "<row><c t='s'><v>1</v></c><c t='s'><v>9</v></c><c t='str'><v>x</v></c><c t='b'><v>0</v></c><c t='d'><v>2024-01-01</v></c>"
            + "<c t='e'><v>#N/A</v></c><c><f>1+1</f><v>2</v></c><c t='inlineStr'><is><r><t>a</t></r><r><t>b</t></r></is></c><c/></row>"
        let outcome = try read(
            workbook(cells, strings: "<si><t>no</t></si><si><t>y_x0041_</t><rPh><t>z</t></rPh></si>"))
        #expect(outcome.rows == [["yA", nil, "x", "false", "2024-01-01", nil, "2", "ab"]])
        #expect(outcome.notes.map(\.column) == [2, 6])
    }

    @Test func rowsAndColumnsMayStandAnywhere() throws {
        let outcome = try read(
            workbook(
                "<row r='3'><c r='B3'><v>1</v></c></row><row r='2'><c r='A2'><v>2</v></c></row>"
                    + "<row r='-7'><c r='??'><v>3</v></c></row><row r='9'><c r='C9'/></row><row><c r='B1'><v>4</v></c></row>"
            ))
        #expect(outcome.rows == [[nil, "1"], ["2", nil], ["3", nil], [nil, "4"]])
        #expect(outcome.positions.map(\.line) == [3, 4, 5, 10])
    }

    @Test func columnsBehindTheTableAreAFault() throws {
        var settings = Self.settings
        settings.hasHeader = true
        let file = workbook(
            "<row><c><v>a</v></c><c><v>b</v></c></row><row><c><v>1</v></c></row>"
                + "<row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c></row><row><c r='XFD4'><v>1</v></c></row>"
                + "<row><c r='ZZZZZZZZZZZZZZZZ5'><v>5</v></c></row>")
        let outcome = try read(file, settings)
        #expect(outcome.rows == [["1", nil], ["5", nil]])
        #expect(outcome.faults.map(\.code) == [.fieldCount, .fieldCount])
        #expect(outcome.faults.map(\.column) == [3, 16_384])
        #expect(outcome.faults.map(\.line) == [3, 4])
    }

    @Test func largeCellsAndNULsAreFaults() throws {
        var settings = Self.settings
        settings.limits = ReadingLimits(recordBytes: 300, fieldBytes: 200)
        let long = String(repeating: "x", count: 201)
        let half = String(repeating: "x", count: 180)
        let file = workbook(
            "<row><c><v>1</v></c><c><v>1</v></c></row><row><c t='str'><v>\(long)</v></c></row>"
                + "<row><c t='str'><v>\(half)</v></c><c t='str'><v>\(half)</v></c></row>"
                + "<row><c t='inlineStr'><is><t>a_x0000_</t></is></c></row><row><c><v>2</v></c></row>")
        let outcome = try read(file, settings)
        #expect(outcome.rows.map(\.first) == ["1", "2"])
        #expect(outcome.faults.map(\.code) == [.limit, .limit, .nul])
        #expect(outcome.faults.map(\.line) == [2, 3, 4])
    }

    @Test func entitiesDoNotGrow() {
        let bomb = (1...9).map { "<!ENTITY e\($0) '\(String(repeating: "&e\($0 - 1);", count: 10))'>" }.joined()
        let prologue = "<!DOCTYPE w [<!ENTITY e0 'lol'>\(bomb)]>"
        let outcome = Result { try read(workbook("<row><c t='str'><v>&e9;</v></c></row>", prologue: prologue)) }
        // Refused or empty: never a billion of them.
        let size = (try? outcome.get().rows.joined().compactMap { $0?.utf8.count }.reduce(0, +)) ?? 0
        #expect(size < 1000)
        let file = workbook(
            "<row><c t='str'><v>&x;</v></c></row>", prologue: "<!DOCTYPE w [<!ENTITY x SYSTEM '/etc/passwd'>]>")
        let texts = (try? read(file).rows.joined().compactMap(\.self)) ?? []
        #expect(!texts.joined().contains("root"))
    }

    @Test func nestedElementsAreRefused() {
        let deep = String(repeating: "<x>", count: 5000) + String(repeating: "</x>", count: 5000)
        #expect(refusal(workbook("<row><c><v>1</v></c></row>" + deep)) != nil)
    }

    @Test func aSheetThatIsCutIsCorruptAfterItsRows() throws {
        let whole = workbook("<row><c><v>1</v></c></row><row><c><v>2</v></c></row>")
        #expect(refusal(workbook("<row><c><v>1</v></c></row><row><c><v>")) == .corrupt)
        #expect(refusal(Array(whole.dropLast(200))) == .corrupt)
        #expect(refusal(Array("PK\u{3}\u{4}".utf8)) == .corrupt)
        #expect(refusal(Array("no zip at all".utf8)) == .corrupt)
        #expect(refusal(Array(zip([("a.txt", "x")]))) == .corrupt)
        #expect(refusal(workbook("")) == .empty)
    }

    @Test func sharedTextsHaveALimit() throws {
        let strings = String(repeating: "<si><t>0123456789</t></si>", count: 1000)
        try withFile(workbook("<row><c t='s'><v>999</v></c></row>", strings: strings)) { path in
            let row = try readAll(SheetReader(WorkbookFile(path: path))).rows
            #expect(row == [["0123456789"]])
            let error = #expect(throws: TableError.self) {
                try SheetReader(WorkbookFile(path: path, sharedBytes: 10_000))
            }
            #expect(error?.kind == .tooLarge)
            let inflation = InflationLimits(bytes: 10_000)
            let other = #expect(throws: TableError.self) {
                try SheetReader(WorkbookFile(path: path, inflation: inflation))
            }
            #expect(other?.kind == .tooLarge)
        }
    }
}

import Foundation
import Tabular
import TestKit
import Testing

@Suite struct WorkbookTests {
    /// What openpyxl writes, made once.
    private static let written = Result { try write() }

    private static func write() throws -> URL {
        let environment = ProcessInfo.processInfo.environment
        let python = try #require(
            environment["SWITCHYARD_TABLES_PYTHON"], "compose/test installs it and says where it is")
        let folder = FileManager.default.temporaryDirectory.appending(path: "workbooks-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(filePath: python)
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "workbooks.py")
        process.arguments = [script.path, folder.path]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return folder
    }

    private func rows(_ name: String) throws -> [[String?]] {
        let file = try Self.written.get().appending(path: "\(name).json")
        return try JSONDecoder().decode([[String?]].self, from: Data(contentsOf: file))
    }

    private func path(_ name: String) throws -> String {
        try Self.written.get().appending(path: "\(name).xlsx").path
    }

    private func read(
        _ name: String, _ settings: TableSettings = TableSettings()
    ) throws -> (TableLayout, Outcome) {
        let table = TableFile(path: try path(name), settings: settings)
        let layout = try table.layout()
        return (layout, try readAll(table.reader(layout)))
    }

    @Test(arguments: ["values", "values1904", "many"]) func whatOpenpyxlWritesIsReadEqual(name: String) throws {
        let (layout, outcome) = try read(name)
        let rows = try rows(name)
        #expect(layout.format == .xlsx)
        #expect(layout.dialect?.hasHeader == true)
        #expect(layout.columns == rows[0].compactMap(\.self))
        #expect(outcome.faults.isEmpty)
        #expect(outcome.rows.count == rows.count - 1)
        for (row, expected) in zip(outcome.rows, rows.dropFirst()) { #expect(row == expected) }
        #expect(outcome.positions.map(\.line) == Array(2...rows.count))
    }

    @Test func errorsAreNullsWithAReason() throws {
        let notes = try read("values").1.notes
        #expect(notes.map(\.value) == ["#DIV/0!"])
        #expect(notes.map(\.line) == [8])
        #expect(notes.map(\.column) == [2])
    }

    @Test func typesAreGuessedFromCells() throws {
        let table = TableFile(path: try path("many"))
        #expect(try table.guess(table.layout()).columns.map(\.type) == [.integer, .text, .decimal, .timestamp])
    }

    @Test(arguments: ["Zweites Blatt", "2"]) func aSheetIsNamedOrNumbered(sheet: String) throws {
        let (layout, outcome) = try read("sheets", TableSettings(sheet: sheet))
        #expect(layout.columns == ["column_1", "x", "column_3", "y"])
        #expect(outcome.rows == (try rows("sheets")))
        #expect(outcome.positions.map(\.line) == [5, 9])
        #expect(try read("sheets").0.columns == ["a"])
        let error = #expect(throws: TableError.self) { try read("sheets", TableSettings(sheet: "Drittes")) }
        #expect(error?.message.contains("'First', 'Zweites Blatt'") == true)
    }

    @Test func readingIsTakenUpAtEachRecord() throws {
        for (name, sheet) in [("values", nil), ("sheets", "2")] as [(String, String?)] {
            let table = TableFile(path: try path(name), settings: TableSettings(sheet: sheet))
            let layout = try table.layout()
            let whole = try readAll(table.reader(layout))
            for (index, position) in whole.positions.enumerated() {
                let rest = try readAll(table.reader(layout, at: position))
                #expect(rest.rows == Array(whole.rows[index...]))
                #expect(rest.positions == Array(whole.positions[index...]))
            }
        }
    }

    @Test func aBombIsStopped() throws {
        let settings = TableSettings(inflation: InflationLimits(ratio: 100, freeBytes: 16 << 20))
        let table = TableFile(path: try path("bomb"), settings: settings)
        let before = try peakMemory()
        let error = #expect(throws: TableError.self) {
            let reader = try table.reader(table.layout())
            var record = Record()
            while try reader.read(into: &record) != .end {}
        }
        #expect(error?.kind == .tooLarge)
        #expect(try peakMemory() - before < 32 << 20)
    }
}

import CXLSXWriter
import Foundation
import Postgres

/// One XLSX workbook with a sheet for each table, or several where a table has more rows than a sheet takes; written by libxlsxwriter row by
/// row in constant memory to a temporary file.
final class WorkbookWriter: TableWriter {
    /// The most rows of a sheet, the header among them.
    static let sheetRows = Int(LXW_ROW_MAX)
    /// The most UTF-16 units of a cell's text.
    private static let cellText = 32_767
    /// How many rows are counted at a time.
    private static let countedRows = 1000

    private let output: any FileOutput
    private let temporary: TemporaryFile
    private let hasHeader: Bool
    private let workbook: UnsafeMutablePointer<lxw_workbook>
    private var isOpen = true
    private let formats: Formats
    private var sheetNames = SheetNames()

    private var formulas: FormulaGuard?
    private(set) var cutTexts = 0
    /// How many numbers of the table have lost digits.
    private var rounded = 0
    private var table: ExportTable?
    private var kinds: [CellKind] = []
    private var sheet: UnsafeMutablePointer<lxw_worksheet>?
    private var row = 0
    private var rows = 0
    private var text: [UInt8] = []

    private struct Formats {
        let header: UnsafeMutablePointer<lxw_format>
        let date: UnsafeMutablePointer<lxw_format>
        let timestamp: UnsafeMutablePointer<lxw_format>
    }

    /// Begins a workbook.
    ///
    /// - Parameter folder: where its temporary files go.
    /// - Throws: `WorkbookError`.
    init(hasHeader: Bool, formulas: FormulaGuard?, folder: String, output: any FileOutput) throws {
        self.output = output
        self.hasHeader = hasHeader
        self.formulas = formulas
        let file = try TemporaryFile(in: folder)
        temporary = file
        let made = folder.withCString { folder in
            // The library copies the name of the folder and keeps none of the options.
            var options = lxw_workbook_options(
                constant_memory: 1, tmpdir: UnsafeMutablePointer(mutating: folder), use_zip64: 1)
            return workbook_new_opt(file.path, &options)
        }
        guard let made, let header = workbook_add_format(made), let date = workbook_add_format(made),
            let timestamp = workbook_add_format(made)
        else {
            if let made { lxw_workbook_free(made) }
            throw WorkbookError("libxlsxwriter got no memory")
        }
        workbook = made
        format_set_bold(header)
        format_set_num_format(date, "yyyy-mm-dd")
        format_set_num_format(timestamp, "yyyy-mm-dd hh:mm:ss.000")
        formats = Formats(header: header, date: date, timestamp: timestamp)
    }

    deinit { if isOpen { lxw_workbook_free(workbook) } }

    var copyOptions: SQLText { "FORMAT text, ENCODING 'UTF8'" }
    var neutralised: Int { formulas?.changed ?? 0 }
    var notes: [String] {
        rounded > 0 ? ["\(rounded) numbers have 17 digits, of which XLSX keeps 16; CSV and JSON have them all."] : []
    }

    func begin(_ table: ExportTable) throws {
        guard table.columns.count <= Int(LXW_COL_MAX) else {
            throw WorkbookError("\(table.name) has more than \(LXW_COL_MAX) columns, the most that a sheet takes")
        }
        self.table = table
        rounded = 0
        kinds = table.columns.map(CellKind.init)
        formulas?.begin(table)
        try beginSheet()
    }

    func add(_ bytes: UnsafeRawBufferPointer) throws {
        if row == Self.sheetRows { try beginSheet() }
        try CopyText.forEachField(of: UnsafeRawBufferPointer(rebasing: bytes.dropLast())) { column, field in
            if let field { try write(field, column: column) }
        }
        row += 1
        rows += 1
        if rows.isMultiple(of: Self.countedRows) { try output.count(rows: Self.countedRows) }
    }

    func end() throws { (table, sheet) = (nil, nil) }

    func finish() throws {
        isOpen = false
        // It frees the workbook, also when it fails.
        try check(workbook_close(workbook))
        try output.begin(table: nil)
        try temporary.forEachPiece { try output.append($0) }
        try output.count(rows: rows % Self.countedRows)
        try output.end(rows: rows)
    }

    private func beginSheet() throws {
        guard let table else { preconditionFailure("a sheet belongs to a table") }
        guard let sheet = workbook_add_worksheet(workbook, sheetNames.next(for: table.name)) else {
            throw WorkbookError("libxlsxwriter cannot add a sheet for \(table.name)")
        }
        self.sheet = sheet
        row = 0
        guard hasHeader else { return }
        for (number, column) in table.columns.enumerated() {
            try check(worksheet_write_string(sheet, 0, UInt16(number), column.name, formats.header))
        }
        worksheet_freeze_panes(sheet, 1, 0)
        row = 1
    }

    private func write(_ field: UnsafeRawBufferPointer, column: Int) throws {
        text.removeAll(keepingCapacity: true)
        CopyText.unescape(field, to: &text)
        let (place, number) = (UInt32(row), UInt16(column))
        switch kinds[column].value(of: text) {
        case .number(let value):
            if kinds[column].isRounded(text) { rounded += 1 }
            try check(worksheet_write_number(sheet, place, number, value, nil))
        case .bool(let value): try check(worksheet_write_boolean(sheet, place, number, value ? 1 : 0, nil))
        case .date(let days): try check(worksheet_write_number(sheet, place, number, days, formats.date))
        case .timestamp(let days): try check(worksheet_write_number(sheet, place, number, days, formats.timestamp))
        case .text: try writeText(place, number)
        }
    }

    private func writeText(_ place: UInt32, _ column: UInt16) throws {
        if formulas != nil { text = text.withUnsafeBytes { formulas?.guarded($0, column: Int(column)) ?? [] } }
        // No UTF-8 text has fewer bytes than UTF-16 units.
        if text.count > Self.cellText { cut() }
        text.append(0)
        try text.withUnsafeBufferPointer { bytes in
            try bytes.withMemoryRebound(to: CChar.self) {
                try check(worksheet_write_string(sheet, place, column, $0.baseAddress, nil))
            }
        }
    }

    /// Cuts the text to what a cell takes, between two characters.
    private func cut() {
        let whole = String(decoding: text, as: UTF8.self)
        guard whole.utf16.count > Self.cellText else { return }
        var end = whole.utf16.index(whole.startIndex, offsetBy: Self.cellText)
        while end.samePosition(in: whole.unicodeScalars) == nil { end = whole.utf16.index(before: end) }
        text = Array(whole[..<end].utf8)
        cutTexts += 1
    }

    private func check(_ error: lxw_error) throws {
        guard error != LXW_NO_ERROR else { return }
        throw WorkbookError(String(cString: lxw_strerror(error)))
    }
}

/// Why a workbook could not be written; what libxlsxwriter says.
struct WorkbookError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

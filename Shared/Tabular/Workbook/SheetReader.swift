import Archive
import Foundation
import Markup

/// Reads the rows of one sheet of an XLSX workbook (ECMA-376 part 1, 18), as they come out of the archive.
///
/// Dates are ISO 8601 whatever their format shows, numbers have the digits that are stored. A row without any value is no record; an error
/// such as `#DIV/0!` is null, with a note. Of merged cells the first has the value.
public final class SheetReader: RecordReader {
    /// Where the next record begins.
    public private(set) var position: Position

    private let file: WorkbookFile
    private let xml: XMLStream
    private let strings: SharedStrings
    private let formats: CellFormats
    private let limits: ReadingLimits
    private let rules: RowRules
    private let columns: Int?

    /// Reads a sheet, which is the only one of its file that can be read at this time.
    ///
    /// - Parameters:
    ///   - sheet: its name, or its number from 1; nil for the first.
    ///   - columns: how many columns the table has; what stands behind them is a fault. Nil for as many as each row has.
    /// - Throws: `TableError`, which names the sheets when there is none of this name.
    public init(
        _ file: WorkbookFile, sheet: String? = nil, columns: Int? = nil, at position: Position = Position(),
        limits: ReadingLimits = ReadingLimits(), rules: RowRules = RowRules()
    ) throws(TableError) {
        self.file = file
        self.columns = columns
        self.position = position
        self.limits = limits
        self.rules = rules
        strings = try file.strings()
        do throws(ExtractionError) {
            formats = try file.parts.formats(file.archive)
            guard let xml = try file.archive.xml(try file.part(of: sheet)) else {
                throw .corrupt("XLSX", "the sheet has no part")
            }
            self.xml = xml
        } catch { throw TableError(error) }
    }

    /// Reads the next record.
    public func read(into record: inout Record) throws(TableError) -> Reading {
        do throws(ExtractionError) {
            while let event = try xml.next() {
                guard case .start("row") = event else { continue }
                let row = max(xml["r"].flatMap { Int($0) } ?? 0, lastRow + 1)
                lastRow = row
                if row < position.line {
                    try xml.skip()
                    continue
                }
                record.begin(columns: limits.columns)
                position.line = row
                position.offset = row - 1
                record.position = position
                let fault = try cells(into: &record)
                position.line += 1
                position.offset += 1
                if fault == nil && record.count == 0 { continue }
                position.number += 1
                return fault.map(Reading.fault) ?? .record
            }
            return .end
        } catch { throw TableError(error) }
    }

    private var lastRow = 0

    private func cells(into record: inout Record) throws(ExtractionError) -> RowFault? {
        var fault: RowFault?
        var column = 0
        while let event = try xml.next() {
            if case .end("row") = event { break }
            guard case .start("c") = event else { continue }
            if let named = xml["r"].flatMap(CellReference.column) { column = named }
            let cell = try cell()
            if fault == nil { fault = add(cell, at: column, to: &record) }
            column += 1
        }
        if fault == nil, let checked = rules.checkText(&record) { fault = checked }
        // A sheet has no end of its rows: what is not there is empty.
        if fault == nil, record.count > 0, let columns { record.pad(to: columns) }
        return fault
    }

    private func add(_ cell: Cell, at column: Int, to record: inout Record) -> RowFault? {
        if cell.kind == .null {
            if let reason = cell.reason {
                record.notes.append(
                    RowFault(.value, at: record.position, column: column + 1, value: cell.text, reason: reason))
            }
            // Even a row that has errors only is a record.
            guard cell.reason != nil else { return nil }
        }
        let most = min(columns ?? limits.columns, limits.columns)
        guard column < most else {
            return RowFault(
                columns == nil || columns == limits.columns ? .limit : .fieldCount, at: record.position,
                column: column + 1,
                value: RowFault.excerpt(cell.text.utf8),
                reason: "the row has a value in column \(column + 1), the table has \(most) columns")
        }
        guard cell.text.utf8.count <= limits.fieldBytes,
            record.bytes.count + cell.text.utf8.count <= limits.mostRecordBytes
        else {
            return RowFault(
                .limit, at: record.position, column: column + 1,
                reason: "the row or its field is over the limit of bytes")
        }
        record.pad(to: column + 1)
        guard cell.kind != .null else { return nil }
        var text = cell.text
        text.withUTF8 { record.set(UnsafeRawBufferPointer($0), kind: cell.kind, at: column) }
        return nil
    }

    private struct Cell {
        var text = ""
        var kind = FieldKind.null
        /// Why there is no value, where one could be expected.
        var reason: String?
    }

    private func cell() throws(ExtractionError) -> Cell {
        let (type, style) = (xml["t"] ?? "n", xml["s"].flatMap { Int($0) } ?? 0)
        var cell = Cell()
        while let event = try xml.next() {
            switch event {
            case .start("v"): cell = value(try xml.text(), type: type, style: style)
            case .start("is"): cell = Cell(text: try RichString.read(xml, until: "is"), kind: .cell)
            // A formula; its result stands beside it.
            case .start("f"): try xml.skip()
            case .end("c"): return cell
            default: break
            }
        }
        return cell
    }

    private func value(_ value: String, type: String, style: Int) -> Cell {
        switch type {
        case "s":
            guard let text = Int(value).flatMap({ strings[$0] }) else {
                return Cell(text: value, reason: "the workbook has no text of the number \(value)")
            }
            return Cell(text: text, kind: .cell)
        case "str", "inlineStr": return Cell(text: value, kind: .cell)
        case "b": return Cell(text: value == "1" ? "true" : "false", kind: .boolean)
        case "e": return Cell(text: value, reason: "the cell shows the error \(value)")
        case "d": return Cell(text: value, kind: .bare)
        default:
            guard !value.isEmpty else { return Cell() }
            guard let stored = formats.stored(value, style: style) else {
                return Cell(text: value, reason: "the cell is formatted as a date, but \(value) is none")
            }
            return Cell(text: stored.text, kind: stored.isNumber ? .number : .bare)
        }
    }
}

/// A table of a spreadsheet, in which most cells may be blank, or stand for many.
package struct SparseTable {
    /// A table may be this much larger than what is in it; one with cells in its corners only is no table.
    package static let mostBlanks = 2_000_000

    private let limit: Int
    private var rows: [[(column: Int, content: InlineText)]] = []
    private var column = 0
    private var size = 0
    private var width = 0

    /// `limit` is in bytes, for the texts of all cells.
    package init(limit: Int) { self.limit = limit }

    package mutating func beginRow() {
        rows.append([])
        column = 0
    }

    /// The next cell stands in this column, counted from 0.
    package mutating func move(to column: Int) { self.column = max(column, self.column) }

    /// Adds a cell, or as many equal ones.
    package mutating func append(_ content: InlineText, count: Int = 1) throws(ExtractionError) {
        if rows.isEmpty { beginRow() }
        defer { column += count }
        guard !content.isBlank else { return }
        try spend(content.plain.utf8.count + 1, times: count)
        width = max(width, column + count)
        for place in column..<column + count { rows[rows.count - 1].append((place, content)) }
    }

    /// The row that was begun last stands for as many equal ones.
    package mutating func repeatRow(count: Int) throws(ExtractionError) {
        guard count > 1, let row = rows.last, !row.isEmpty else { return }
        try spend(row.reduce(0) { $0 + $1.content.plain.utf8.count + 1 }, times: count - 1)
        rows += Array(repeating: row, count: count - 1)
    }

    private mutating func spend(_ bytes: Int, times: Int) throws(ExtractionError) {
        let (product, isOver) = bytes.multipliedReportingOverflow(by: times)
        size += isOver ? limit : product
        guard !isOver, size <= limit else { throw .tooLarge("the text is", limit: limit) }
    }

    /// The rows that have something, all of the same length.
    ///
    /// - Parameter keepingBlanks: whether columns without anything stay between the others.
    package func rows(keepingBlanks: Bool) throws(ExtractionError) -> [[InlineText]] {
        let rows = rows.filter { !$0.isEmpty }
        let columns = keepingBlanks ? Array(0..<width) : Set(rows.joined().map(\.column)).sorted()
        guard columns.count * rows.count - rows.reduce(0, { $0 + $1.count }) <= Self.mostBlanks else {
            throw ExtractionError(.tooLarge, "the cells of a table lie too far apart: split the sheet")
        }
        let places = Dictionary(uniqueKeysWithValues: zip(columns, columns.indices))
        return rows.map { row in
            var cells = [InlineText](repeating: InlineText(), count: columns.count)
            for (column, content) in row { if let place = places[column] { cells[place] = content } }
            return cells
        }
    }
}

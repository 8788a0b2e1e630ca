import Jobs
import Tabular

/// Rows that are loaded together.
struct ImportBatch: Sendable {
    /// Where a row stands.
    struct Row: Sendable {
        /// Where it begins in the text.
        let start: Int
        /// Where it begins in the source.
        let position: Position
    }

    /// Whether all rows before it were added, so that these are likely to be new, too.
    var followsNewRows = true
    /// The rows as their target's writer has written them.
    var text: [UInt8] = []
    var rows: [Row] = []
    var rejected: [RejectedRow] = []
    /// Where the source goes on.
    var end = Position()
    var isLast = false

    /// Its two halves; nil when it has one row.
    var halves: (ImportBatch, ImportBatch)? {
        guard rows.count > 1 else { return nil }
        let middle = rows.count / 2
        let (place, start) = (rows[middle].position, rows[middle].start)
        var (first, second) = (ImportBatch(), ImportBatch())
        first.text = Array(text[..<start])
        first.rows = Array(rows[..<middle])
        first.rejected = rejected.filter { $0.number < place.number }
        first.end = place
        second.text = Array(text[start...])
        second.rows = rows[middle...].map { Row(start: $0.start - start, position: $0.position) }
        second.rejected = rejected.filter { $0.number >= place.number }
        (second.end, second.isLast) = (end, isLast)
        return (first, second)
    }

    /// What was written of a row.
    subscript(row: Int) -> [UInt8] { Array(text[bytes(of: row..<row + 1)]) }

    /// The bytes of some of the rows.
    func bytes(of range: Range<Int>) -> Range<Int> {
        rows[range.lowerBound].start..<(range.upperBound < rows.count ? rows[range.upperBound].start : text.count)
    }
}

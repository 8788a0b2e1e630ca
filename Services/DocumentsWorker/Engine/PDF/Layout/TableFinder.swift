/// The parts of lines that stand beside each other, from the top of a page to its bottom.
struct PageRows {
    /// Places among the fragments, from left to right.
    private(set) var rows: [[Int]] = []

    init(_ fragments: [Fragment], without others: Set<Int> = []) {
        let order = fragments.indices.filter { !others.contains($0) }.sorted {
            fragments[$0].box.middle < fragments[$1].box.middle
        }
        for index in order {
            if let last = rows.last?.last, fragments[last].box.isBeside(fragments[index].box) {
                rows[rows.count - 1].append(index)
            } else {
                rows.append([index])
            }
        }
        for row in rows.indices { rows[row].sort { fragments[$0].box.left < fragments[$1].box.left } }
    }
}

/// A table on a page, and the fragments that are its cells.
struct PageTable {
    let fragments: [Int]
    let block: PageBlock
}

/// Finds tables by the columns in which short texts stand below each other: lines and colours are not in what poppler gives.
struct TableFinder {
    /// Rows further apart belong to different things, in heights of their characters.
    private static let mostGap = 2.2
    /// A table has at most so many columns; a page of scattered words has more.
    private static let mostColumns = 40

    private struct Column {
        var left: Double
        var right: Double

        func shared(_ box: Box) -> Double { min(right, box.right) - max(left, box.left) }
    }

    private(set) var tables: [PageTable] = []
    private let fragments: [Fragment]
    /// The usual space between lines of running text, in heights of its characters.
    private let proseGap: Double

    init(_ fragments: [Fragment], without others: Set<Int>, proseGap: Double) {
        self.fragments = fragments
        self.proseGap = proseGap
        let rows = PageRows(fragments, without: others).rows
        var start = 0
        while start < rows.count {
            guard rows[start].count > 1 else {
                start += 1
                continue
            }
            let (columns, end) = grow(rows, from: start)
            if let table = table(rows[start..<end], columns) {
                tables.append(table)
                start = end
            } else {
                start += 1
            }
        }
    }

    /// Takes rows as long as they fit into columns.
    private func grow(_ rows: [[Int]], from start: Int) -> (columns: [Column], end: Int) {
        var columns = rows[start].map { Column(left: fragments[$0].box.left, right: fragments[$0].box.right) }
        var end = start + 1
        while end < rows.count {
            let (last, next) = (box(rows[end - 1]), box(rows[end]))
            guard next.top - last.bottom <= Self.mostGap * max(fragments[rows[end][0]].size, 1),
                let grown = adding(rows[end], to: columns)
            else { break }
            columns = grown
            end += 1
        }
        return (columns, end)
    }

    /// The columns with one more row; nil when it does not fit: two of its texts in one column, or one in two.
    private func adding(_ row: [Int], to columns: [Column]) -> [Column]? {
        var columns = columns
        var taken: Set<Int> = []
        for index in row {
            let box = fragments[index].box
            let shared = columns.indices.filter { columns[$0].shared(box) > 1 }
            guard shared.count <= 1 else { return nil }
            if let column = shared.first {
                guard taken.insert(column).inserted else { return nil }
                columns[column].left = min(columns[column].left, box.left)
                columns[column].right = max(columns[column].right, box.right)
            } else {
                // A text alone beside all columns is no row.
                guard row.count > 1, columns.count < Self.mostColumns else { return nil }
                let place = columns.firstIndex { $0.left > box.left } ?? columns.count
                columns.insert(Column(left: box.left, right: box.right), at: place)
                taken = Set(taken.map { $0 >= place ? $0 + 1 : $0 }).union([place])
            }
        }
        for (a, b) in zip(columns, columns.dropFirst()) where a.right > b.left + 1 { return nil }
        return columns
    }

    private func box(_ row: [Int]) -> Box {
        row.dropFirst().reduce(fragments[row[0]].box) { $0.union(fragments[$1].box) }
    }

    private func table(_ rows: ArraySlice<[Int]>, _ columns: [Column]) -> PageTable? {
        var rows = rows
        let tight = tightGap(rows)
        // A line alone after the last row, or before the first, is a paragraph unless it goes on with a cell.
        while let last = rows.last, last.count == 1, let before = rows.dropLast().last,
            box(last).top - box(before).bottom > tight
        { rows.removeLast() }
        let columns = merged(columns, rows)
        guard columns.count > 1, rows.filter({ $0.count > 1 }).count > 1 else { return nil }
        let cells = cells(rows, columns, tight)
        let table = grid(cells, columns.count)
        guard table.count > 1, !isProse(cells, columns), !isList(table) else { return nil }
        let all = rows.flatMap { $0 }
        // Numbers have no direction.
        let lettered = all.filter { fragments[$0].text.contains(where: \.isLetter) }
        let isTurned = 2 * lettered.count { fragments[$0].isRightToLeft } > lettered.count
        return PageTable(
            fragments: all,
            block: PageBlock(
                content: .table(isTurned ? table.map { $0.reversed() } : table), box: box(all),
                size: fragments[all[0]].size, lines: rows.count))
    }

    /// Up to which space a line goes on with the one above it.
    private func tightGap(_ rows: ArraySlice<[Int]>) -> Double {
        (proseGap + 0.12) * (rows.joined().map { fragments[$0].size }.median ?? 0)
    }

    /// Neighbours that no row has both of are one: words to the left under numbers to the right.
    private func merged(_ columns: [Column], _ rows: ArraySlice<[Int]>) -> [Column] {
        var result: [Column] = []
        for column in columns {
            if let last = result.last {
                let areTogether = rows.contains { row in
                    row.contains { last.shared(fragments[$0].box) > 0 }
                        && row.contains { column.shared(fragments[$0].box) > 0 }
                }
                if !areTogether {
                    result[result.count - 1].right = column.right
                    continue
                }
            }
            result.append(column)
        }
        return result
    }

    private struct Cell {
        var text: String
        var box: Box
        let column: Int
        var words: Int
        var lines = 1
    }

    /// Lines below each other in a column, without the space of a row between them, are one cell.
    private func cells(_ rows: ArraySlice<[Int]>, _ columns: [Column], _ tight: Double) -> [Cell] {
        let isUneven = rows.contains { $0.count < columns.count }
        var gaps: [Double] = []
        for (above, below) in zip(rows, rows.dropFirst()) { gaps.append(box(below).top - box(above).bottom) }
        let hasRowGaps = gaps.contains { $0 > tight }
        var cells: [Cell] = []
        var last: [Int: Int] = [:]
        for row in rows {
            let startsRow = row.contains { columns[0].shared(fragments[$0].box) > 0 }
            for index in row {
                var fragment = fragments[index]
                if let mark = fragment.mark { fragment.text = "\(mark) \(fragment.text)" }
                let shares = columns.map { $0.shared(fragment.box) }
                guard let column = shares.indices.max(by: { shares[$0] < shares[$1] }) else { continue }
                if isUneven, let open = last[column], hasRowGaps || !startsRow,
                    fragment.box.top - cells[open].box.bottom <= tight
                {
                    cells[open].text += " " + fragment.text
                    cells[open].box = cells[open].box.union(fragment.box)
                    cells[open].words += fragment.words
                    cells[open].lines += 1
                } else {
                    last[column] = cells.count
                    cells.append(Cell(text: fragment.text, box: fragment.box, column: column, words: fragment.words))
                }
            }
        }
        return cells
    }

    /// Cells that stand beside each other are a row, wherever in its height each stands.
    private func grid(_ cells: [Cell], _ columns: Int) -> [[String]] {
        var rows: [(box: Box, cells: [String])] = []
        for cell in cells.sorted(by: { $0.box.top < $1.box.top }) {
            if let last = rows.indices.last, rows[last].cells[cell.column].isEmpty,
                rows[last].box.sharedHeight(with: cell.box) > 0.3 * min(rows[last].box.height, cell.box.height)
            {
                rows[last].cells[cell.column] = cell.text
                rows[last].box = rows[last].box.union(cell.box)
            } else {
                var row = [String](repeating: "", count: columns)
                row[cell.column] = cell.text
                rows.append((cell.box, row))
            }
        }
        return rows.map(\.cells)
    }

    /// Columns of running text: most lines have several words and fill their column, or already the first ones are long.
    private func isProse(_ cells: [Cell], _ columns: [Column]) -> Bool {
        var (full, long) = (0, 0)
        for (index, column) in columns.enumerated() {
            let own = cells.filter { $0.column == index }
            let lines = own.reduce(0) { $0 + $1.lines }
            let wide = own.filter { $0.box.width > 0.75 * (column.right - column.left) }
            if lines > 2, own.reduce(0, { $0 + $1.words }) >= 4 * lines, 2 * wide.count > own.count { full += 1 }
            if let first = own.first, first.words >= 5 * first.lines { long += 1 }
        }
        return full > 1 || long > 1
    }

    /// Marks beside their items.
    private func isList(_ table: [[String]]) -> Bool {
        table[0].count == 2 && table.count { ListMark.isMark($0[0]) } * 2 > table.count
    }
}

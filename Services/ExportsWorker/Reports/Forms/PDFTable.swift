import Drawing

/// A table over pages: its head stands on each; where its columns are too wide together, groups of them follow one another.
struct PDFTable {
    struct Column {
        let name: String
        let isNumber: Bool
        /// The widest that it becomes, in points.
        var most = 190.0
        /// The most lines of a cell.
        var lines = 1
    }

    private static let padding = 4.0
    private static let least = 30.0
    /// How many rows tell how wide a column is.
    private static let measured = 50

    let caption: String
    let columns: [Column]
    let rows: [[String?]]

    func draw(in flow: inout PDFFlow) {
        let widths = columns.indices.map { width(of: $0, flow.document) }
        let groups = groups(widths)
        for group in groups {
            let part = groups.count > 1 ? ", columns \(group.lowerBound + 1) to \(group.upperBound)" : ""
            flow.skip(14)
            flow.add(caption + part, lines: 1, PDFLook.heading, keeping: 48)
            flow.advance(4)
            draw(group.lowerBound == 0 ? Array(group) : [0] + group, widths, in: &flow)
        }
    }

    /// Columns that fit beside each other, and beside the first one, by which rows are told apart and which each group has.
    private func groups(_ widths: [Double]) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var (start, taken) = (0, 0.0)
        for (index, width) in widths.enumerated() {
            if taken + width > PDFFlow.width, index > start {
                groups.append(start..<index)
                (start, taken) = (index, widths[0])
            }
            taken += width
        }
        return groups + [start..<widths.count]
    }

    private func draw(_ group: [Int], _ widths: [Double], in flow: inout PDFFlow) {
        drawHead(group, widths, in: &flow)
        for row in rows {
            let cells = group.map { Cell(text: row[$0], column: columns[$0], width: widths[$0] - 2 * Self.padding) }
            let height = (cells.map { $0.height(flow.document) }.max() ?? 0) + 6
            if flow.need(height) { drawHead(group, widths, in: &flow) }
            var x = PDFFlow.left
            for cell in cells {
                cell.draw(at: Point(x: x + Self.padding, y: flow.y + 3), flow.document)
                x += cell.width + 2 * Self.padding
            }
            flow.advance(height)
            flow.document.stroke(
                [Point(x: PDFFlow.left, y: flow.y), Point(x: x, y: flow.y)], width: 0.4, PDFLook.rule)
        }
    }

    private func drawHead(_ group: [Int], _ widths: [Double], in flow: inout PDFFlow) {
        let height = 17.0
        let width = group.reduce(0) { $0 + widths[$1] }
        flow.document.fill(Rectangle(x: PDFFlow.left, y: flow.y, width: width, height: height), PDFLook.band)
        var x = PDFFlow.left
        for index in group {
            var style = PDFLook.head
            style.isTrailing = columns[index].isNumber
            flow.document.draw(
                columns[index].name, at: Point(x: x + Self.padding, y: flow.y + 4),
                width: widths[index] - 2 * Self.padding, style)
            x += widths[index]
        }
        flow.advance(height)
    }

    private func width(of index: Int, _ document: PDFDocument) -> Double {
        let column = columns[index]
        let cells = rows.prefix(Self.measured).map { document.measure($0[index] ?? "null", PDFLook.cell).width }
        let name = document.measure(column.name, PDFLook.head).width
        let wanted = max(name, cells.max() ?? 0) + 2 * Self.padding + 1
        return min(max(wanted, Self.least), column.most)
    }

    private struct Cell {
        let text: String?
        let column: Column
        let width: Double

        private var style: TextStyle {
            var style = text == nil ? PDFLook.null : PDFLook.cell
            style.isTrailing = column.isNumber
            return style
        }

        func height(_ document: PDFDocument) -> Double {
            document.measure(text ?? "null", width: width, lines: column.lines, style).height
        }

        func draw(at corner: Point, _ document: PDFDocument) {
            document.draw(text ?? "null", at: corner, width: width, lines: column.lines, style)
        }
    }
}

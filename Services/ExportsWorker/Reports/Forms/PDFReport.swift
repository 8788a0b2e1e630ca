import Drawing
import Foundation

/// A report as a PDF, drawn into a temporary file.
final class PDFReport: ReportForm {
    private let temporary: TemporaryFile
    private let output: any FileOutput
    /// There is one from `begin` to `finish`.
    private var flow: PDFFlow?

    /// - Parameter folder: where its temporary file goes.
    init(_ output: any FileOutput, folder: String) throws {
        self.output = output
        temporary = try TemporaryFile(in: folder)
    }

    func begin(_ head: ReportHead) throws {
        let document = try PDFDocument(
            path: temporary.path, size: PDFLook.page, title: head.title,
            // To the second, as the PDF has it.
            created: head.snapshotAt.prefix(19) + "Z")
        var flow = PDFFlow(document, foot: head.title)
        flow.add(head.title, lines: 3, PDFLook.title)
        flow.advance(4)
        flow.add(head.subtitle, lines: 2, PDFLook.body)
        self.flow = flow
    }

    func add(_ section: ReportSection) throws {
        guard var flow else { preconditionFailure("a section belongs to a report") }
        flow.skip(22)
        flow.need(120)
        flow.document.addOutline(section.name)
        flow.add("\(section.name) – \(ShownText.count(section.rows, "row"))", lines: 1, PDFLook.section)
        flow.advance(3)
        for sentence in section.description + section.notes { flow.add(sentence, lines: 3, PDFLook.body) }
        draw(section.charts, in: &flow)
        Self.summary(section.columns).draw(in: &flow)
        if !section.table.rows.isEmpty { Self.table(section).draw(in: &flow) }
        self.flow = flow
    }

    func finish() throws {
        try flow?.finish()
        flow = nil
        try temporary.forEachPiece { try output.append($0) }
    }

    /// Two beside each other.
    private func draw(_ charts: [Chart], in flow: inout PDFFlow) {
        let drawings = charts.map(ChartDrawing.init)
        let (caption, note) = (16.0, 14.0)
        for start in stride(from: 0, to: charts.count, by: 2) {
            let pair = start..<min(start + 2, charts.count)
            let height = (drawings[pair].map(\.size.height).max() ?? 0) + caption + note
            flow.skip(14)
            flow.need(height)
            for index in pair {
                let (chart, drawing) = (charts[index], drawings[index])
                let x = PDFFlow.left + Double(index - start) * PDFFlow.width / 2
                flow.document.draw(chart.title, at: Point(x: x, y: flow.y), width: drawing.size.width, PDFLook.heading)
                drawing.draw(in: flow.document, at: Point(x: x, y: flow.y + caption))
                guard let text = chart.note else { continue }
                let below = Point(x: x, y: flow.y + caption + drawing.size.height)
                flow.document.draw(text, at: below, width: drawing.size.width, PDFLook.label)
            }
            flow.advance(height)
        }
    }

    private static func summary(_ columns: [ColumnSummary]) -> PDFTable {
        // Together they fit a page.
        let most: [Double] = [120, 110, 50, 55, 98, 62, 98, 165]
        return PDFTable(
            caption: "Columns",
            columns: zip(ColumnSummary.headings, most).enumerated().map { index, column in
                PDFTable.Column(
                    name: column.0, isNumber: ColumnSummary.numbers.contains(index), most: column.1, lines: 3)
            }, rows: columns.map(\.cells))
    }

    private static func table(_ section: ReportSection) -> PDFTable {
        PDFTable(
            caption: section.table.caption(of: section.rows),
            columns: section.table.columns.map { PDFTable.Column(name: $0.name, isNumber: $0.isNumber) },
            rows: section.table.rows)
    }
}

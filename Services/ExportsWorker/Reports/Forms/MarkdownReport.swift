/// A report as GitHub's Markdown; charts are tables with bars of blocks.
final class MarkdownReport: ReportForm {
    /// How many characters the longest bar has.
    private static let bar = 30

    private var buffer: PieceBuffer

    init(_ output: any FileOutput) { buffer = PieceBuffer(output) }

    func begin(_ head: ReportHead) throws {
        try buffer.append("# \(Self.escaped(head.title))\n\n\(Self.escaped(head.subtitle))\n")
    }

    func add(_ section: ReportSection) throws {
        try buffer.append("\n## \(Self.escaped(section.name))\n\n\(ShownText.count(section.rows, "row")).\n")
        for sentence in section.description + section.notes { try buffer.append("\n\(Self.escaped(sentence))\n") }
        for chart in section.charts { try add(chart) }
        try buffer.append("\n### Columns\n\n")
        try add(ColumnSummary.headings, numbers: ColumnSummary.numbers, rows: section.columns.map(\.cells))
        guard !section.table.rows.isEmpty else { return }
        try buffer.append("\n### \(section.table.caption(of: section.rows))\n\n")
        let numbers = Set(section.table.columns.indices.filter { section.table.columns[$0].isNumber })
        try add(section.table.columns.map(\.name), numbers: numbers, rows: section.table.rows)
    }

    func finish() throws { try buffer.flush() }

    private func add(_ chart: Chart) throws {
        try buffer.append("\n### \(Self.escaped(chart.title))\n\n")
        let most = chart.figures.compactMap { $0.value.map(abs) }.max() ?? 0
        try add(
            ["", "", ""], numbers: [1],
            rows: chart.figures.map { figure in
                [figure.label, figure.value.map(ShownText.number) ?? "", Self.blocks(figure.value ?? 0, of: most)]
            })
        if let note = chart.note { try buffer.append("\n\(Self.escaped(note))\n") }
    }

    private func add(_ headings: [String], numbers: Set<Int>, rows: [[String?]]) throws {
        try buffer.append(Self.row(headings.map { Self.escaped($0) }))
        try buffer.append(Self.row(headings.indices.map { numbers.contains($0) ? "---:" : "---" }))
        for row in rows { try buffer.append(Self.row(row.map { $0.map(Self.escaped) ?? "*null*" })) }
    }

    private static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }

    /// A bar in eighths of a character.
    static func blocks(_ value: Double, of most: Double) -> String {
        guard most > 0 else { return "" }
        let eighths = Int((abs(value) / most * Double(bar * 8)).rounded())
        let end = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return (value < 0 ? "−" : "") + String(repeating: "█", count: eighths / 8) + end
    }

    /// The text so that no reader takes any of it for markup, a link or a mention.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            // `www.` makes a link by itself, and so does a scheme.
            let word = result.suffix(3).lowercased()
            let makesLink =
                scalar == ":" && ["ttp", "tps", "ftp", "lto", "mpp"].contains(word) || scalar == "." && word == "www"
            if makesLink || "\\`*_[]<>|~$&#@!".unicodeScalars.contains(scalar) { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }
}

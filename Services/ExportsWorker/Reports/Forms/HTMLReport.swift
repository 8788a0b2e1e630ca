import Crypto
import Foundation

/// A report as one page of HTML that needs nothing else: no script, no file, no network, which its policy forbids.
final class HTMLReport: ReportForm {
    private var buffer: PieceBuffer
    private var sections = 0

    init(_ output: any FileOutput) { buffer = PieceBuffer(output) }

    func begin(_ head: ReportHead) throws {
        let hash = Data(sha256(Self.style)).base64EncodedString()
        let links: [HTMLText] = head.sections.enumerated().map {
            "<li><a href=\"#s\(String($0.offset + 1))\"><bdi>\($0.element)</bdi></a></li>"
        }
        try write(
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark">
            <title>\(head.title)</title>
            <style>\(HTMLText(stringLiteral: Self.style))</style>
            </head>
            <body>
            <header>
            <h1 dir="auto">\(head.title)</h1>
            <p>\(head.subtitle)</p>

            """)
        if links.count > 1 { try write("<nav aria-label=\"Sources\"><ul>\(links)</ul></nav>\n") }
        try write("</header>\n<main>\n")
    }

    func add(_ section: ReportSection) throws {
        sections += 1
        let description: [HTMLText] = section.description.map { "<p dir=\"auto\">\($0)</p>\n" }
        let notes: [HTMLText] = section.notes.map { "<p>\($0)</p>\n" }
        try write(
            """
            <section id="s\(String(sections))">
            <h2><bdi>\(section.name)</bdi> <small>\(ShownText.count(section.rows, "row"))</small></h2>
            \(description)\(notes)
            """)
        try add(section.charts)
        try add(
            "Columns", ColumnSummary.headings, numbers: ColumnSummary.numbers,
            rows: section.columns.map(\.cells))
        if !section.table.rows.isEmpty {
            let numbers = Set(section.table.columns.indices.filter { section.table.columns[$0].isNumber })
            try add(
                section.table.caption(of: section.rows), section.table.columns.map(\.name), numbers: numbers,
                rows: section.table.rows)
        }
        try write("</section>\n")
    }

    func finish() throws {
        try write("</main>\n</body>\n</html>\n")
        try buffer.flush()
    }

    private func add(_ charts: [Chart]) throws {
        guard !charts.isEmpty else { return }
        try write("<div class=\"charts\">\n")
        for chart in charts {
            let note: HTMLText = if let note = chart.note { "<p>\(note)</p>" } else { "" }
            let figures: [HTMLText] = chart.figures.map {
                "<tr><td dir=\"auto\">\($0.label)</td><td class=\"number\">\($0.value.map(ShownText.number) ?? "")</td></tr>"
            }
            try write(
                """
                <figure>
                <figcaption dir="auto">\(chart.title)</figcaption>
                \(ChartDrawing(chart).svg(chart.title))
                \(note)<details><summary>Figures</summary><table><tbody>\(figures)</tbody></table></details>
                </figure>

                """)
        }
        try write("</div>\n")
    }

    private func add(
        _ caption: String, _ headings: [String], numbers: Set<Int>, rows: [[String?]]
    ) throws {
        let names: [HTMLText] = headings.enumerated().map { place, name in
            numbers.contains(place)
                ? "<th scope=\"col\" class=\"number\">\(name)</th>" : "<th scope=\"col\" dir=\"auto\">\(name)</th>"
        }
        try write(
            "<div class=\"wide\" tabindex=\"0\"><table>\n<caption>\(caption)</caption>\n<thead><tr>\(names)</tr></thead>\n<tbody>\n"
        )
        for row in rows {
            let cells: [HTMLText] = row.enumerated().map { place, cell in
                guard let cell else { return "<td class=\"null\">null</td>" }
                return numbers.contains(place) ? "<td class=\"number\">\(cell)</td>" : "<td dir=\"auto\">\(cell)</td>"
            }
            try write("<tr>\(cells)</tr>\n")
        }
        try write("</tbody>\n</table></div>\n")
    }

    private func write(_ text: HTMLText) throws { try buffer.append(text.html) }
}

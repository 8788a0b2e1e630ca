import Crypto
import Foundation
import Markup
import TestKit
import Testing

@testable import ExportsWorker

@Suite struct ReportFormTests {
    @Test func aPageShowsValuesAndInterpretsNone() throws {
        let bytes = try SampleReport.written { HTMLReport($0) }
        var found = PageParts()
        try bytes.withUnsafeBufferPointer { bytes in
            let tree = try HTMLTree(bytes)
            found.read(tree.root)
            // Nodes are valid while the tree lives.
            _ = consume tree
        }
        #expect(found.tags["script"] == nil && found.tags["img"] == nil && found.tags["b"] == nil)
        #expect(found.tags["svg"] == 10 && found.tags["h2"] == 2 && found.tags["style"] == 1)
        #expect(!found.attributes.contains { $0.hasPrefix("on") || $0 == "style" })
        #expect(found.title == "A & <title>")
        for value in SampleReport.hostile { #expect(found.cells.contains(value), "\(value)") }
        #expect(found.cells.contains("漢字 שלום мир") && found.cells.contains("<u> (5)"))
    }

    @Test func thePolicyAllowsTheStyleSheetAndNothingElse() throws {
        let page = String(decoding: try SampleReport.written { HTMLReport($0) }, as: UTF8.self)
        let style = try #require(page.firstRange(of: "<style>").map { page[$0.upperBound...] })
        let sheet = String(style[..<(try #require(style.firstRange(of: "</style>"))).lowerBound])
        let hash = Data(sha256(sheet)).base64EncodedString()
        #expect(
            page.contains(
                "content=\"default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; form-action 'none'\""))
        #expect(!page.contains("http://www") && !page.contains("url("))
    }

    @Test func markdownHasTablesWhoseCellsHoldNoMarkup() throws {
        let text = String(decoding: try SampleReport.written { MarkdownReport($0) }, as: UTF8.self)
        #expect(text.hasPrefix("# A \\& \\<title\\>\n"))
        #expect(
            text.contains("\n| \\<text\\> | n |\n| --- | ---: |\n| \\</script\\>\\<svg onload=alert(1)\\> | *null* |\n")
        )
        #expect(text.contains("| a\\|b | *null* |") && text.contains("| \\\\\\| |"))
        #expect(text.contains("| \\!\\[i\\](http\\://e.vil) |"))
        #expect(text.contains("https\\://e.vil www\\.e.vil \\@me \\#1 \\$x\\$"))
        // Bars in eighths of a block.
        #expect(
            text.contains(
                "| \\<g\\> | 10 | \(String(repeating: "█", count: 30)) |\n| none |  |  |\n| less | -5 | −███████████████ |"
            ))
        #expect(MarkdownReport.blocks(1, of: 240) == "▏" && MarkdownReport.blocks(0, of: 0) == "")
        // Every row of a table has as many cells as its head.
        for line in text.split(separator: "\n") where line.hasPrefix("| ") { #expect(line.hasSuffix(" |")) }
    }

    @Test func aPDFIsReadByPoppler() throws {
        let bytes = try SampleReport.written { try PDFReport($0, folder: NSTemporaryDirectory()) }
        let path = NSTemporaryDirectory() + UUID().uuidString + ".pdf"
        defer { unlink(path) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let text = try output(of: "pdftotext", ["-layout", path, "-"])
        for value in [
            "A & <title>", "<b>rows</b> – 1,234 rows", "</script><svg onload=alert(1)>", "Chart </svg>", "мир",
        ] {
            #expect(text.contains(value), "\(value)")
        }
        let information = try output(of: "pdfinfo", [path])
        #expect(information.contains("A & <title>") && information.contains("JavaScript:      no"))
        #expect(
            try output(of: "pdffonts", [path]).split(separator: "\n").dropFirst(2).allSatisfy { $0.contains(" yes ") })
    }

    @Test func theHeadOfATableStandsOnEveryPage() throws {
        let files = KeptFiles()
        try files.begin(table: nil)
        let form = try PDFReport(files, folder: NSTemporaryDirectory())
        let columns = (0..<30).map { ReportTable.Column(name: "column \($0)", isNumber: false) }
        let rows = (0..<100).map { row in columns.indices.map { "cell \(row)/\($0)" as String? } }
        try form.begin(ReportHead(title: "T", snapshotAt: "2026-11-22T10:00:00.000Z", sections: ["s"]))
        try form.add(
            ReportSection(
                name: "s", description: [], rows: 100, columns: [], charts: [],
                table: ReportTable(columns: columns, rows: rows), notes: []))
        try form.finish()
        let path = NSTemporaryDirectory() + UUID().uuidString + ".pdf"
        defer { unlink(path) }
        try Data(files.files[0].bytes).write(to: URL(fileURLWithPath: path))
        let pages = try output(of: "pdftotext", ["-layout", path, "-"]).split(separator: "\u{0C}").filter {
            $0.contains("cell")
        }
        #expect(pages.count > 5)
        for page in pages { #expect(page.contains("column 0"), "the first column, and the head, are on each page") }
        let all = pages.joined()
        for cell in ["cell 0/0", "cell 99/0", "cell 50/15", "cell 0/29", "cell 99/29"] { #expect(all.contains(cell)) }
    }
}

/// What a page consists of.
private struct PageParts {
    var tags: [String: Int] = [:]
    var attributes: Set<String> = []
    var cells: Set<String> = []
    var title = ""

    mutating func read(_ node: HTMLNode) {
        guard let tag = node.tag else { return }
        tags[tag, default: 0] += 1
        node.forEachAttribute { name, _ in attributes.insert(String(decoding: name, as: UTF8.self)) }
        if tag == "td" { cells.insert(node.directText) }
        if tag == "title", title.isEmpty { title = node.directText }
        for index in 0..<node.childCount { if let child = node.child(index) { read(child) } }
    }
}

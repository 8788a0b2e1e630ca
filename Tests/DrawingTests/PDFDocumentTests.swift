import Drawing
import Foundation
import TestKit
import Testing

@Suite struct PDFDocumentTests {
    private static let style = TextStyle(size: 10, color: Color(0x000000))

    @Test func textOfAnyScriptIsReadBackFromItsPage() throws {
        let path = NSTemporaryDirectory() + UUID().uuidString + ".pdf"
        defer { unlink(path) }
        let document = try PDFDocument(
            path: path, size: Size(width: 400, height: 300), title: "Ein Titel \u{1F600}",
            created: "2026-11-22T10:00:00Z")
        document.addOutline("First")
        document.draw("Привет, größe", at: Point(x: 10, y: 10), width: 300, Self.style)
        document.endPage()
        #expect(document.page == 2)
        document.draw("Second", baseline: Point(x: 390, y: 100), anchor: .end, Self.style)
        document.fill(Rectangle(x: 10, y: 10, width: 20, height: 20), Color(0xFF0000))
        document.stroke([Point(x: 5, y: 5)], width: 1, Color(0x00FF00))
        try document.finish()
        #expect(try output(of: "pdftotext", [path, "-"]).contains("Привет, größe"))
        let information = try output(of: "pdfinfo", [path])
        #expect(information.contains("Pages:           2"))
        #expect(information.contains("Ein Titel \u{1F600}"))
        #expect(try output(of: "pdftotext", ["-f", "2", path, "-"]).contains("Second"))
    }

    @Test func whatIsTooLongEndsInAnEllipsis() throws {
        let document = try PDFDocument(
            path: "/dev/null", size: Size(width: 400, height: 300), title: "", created: "2026-11-22T10:00:00Z")
        let long = String(repeating: "word ", count: 1000)
        let one = document.measure(long, width: 200, Self.style)
        #expect(one.width <= 200)
        #expect(document.measure(long, width: 200, lines: 3, Self.style).height > 2.5 * one.height)
        // What ends a line elsewhere does not here.
        #expect(document.measure("a\nb\u{2029}c", Self.style).height == document.measure("a", Self.style).height)
    }

    @Test func aFileThatCannotBeWrittenIsSaid() throws {
        #expect(throws: DrawingError.self) {
            try PDFDocument(
                path: "/nowhere/x.pdf", size: Size(width: 10, height: 10), title: "", created: "2026-11-22T10:00:00Z")
        }
    }
}

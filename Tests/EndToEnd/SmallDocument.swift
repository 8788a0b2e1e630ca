import Foundation
import TestKit

@testable import switchyard

/// Small documents of many formats, each with a text of its own; the same number gives the same bytes.
enum SmallDocument: String, CaseIterable {
    case txt, md, html, csv, docx, pdf

    /// Each number has its format.
    static func file(_ number: Int) -> (name: String, bytes: [UInt8]) {
        let format = allCases[number % allCases.count]
        return ("\(number).\(format.rawValue)", format.bytes(number))
    }

    private func bytes(_ number: Int) -> [UInt8] {
        switch self {
        case .txt: Array(Self.paragraphs(number).joined(separator: "\n\n").utf8)
        case .md:
            Array("# Siding \(number)\n\n\(Self.paragraphs(number).joined(separator: "\n\n## Wagons\n\n- "))\n".utf8)
        case .html:
            Array(
                """
                <!DOCTYPE html><html lang="en"><title>Siding \(number)</title><body><h1>Siding \(number)</h1>
                \(Self.paragraphs(number).map { "<p>\($0)</p>" }.joined(separator: "<h2>Wagons</h2>"))
                <table><tr><th>Track</th><th>Length</th></tr><tr><td>\(number)</td><td>400 m</td></tr></table></body></html>
                """.utf8)
        case .csv:
            Array(
                "track,wagon,state\n\((0..<40).map { "\(number),\($0),\"free, until \(number + $0)\"" }.joined(separator: "\n"))\n"
                    .utf8)
        case .docx: Array(Self.word(number))
        case .pdf: PDFWriter.file(number, pages: 2)
        }
    }

    private static func paragraphs(_ number: Int) -> [String] {
        (0..<12).map {
            "Document \(number), paragraph \($0): wagon \(number * 31 + $0) waits in its siding for a while, since the signal of track "
                + "\(number % 97) is red, and no wagon is ever lost."
        }
    }

    private static func word(_ number: Int) -> Data {
        let body = paragraphs(number).map { "<w:p><w:r><w:t>\($0)</w:t></w:r></w:p>" }.joined()
        let types = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        let schemas = "http://schemas.openxmlformats.org"
        return zip([
            (
                "[Content_Types].xml",
                """
                <Types xmlns="\(schemas)/package/2006/content-types">
                <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
                <Override PartName="/word/document.xml" ContentType="\(types)"/></Types>
                """
            ),
            (
                "_rels/.rels",
                """
                <Relationships xmlns="\(schemas)/package/2006/relationships"><Relationship Id="rId1"
                Type="\(schemas)/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>
                """
            ),
            (
                "word/document.xml",
                """
                <w:document xmlns:w="\(schemas)/wordprocessingml/2006/main"><w:body>\(body)</w:body></w:document>
                """
            ),
        ])
    }
}

import Archive
import Markup

/// XLSX: each sheet is a heading and a table of what its cells show (ECMA-376 part 1, 18).
enum Workbook {
    private static let mediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    static func parse(_ archive: DocumentArchive, limit: Int) throws(ExtractionError) -> ParsedDocument {
        let parts = try WorkbookParts(archive)
        let formats = try parts.formats(archive)
        var strings: [String] = []
        try parts.eachSharedString(archive) { strings.append($0) }
        var builder = DocumentBuilder(limit: limit)
        for sheet in parts.sheets {
            guard let part = sheet.part, let xml = try archive.xml(part) else { continue }
            builder.beginPage()
            var title = InlineText()
            title.append(sheet.name)
            try builder.heading(2, title)
            try builder.table(try SheetReader(strings: strings, formats: formats, limit: limit).rows(of: xml))
        }
        return builder.finish(try OfficeProperties.read(archive, mediaType: mediaType))
    }
}

/// Reads the cells of a sheet as they are shown.
struct SheetReader {
    let strings: [String]
    let formats: CellFormats
    /// Of the cells' texts together, in bytes.
    let limit: Int

    /// The rows that have something, without the columns that have nothing.
    func rows(of xml: XMLStream) throws(ExtractionError) -> [[InlineText]] {
        var table = SparseTable(limit: limit)
        while let event = try xml.next() {
            switch event {
            case .start("row"): table.beginRow()
            case .start("c"):
                if let column = xml["r"].flatMap(CellReference.column) { table.move(to: column) }
                var text = InlineText()
                text.append(try cell(xml))
                try table.append(text)
            default: break
            }
        }
        return try table.rows(keepingBlanks: false)
    }

    private func cell(_ xml: XMLStream) throws(ExtractionError) -> String {
        let (type, style) = (xml["t"] ?? "n", xml["s"].flatMap { Int($0) } ?? 0)
        var text = ""
        while let event = try xml.next() {
            switch event {
            case .start("v"):
                let value = try xml.text()
                switch type {
                case "s": text = Int(value).flatMap { strings.indices.contains($0) ? strings[$0] : nil } ?? ""
                case "b": text = value == "1" ? "TRUE" : "FALSE"
                case "n": text = formats.shown(value, style: style)
                default: text = value
                }
            case .start("is"): text = try RichString.read(xml, until: "is")
            // A formula; its result stands beside it.
            case .start("f"): try xml.skip()
            case .end("c"): return text
            default: break
            }
        }
        return text
    }
}

import Markup

/// What stands in the parts of an XLSX beside its sheets (ECMA-376 part 1, 18).
package struct WorkbookParts {
    /// The part that a workbook begins with.
    package static let mainPart = "xl/workbook.xml"

    /// One sheet.
    package struct Sheet {
        /// As its tab shows it.
        package let name: String
        /// The name of its part; nil where it has none.
        package let part: String?
    }

    /// The sheets in order, also the hidden ones.
    package let sheets: [Sheet]
    private let startsIn1904: Bool
    private let relations: [String: Relation]

    /// Reads the main part.
    package init(_ archive: DocumentArchive) throws(ExtractionError) {
        relations = try archive.relations(of: Self.mainPart)
        let xml = try archive.requiredXML(Self.mainPart)
        var sheets: [Sheet] = []
        var startsIn1904 = false
        while let event = try xml.next() {
            switch event {
            case .start("sheet"):
                if let id = xml.relation { sheets.append(Sheet(name: xml["name"] ?? "", part: relations[id]?.target)) }
            case .start("workbookPr"): startsIn1904 = ["1", "true"].contains(xml["date1904"] ?? "")
            default: break
            }
        }
        self.sheets = sheets
        self.startsIn1904 = startsIn1904
    }

    /// Gives the texts to which cells refer by number, in their order.
    package func eachSharedString(
        _ archive: DocumentArchive, _ body: (String) throws(ExtractionError) -> Void
    ) throws(ExtractionError) {
        guard let part = target("sharedStrings"), let xml = try archive.xml(part) else { return }
        while let event = try xml.next() {
            if case .start("si") = event { try body(try RichString.read(xml, until: "si")) }
        }
    }

    /// How the numbers in cells are to be read.
    package func formats(_ archive: DocumentArchive) throws(ExtractionError) -> CellFormats {
        try CellFormats(archive, styles: target("styles"), startsIn1904: startsIn1904)
    }

    private func target(_ kind: String) -> String? { relations.values.first { $0.kind == kind }?.target }
}

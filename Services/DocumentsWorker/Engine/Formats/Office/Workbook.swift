import Markup

/// XLSX: each sheet is a heading and a table of what its cells show (ECMA-376 part 1, 18).
enum Workbook {
    static let mainPart = "xl/workbook.xml"
    private static let mediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    static func parse(_ archive: DocumentArchive, limit: Int) throws(ExtractionError) -> ParsedDocument {
        let relations = try archive.relations(of: mainPart)
        let (sheets, startsIn1904) = try sheets(archive)
        let strings = try sharedStrings(archive, relations)
        let formats = try CellFormats(archive, relations, startsIn1904: startsIn1904)
        var builder = DocumentBuilder(limit: limit)
        for sheet in sheets {
            guard let part = relations[sheet.id]?.target, let xml = try archive.xml(part) else { continue }
            builder.beginPage()
            var title = InlineText()
            title.append(sheet.name)
            try builder.heading(2, title)
            try builder.table(try SheetReader(strings: strings, formats: formats, limit: limit).rows(of: xml))
        }
        return builder.finish(try OfficeProperties.read(archive, mediaType: mediaType))
    }

    /// The sheets in order, also the hidden ones, and the calendar in which days are counted.
    private static func sheets(
        _ archive: DocumentArchive
    ) throws(ExtractionError) -> (sheets: [(name: String, id: String)], startsIn1904: Bool) {
        let xml = try archive.requiredXML(mainPart)
        var sheets: [(String, String)] = []
        var startsIn1904 = false
        while let event = try xml.next() {
            switch event {
            case .start("sheet"): if let id = xml.relation { sheets.append((xml["name"] ?? "", id)) }
            case .start("workbookPr"): startsIn1904 = ["1", "true"].contains(xml["date1904"] ?? "")
            default: break
            }
        }
        return (sheets, startsIn1904)
    }

    /// The texts to which cells refer by number.
    private static func sharedStrings(
        _ archive: DocumentArchive, _ relations: [String: Relation]
    ) throws(ExtractionError) -> [String] {
        guard let part = relations.values.first(where: { $0.kind == "sharedStrings" })?.target,
            let xml = try archive.xml(part)
        else { return [] }
        var strings: [String] = []
        while let event = try xml.next() {
            if case .start("si") = event { strings.append(try RichString.read(xml, until: "si")) }
        }
        return strings
    }
}

/// A text of runs, such as `si` and `is`, without the pronunciation that may stand beside it.
enum RichString {
    static func read(_ xml: XMLStream, until end: String) throws(ExtractionError) -> String {
        var text = ""
        while let event = try xml.next() {
            switch event {
            case .start("rPh"): try xml.skip()
            case .start("t"): text += try xml.text()
            case .end(end): return unescaped(text)
            default: break
            }
        }
        return unescaped(text)
    }

    /// Characters that XML cannot have stand as `_x000D_` (ECMA-376 part 1, 22.9.2.19).
    private static func unescaped(_ text: String) -> String {
        guard text.contains("_x") else { return text }
        return text.replacing(/_x([0-9A-Fa-f]{4})_/) { match in
            UInt32(match.1, radix: 16).flatMap(Unicode.Scalar.init).map { String(Character($0)) } ?? String(match.0)
        }
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
                if let column = xml["r"].flatMap(Self.column) { table.move(to: column) }
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

    /// The column of a reference such as `AB12`, from 0.
    private static func column(_ reference: String) -> Int? {
        var column = 0
        for byte in reference.utf8 {
            guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) else { break }
            column = column * 26 + Int(byte - UInt8(ascii: "A")) + 1
            // XFD is the last.
            guard column <= 16_384 else { return nil }
        }
        return column > 0 ? column - 1 : nil
    }
}

/// How numbers are shown: which of them are times.
struct CellFormats {
    private enum Kind { case number, date, time, both, elapsed, percent }

    /// By the number of the cell's style.
    private var kinds: [Kind] = []
    private let startsIn1904: Bool

    init(
        _ archive: DocumentArchive, _ relations: [String: Relation], startsIn1904: Bool
    ) throws(ExtractionError) {
        self.startsIn1904 = startsIn1904
        guard let part = relations.values.first(where: { $0.kind == "styles" })?.target,
            let xml = try archive.xml(part)
        else { return }
        var codes: [Int: String] = [:]
        var isInCells = false
        while let event = try xml.next() {
            switch event {
            case .start("numFmt"):
                if let id = xml["numFmtId"].flatMap({ Int($0) }) { codes[id] = xml["formatCode"] }
            case .start("cellXfs"): isInCells = true
            case .end("cellXfs"): isInCells = false
            case .start("xf") where isInCells:
                let id = xml["numFmtId"].flatMap { Int($0) } ?? 0
                kinds.append(codes[id].map(Self.kind) ?? Self.kind(builtIn: id))
            default: break
            }
        }
    }

    /// A number as its cell shows it; times as ISO 8601, whatever the format's order of day and month.
    func shown(_ value: String, style: Int) -> String {
        guard let number = Double(value), number.isFinite else { return value }
        switch kinds.indices.contains(style) ? kinds[style] : .number {
        case .number: return Self.plain(number) ?? value
        case .percent: return (Self.plain((number * 10_000).rounded() / 100) ?? value) + "%"
        case .elapsed: return Self.elapsed(number) ?? value
        case .date, .both, .time: return time(number, kinds[style]) ?? value
        }
    }

    /// 0.1 + 0.2 is stored as 0.30000000000000004 and shown with 15 digits.
    private static func plain(_ number: Double) -> String? {
        if number == number.rounded(), abs(number) < 1e15 { return String(Int(number)) }
        let scale = 1e15 / pow10(abs(number))
        guard scale.isFinite, scale > 0, (number * scale).isFinite else { return nil }
        return String((number * scale).rounded() / scale)
    }

    /// The smallest power of ten above a number.
    private static func pow10(_ number: Double) -> Double {
        var power = 1.0
        while power <= number && power < 1e300 { power *= 10 }
        while power / 10 > number && power > 1e-300 { power /= 10 }
        return power
    }

    /// Hours, minutes and seconds, however many hours.
    private static func elapsed(_ days: Double) -> String? {
        guard abs(days) < 1e9 else { return nil }
        let seconds = Int((abs(days) * 86_400).rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return (days < 0 ? "-" : "") + "\(seconds / 3600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    private func time(_ number: Double, _ kind: Kind) -> String? {
        // Day 60 of the calendar of 1900 is a 29th of February that was none.
        let epoch = startsIn1904 ? -24_107 : number < 60 ? -25_568 : -25_569
        guard number >= 0, number < 2_958_466 else { return nil }
        let seconds = (number * 86_400).rounded()
        let text = Timestamp.format(Int(seconds) + epoch * 86_400)
        switch kind {
        case .date: return String(text.prefix(10))
        case .time: return String(text.dropFirst(11).prefix(8))
        default: return text.prefix(10) + " " + text.dropFirst(11).prefix(8)
        }
    }

    /// ECMA-376 part 1, 18.8.30.
    private static func kind(builtIn id: Int) -> Kind {
        switch id {
        case 9, 10: .percent
        case 14...17, 27...31, 36, 50...58: .date
        case 18...21, 32...35, 45, 47: .time
        case 46: .elapsed
        case 22: .both
        default: .number
        }
    }

    private static func kind(_ code: String) -> Kind {
        let lower = code.lowercased()
        if ["[h]", "[hh]", "[m]", "[mm]", "[s]", "[ss]"].contains(where: lower.contains) { return .elapsed }
        var letters: Set<Character> = []
        var (isQuoted, isBracketed, isEscaped) = (false, false, false)
        // What stands in quotes, in brackets or behind one of these signs says nothing; only the first section counts.
        for character in lower {
            if isEscaped {
                isEscaped = false
            } else if "\\_*".contains(character) {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == "[" {
                isBracketed = true
            } else if character == "]" {
                isBracketed = false
            } else if character == ";" && !isQuoted {
                break
            } else if !isQuoted && !isBracketed {
                letters.insert(character)
            }
        }
        let hasTime = !letters.isDisjoint(with: ["h", "s"])
        // An m beside hours or seconds is a minute.
        let hasDate = !letters.isDisjoint(with: ["y", "d"]) || (letters.contains("m") && !hasTime)
        if hasDate { return hasTime ? .both : .date }
        if hasTime { return .time }
        return letters.contains("%") ? .percent : .number
    }
}

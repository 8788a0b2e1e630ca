import Foundation
import Markup

/// The plain text of a mail as paragraphs, with quotations told from the writer's own words.
enum MailText {
    /// Writes paragraphs, which end at empty lines and where the depth of quotation changes.
    ///
    /// - Parameters:
    ///   - isFlowed: lines that end with a blank go on in the next (RFC 3676).
    ///   - dropsBlank: that blank is not part of the text (`DelSp`).
    static func write(
        _ text: String, isFlowed: Bool, dropsBlank: Bool, to builder: inout DocumentBuilder
    ) throws(ExtractionError) {
        for paragraph in paragraphs(of: text, isFlowed: isFlowed, dropsBlank: dropsBlank) {
            try builder.paragraph(InlineText(paragraph.text), quoteDepth: paragraph.depth)
        }
    }

    private static func paragraphs(of text: String, isFlowed: Bool, dropsBlank: Bool) -> [(depth: Int, text: String)] {
        var paragraphs: [(depth: Int, text: String)] = []
        var lines: [String] = []
        var (depth, goesOn) = (0, false)
        func flush() {
            if !lines.isEmpty { paragraphs.append((depth, lines.joined(separator: "\n"))) }
            lines = []
            goesOn = false
        }
        for raw in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var (level, line) = unquoted(raw)
            if isFlowed, level > 0 || line.first == " " { line = line.first == " " ? line.dropFirst() : line }
            if level != depth { flush() }
            depth = level
            guard line.contains(where: { $0 != " " && $0 != "\t" }) else {
                flush()
                continue
            }
            let isOpen = isFlowed && line.last == " " && line != "-- "
            let words = String(isOpen && dropsBlank ? line.dropLast() : line)
            if goesOn, let last = lines.indices.last { lines[last] += words } else { lines.append(words) }
            goesOn = isOpen
        }
        flush()
        return paragraphs
    }

    /// How often a line is quoted, and what is after the signs; blanks between them belong to them.
    private static func unquoted(_ line: Substring) -> (Int, Substring) {
        var (depth, rest) = (0, line)
        while true {
            let next = depth > 0 ? rest.drop { $0 == " " } : rest
            guard next.first == ">" else { return (depth, rest) }
            depth += 1
            rest = next.dropFirst()
        }
    }

    /// The ids of the pictures that a page shows out of the same mail (RFC 2392).
    static func shownPictures(in page: String) -> Set<String> {
        var shown: Set<String> = []
        for reference in page.split(separator: "cid:").dropFirst() {
            let id = String(reference.prefix { !"\"' >)\n\t".contains($0) }.prefix(998))
            shown.formUnion([id, id.removingPercentEncoding ?? id])
        }
        return shown
    }
}

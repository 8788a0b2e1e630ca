import CMark
import Foundation
import Markup

/// Markdown: the source stays as it is; the structure gives plain text, headings and the title.
enum MarkdownDocument {
    static func parse(_ bytes: [UInt8], limit: Int) throws(ExtractionError) -> ParsedDocument {
        let decoded = try DecodedText(bytes)
        var metadata = DocumentMetadata(mediaType: "text/markdown")
        metadata.encoding = decoded.encoding
        var body = FrontMatter.read(decoded.text, into: &metadata)
        let root = body.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) {
                cmark_parse_document($0.baseAddress, $0.count, CMARK_OPT_VALIDATE_UTF8)
            }
        }
        guard let root else { throw .outOfMemory }
        var renderer = MarkdownRenderer(limit: limit)
        try renderer.walk(root)
        return renderer.builder.finish(metadata, markdown: decoded.text)
    }
}

/// The block of `key: value` lines that many tools put before the text.
private enum FrontMatter {
    private static let fields = [
        "title": "title", "author": "author", "description": "subject", "lang": "language", "date": "created",
    ]

    static func read(_ text: String, into metadata: inout DocumentMetadata) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else { return text }
        for line in lines[1..<end] {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let key = line[..<colon].lowercased()
            let value = String(line[line.index(after: colon)...]).trimmingBlanks().trimmingQuotes()
            if let field = fields[key] { metadata.set(field, value) }
        }
        return lines[(end + 1)...].joined(separator: "\n")
    }
}

extension String {
    fileprivate func trimmingQuotes() -> String {
        guard count >= 2, let first, first == last, first == "\"" || first == "'" else { return self }
        return String(dropFirst().dropLast())
    }
}

/// Walks the tree that cmark makes, without recursion.
private struct MarkdownRenderer {
    private struct List {
        var isOrdered: Bool
        var next: Int
    }

    var builder: DocumentBuilder
    private var inline = InlineText()
    private var style = InlineStyle()
    private var lists: [List] = []
    private var quoteDepth = 0
    private var itemHasText = false

    init(limit: Int) { builder = DocumentBuilder(limit: limit) }

    mutating func walk(_ root: OpaquePointer) throws(ExtractionError) {
        guard let iterator = cmark_iter_new(root) else { throw .outOfMemory }
        while true {
            let event = cmark_iter_next(iterator)
            guard event != CMARK_EVENT_DONE, let node = cmark_iter_get_node(iterator) else { return }
            if event == CMARK_EVENT_ENTER { try enter(node) } else { try leave(node) }
        }
    }

    private mutating func enter(_ node: OpaquePointer) throws(ExtractionError) {
        let literal = { String(cString: cmark_node_get_literal(node)) }
        switch cmark_node_get_type(node) {
        case CMARK_NODE_TEXT: inline.append(literal(), style)
        case CMARK_NODE_SOFTBREAK: inline.append(" ", style)
        case CMARK_NODE_LINEBREAK: inline.append("\n", style)
        case CMARK_NODE_CODE: inline.append(literal(), style)
        case CMARK_NODE_CODE_BLOCK: try builder.code(literal())
        case CMARK_NODE_LIST:
            let isOrdered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST
            lists.append(List(isOrdered: isOrdered, next: Int(cmark_node_get_list_start(node))))
        case CMARK_NODE_ITEM: itemHasText = false
        case CMARK_NODE_BLOCK_QUOTE: quoteDepth += 1
        default: break
        }
    }

    private mutating func leave(_ node: OpaquePointer) throws(ExtractionError) {
        switch cmark_node_get_type(node) {
        case CMARK_NODE_HEADING: try builder.heading(Int(cmark_node_get_heading_level(node)), takeInline())
        case CMARK_NODE_PARAGRAPH: try paragraph(takeInline())
        case CMARK_NODE_LIST: lists.removeLast()
        case CMARK_NODE_BLOCK_QUOTE: quoteDepth -= 1
        default: break
        }
    }

    private mutating func paragraph(_ content: InlineText) throws(ExtractionError) {
        guard let list = lists.last, !itemHasText else {
            return try builder.paragraph(content, quoteDepth: quoteDepth)
        }
        itemHasText = true
        try builder.listItem(
            content, depth: lists.count - 1, marker: list.isOrdered ? .number(list.next) : .bullet)
        lists[lists.count - 1].next += 1
    }

    private mutating func takeInline() -> InlineText {
        defer { inline = InlineText() }
        return inline
    }
}

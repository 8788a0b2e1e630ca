/// The look of a piece of text inside a paragraph.
package struct InlineStyle: Equatable {
    package var isStrong = false
    package var isEmphasis = false
    package var isCode = false
    package var isStruck = false
    /// Markdown already, such as the mark of a note.
    package var isMarkup = false
    /// Where it links to.
    package var link: String?

    package init(
        isStrong: Bool = false, isEmphasis: Bool = false, isCode: Bool = false, isStruck: Bool = false,
        isMarkup: Bool = false, link: String? = nil
    ) {
        self.isStrong = isStrong
        self.isEmphasis = isEmphasis
        self.isCode = isCode
        self.isStruck = isStruck
        self.isMarkup = isMarkup
        self.link = link
    }

    /// The look of text in text of another look.
    package func merged(into outer: InlineStyle?) -> InlineStyle {
        guard let outer else { return self }
        return InlineStyle(
            isStrong: isStrong || outer.isStrong, isEmphasis: isEmphasis || outer.isEmphasis,
            isCode: isCode || outer.isCode, isStruck: isStruck || outer.isStruck, isMarkup: isMarkup || outer.isMarkup,
            link: link ?? outer.link)
    }
}

/// The text of one paragraph, heading or cell, with its styles.
package struct InlineText {
    private struct Span {
        var text: String
        var style: InlineStyle
    }

    /// What would begin markup in running text.
    private static let signs = Array("\\*_`[]<".utf8)

    private var spans: [Span] = []

    package init() {}

    /// A text without styles.
    package init(_ text: String) { append(text) }

    /// Whether there is nothing but blanks.
    package var isBlank: Bool { spans.allSatisfy { $0.text.utf8.allSatisfy(\.isBlank) } }

    /// Adds text as it is; a newline is a line break.
    package mutating func append(_ text: String, _ style: InlineStyle = InlineStyle()) {
        guard !text.isEmpty else { return }
        // A carriage return and a newline are one character, in which nobody would find the newline.
        if text.utf8.contains(0x0D) {
            return append(text.replacing("\r\n", with: "\n").replacing("\r", with: "\n"), style)
        }
        if let last = spans.indices.last, spans[last].style == style {
            spans[last].text += text
        } else {
            spans.append(Span(text: text, style: style))
        }
    }

    /// Adds text with each run of white space as one space, none at the start of a line.
    package mutating func appendCollapsed(_ text: String, _ style: InlineStyle) {
        var collapsed = ""
        var endsBlank = spans.last?.text.utf8.last?.isBlank ?? true
        for scalar in text.unicodeScalars {
            if scalar.value <= 0x20 {
                if !endsBlank { collapsed += " " }
                endsBlank = true
            } else {
                collapsed.unicodeScalars.append(scalar)
                endsBlank = false
            }
        }
        append(collapsed, style)
    }

    /// Adds the spans of another text.
    package mutating func append(_ other: InlineText) {
        for span in other.spans { append(span.text, span.style) }
    }

    /// The text without styles, without blanks around it.
    package var plain: String { spans.map(\.text).joined().trimmingBlanks() }

    /// `plain` without the marks of notes.
    package var words: String { spans.filter { !$0.style.isMarkup }.map(\.text).joined().trimmingBlanks() }

    /// The same words without a look.
    package var unstyled: InlineText {
        var text = InlineText()
        for span in spans { text.append(span.text) }
        return text
    }

    /// The text after a mark, such as that of a note, without the blanks between the two.
    package func marked(_ mark: String) -> InlineText {
        var style = InlineStyle()
        style.isMarkup = true
        var marked = InlineText()
        marked.append(mark, style)
        for span in spans {
            let isFirst = marked.spans.count == 1 && marked.spans[0].text == mark
            marked.append(
                isFirst ? String(span.text.unicodeScalars.drop { $0.value <= 0x20 }) : span.text, span.style)
        }
        return marked
    }

    /// The text without styles, with the blanks that it begins with.
    package var plainLine: String { spans.map(\.text).joined() }

    /// The text as Markdown. In a table, lines become `<br>` and bars are escaped.
    package func markdown(inTable: Bool = false) -> String {
        var result = ""
        var link: String?
        for span in spans {
            if span.style.link != link {
                result += Self.linkEnd(link)
                link = span.style.link
                if link != nil { result += "[" }
            }
            result += Self.marked(span, inTable: inTable)
        }
        result += Self.linkEnd(link)
        let trimmed = result.trimmingBlanks()
        return trimmed.replacingNewlines(with: inTable ? "<br>" : "\\\n")
    }

    private static func linkEnd(_ link: String?) -> String {
        guard let link else { return "" }
        let isPlain = link.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: ")") }
        // What is in angle brackets must not have any.
        let hasAngles = link.utf8.contains { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") }
        let safe = hasAngles ? link.replacing("<", with: "%3C").replacing(">", with: "%3E") : link
        return isPlain ? "](\(safe))" : "](<\(safe.replacingNewlines(with: ""))>)"
    }

    /// Marks go inside the blanks around the words, or CommonMark does not see them.
    private static func marked(_ span: Span, inTable: Bool) -> String {
        let core = span.text.trimmingBlanks()
        guard !core.isEmpty else { return span.text }
        let leading = String(span.text.unicodeScalars.prefix { $0.value <= 0x20 })
        let trailing = String(
            String.UnicodeScalarView(span.text.unicodeScalars.reversed().prefix { $0.value <= 0x20 }.reversed()))
        if span.style.isMarkup { return span.text }
        var marked = span.style.isCode ? codeSpan(core, inTable: inTable) : escaped(core, inTable: inTable)
        if span.style.isStruck { marked = "~~\(marked)~~" }
        if span.style.isEmphasis { marked = "*\(marked)*" }
        if span.style.isStrong { marked = "**\(marked)**" }
        return leading + marked + trailing
    }

    private static func codeSpan(_ text: String, inTable: Bool) -> String {
        let text = text.replacingNewlines(with: " ")
        let shown = inTable ? text.replacing("|", with: "\\|") : text
        return shown.utf8.contains(UInt8(ascii: "`")) ? "`` \(shown) ``" : "`\(shown)`"
    }

    private static func escaped(_ text: String, inTable: Bool) -> String {
        func isSign(_ byte: UInt8) -> Bool { signs.contains(byte) || (inTable && byte == UInt8(ascii: "|")) }
        guard text.utf8.contains(where: isSign) else { return text }
        var result: [UInt8] = []
        for byte in text.utf8 {
            if isSign(byte) { result.append(UInt8(ascii: "\\")) }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension String {
    /// Without ASCII blanks around it.
    package func trimmingBlanks() -> String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { $0.value > 0x20 }),
            let last = scalars.lastIndex(where: { $0.value > 0x20 })
        else { return "" }
        return String(scalars[first...last])
    }

    /// Without the control characters that no text needs.
    package func droppingControls() -> String {
        utf8.contains(where: \.isUnwantedControl)
            ? String(decoding: utf8.filter { !$0.isUnwantedControl }, as: UTF8.self) : self
    }
}

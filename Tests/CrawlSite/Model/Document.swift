/// The content of an HTML page, before the layout of the site is put around it.
struct Document: Sendable {
    var title: String
    /// The main text: the paragraphs that an extraction should find, and nothing else.
    var paragraphs: [String]
    /// Markup for the head, such as robots directives.
    var head = ""
    /// Markup before the links of the page.
    var before = ""
    /// The bytes of inline script that pad the page as real ones are padded.
    var padding = 0
    /// Whether banner, menu, sidebar and footer surround the text.
    var hasLayout = true
    var charset = Charset.utf8

    /// The main text, one line for each paragraph.
    var text: String { paragraphs.joined(separator: "\n") }
}

/// How a document is encoded and what it says about it.
enum Charset: Sendable {
    case utf8
    /// The header names utf-8 but the bytes are windows-1251, which only the meta element says.
    case mislabelled1251
    case shiftJIS
    case utf16WithMark
    /// Latin 1, said by a meta element that begins within the first 1024 bytes only just.
    case lateMeta
}

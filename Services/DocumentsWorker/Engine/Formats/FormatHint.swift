/// What the name and the declared type of a document suggest; the content decides first.
enum FormatHint: UInt64, Sendable {
    case none, plain, markdown, html, csv, json, xml, mail

    /// Reads a file name's extension, then a media type.
    init(name: String, declaredType: String?) {
        let type = declaredType?.lowercased().prefix { $0 != ";" }.filter { $0 != " " }
        let suffix = name.lowercased().split(separator: ".", omittingEmptySubsequences: false).last.map(String.init)
        let suggestions = [suffix, type].compactMap { $0 }
        func suggest(_ names: [String]) -> Bool { suggestions.contains(where: names.contains) }
        self =
            if suggest(["md", "markdown", "mkd", "mdown", "text/markdown", "text/x-markdown"]) {
                .markdown
            } else if suggest(["html", "htm", "xhtml", "text/html", "application/xhtml+xml"]) {
                .html
            } else if suggest(["csv", "tsv", "tab", "text/csv", "text/tab-separated-values"]) {
                .csv
            } else if suggest(["json", "jsonl", "ndjson", "application/json", "application/x-ndjson"]) {
                .json
            } else if suggest(["xml", "text/xml", "application/xml"]) {
                .xml
            } else if suggest(["eml", "mbox", "message/rfc822", "application/mbox"]) {
                .mail
            } else if suggest(["txt", "text", "log", "text/plain"]) {
                .plain
            } else {
                .none
            }
    }
}

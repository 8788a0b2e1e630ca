import Markup

/// The head that `pdftotext -bbox-layout` writes: one element a line, four characters escaped.
enum PopplerHead {
    static func read(_ head: ArraySlice<UInt8>, into metadata: inout DocumentMetadata) {
        let text = String(decoding: head.filter { !$0.isUnwantedControl }, as: UTF8.self)
        if let title = between("<title>", "</title>", in: text) { metadata.set("title", title) }
        let names = [
            "Subject": "subject", "Author": "author", "Producer": "producer", "CreationDate": "created",
            "ModDate": "modified",
        ]
        for (name, field) in names {
            guard let value = between("<meta name=\"\(name)\" content=\"", "\"/>", in: text) else { continue }
            metadata.set(field, value)
        }
    }

    private static func between(_ start: String, _ end: String, in text: String) -> String? {
        guard let opening = text.firstRange(of: start),
            let closing = text[opening.upperBound...].firstRange(of: end)
        else { return nil }
        return unescaped(text[opening.upperBound..<closing.lowerBound])
    }

    static func unescaped(_ text: Substring) -> String {
        String(text).replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
            .replacing("&amp;", with: "&")
    }
}

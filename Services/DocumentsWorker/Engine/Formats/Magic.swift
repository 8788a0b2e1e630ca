/// Tells formats from the first bytes of a file.
enum Magic {
    static let headerLength = 1024

    static func isZip(_ header: [UInt8]) -> Bool {
        header.starts(with: [0x50, 0x4B, 0x03, 0x04]) || header.starts(with: [0x50, 0x4B, 0x05, 0x06])
    }

    /// How files begin that are compressed as a whole: gzip, bzip2, xz, Zstandard.
    private static let compressed: [[UInt8]] = [
        [0x1F, 0x8B], Array("BZh".utf8), [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], [0x28, 0xB5, 0x2F, 0xFD],
    ]

    /// What may hold other documents: a TAR shows as all programs have written it since 1988 (POSIX.1, ustar interchange format).
    static func isContainer(_ header: [UInt8]) -> Bool {
        isZip(header) || isOLE(header) || header.dropFirst(257).starts(with: "ustar".utf8)
            || compressed.contains { header.starts(with: $0) }
    }

    /// The container of the old Office formats, and of new ones with a password.
    static func isOLE(_ header: [UInt8]) -> Bool {
        header.starts(with: [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])
    }

    /// How a text is read, by its content, and where that leaves a doubt by its name. Markdown may begin with HTML elements, a plain
    /// text may have as many commas in each line as a table.
    static func textFormat(_ header: [UInt8], type: String, hint: FormatHint) -> FormatHint {
        // Every other byte of UTF-16 is NUL in markup.
        let start = String(decoding: header.filter { $0 != 0 }, as: UTF8.self).lowercased()
            .drop { !$0.isASCII || $0.isWhitespace }
        let isDocument = ["<!doctype html", "<html", "<head", "<body"].contains { start.hasPrefix($0) }
        if isDocument || (start.hasPrefix("<?xml") && start.contains("<html")) { return .html }
        if hint != .none { return hint }
        let elements = [
            "<title", "<meta", "<script", "<div", "<p>", "<p ", "<h1", "<h2", "<h3", "<ul", "<ol", "<table", "<section",
            "<article", "<span", "<!--",
        ]
        if elements.contains(where: { start.hasPrefix($0) }) { return .html }
        switch type {
        case "text/csv": return .csv
        case "text/html": return .html
        case "application/json", "application/x-ndjson": return .json
        case _ where type.hasSuffix("xml"): return .xml
        default: return .plain
        }
    }
}

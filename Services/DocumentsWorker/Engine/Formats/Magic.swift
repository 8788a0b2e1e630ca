/// Tells formats from the first bytes of a file.
enum Magic {
    static let headerLength = 1024

    static func isZip(_ header: [UInt8]) -> Bool {
        header.starts(with: [0x50, 0x4B, 0x03, 0x04]) || header.starts(with: [0x50, 0x4B, 0x05, 0x06])
    }

    /// A zip, or a TAR as all programs have written it since 1988 (POSIX.1, ustar interchange format).
    static func isArchive(_ header: [UInt8]) -> Bool {
        isZip(header) || header.dropFirst(257).starts(with: "ustar".utf8)
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

/// Tells formats from the first bytes of a file.
enum Magic {
    static let headerLength = 1024
    static let ole = "application/x-ole-storage"

    private static let types: [(bytes: [UInt8], type: String)] = [
        ([0x89, 0x50, 0x4E, 0x47], "image/png"), ([0xFF, 0xD8, 0xFF], "image/jpeg"), (Array("GIF8".utf8), "image/gif"),
        (Array("II*\0".utf8), "image/tiff"), (Array("MM\0*".utf8), "image/tiff"),
        ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], ole), (Array("{\\rtf".utf8), "application/rtf"),
        ([0x1F, 0x8B], "application/gzip"), (Array("BZh".utf8), "application/x-bzip2"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "application/x-xz"), ([0x28, 0xB5, 0x2F, 0xFD], "application/zstd"),
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "application/x-7z-compressed"),
        (Array("Rar!".utf8), "application/vnd.rar"), ([0x7F, 0x45, 0x4C, 0x46], "application/x-executable"),
        (Array("%!PS".utf8), "application/postscript"), (Array("SQLite format 3".utf8), "application/vnd.sqlite3"),
        (Array("OggS".utf8), "application/ogg"), (Array("ID3".utf8), "audio/mpeg"),
    ]

    static func isZip(_ header: [UInt8]) -> Bool {
        header.starts(with: [0x50, 0x4B, 0x03, 0x04]) || header.starts(with: [0x50, 0x4B, 0x05, 0x06])
    }

    /// The media type of a format that is known and not read here.
    static func unsupportedType(_ header: [UInt8]) -> String? {
        types.first { header.starts(with: $0.bytes) }?.type
    }

    /// HTML when the content says so; Markdown may begin with HTML elements, so there the name decides.
    static func textFormat(_ header: [UInt8], hint: FormatHint) -> FormatHint {
        // Every other byte of UTF-16 is NUL in markup.
        let start = String(decoding: header.filter { $0 != 0 }, as: UTF8.self).lowercased()
            .drop { !$0.isASCII || $0.isWhitespace }
        let isDocument = ["<!doctype html", "<html", "<head", "<body"].contains { start.hasPrefix($0) }
        if isDocument || (start.hasPrefix("<?xml") && start.contains("<html")) { return .html }
        if hint == .markdown || hint == .html { return hint }
        let elements = ["<title", "<meta", "<script", "<div", "<p>", "<h1", "<table", "<!--"]
        return hint == .none && elements.contains { start.hasPrefix($0) } ? .html : .plain
    }
}

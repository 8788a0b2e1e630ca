import CMagic
import Markup

/// Tells what a file is from its content, by libmagic.
enum ContentType {
    /// How much of a file is looked at.
    static let sampleLength = 1 << 20

    /// Opened by the helper's only thread before it forks the first child; each child has a copy of its own.
    private nonisolated(unsafe) static var database: magic_t?

    /// Reads the database, which takes longer than most documents do: once for all children.
    static func load() {
        // Nothing is unpacked, and no program is analysed, only to give it a name.
        database = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF)
        guard let opened = database, magic_load(opened, nil) != 0 else { return }
        magic_close(opened)
        database = nil
    }

    /// The media type of a file that begins with these bytes; `application/octet-stream` for what nobody knows.
    static func of(_ bytes: [UInt8]) throws(ExtractionError) -> String {
        guard let database else { throw .unavailable("libmagic has no database; install libmagic1") }
        let type = bytes.withUnsafeBytes { magic_buffer(database, $0.baseAddress, $0.count) }
        return type.map { String(cString: $0) } ?? "application/octet-stream"
    }
}

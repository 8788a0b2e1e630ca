import CLibArchive
import Foundation

/// What the parts of an archive have inflated to so far, counted as it is read whatever sizes the archive declares.
final class InflationBudget {
    let limit: Int
    private var used = 0

    init(limit: Int) { self.limit = limit }

    /// Counts bytes; false when the limit is passed.
    func spend(_ count: Int) -> Bool {
        used += count
        return used <= limit
    }

    /// Whether the limit is passed.
    var isSpent: Bool { used > limit }
}

/// One named part of the archive on standard input, inflated as it is read.
final class ZipPart: ByteSource {
    private static let mostEntries = 10_000
    private static let blockSize = 64 << 10

    private let archive: OpaquePointer
    private let budget: InflationBudget
    private let format: String
    private var message: String?

    /// Opens the part; nil when the archive has none of this name. Only one part can be open at a time: they share the descriptor.
    init?(_ name: String, of format: String, budget: InflationBudget) throws(ExtractionError) {
        let archive = try Self.open(format)
        self.archive = archive
        self.budget = budget
        self.format = format
        for _ in 0..<Self.mostEntries {
            var entry: OpaquePointer?
            let result = archive_read_next_header(archive, &entry)
            if result == ARCHIVE_EOF { return nil }
            guard result >= ARCHIVE_WARN, let entry else { throw .corrupt(format, Self.message(archive)) }
            guard Self.name(of: entry) == name else { continue }
            if archive_entry_is_data_encrypted(entry) != 0 {
                throw ExtractionError(.encrypted, "the archive needs a password: save the document without one")
            }
            return
        }
        throw ExtractionError(.tooLarge, "the archive has over \(Self.mostEntries) entries: it is no document")
    }

    deinit { archive_read_free(archive) }

    private static func open(_ format: String) throws(ExtractionError) -> OpaquePointer {
        lseek(STDIN_FILENO, 0, SEEK_SET)
        guard let archive = archive_read_new() else { throw .outOfMemory }
        // By the directory at the end only: an archive that lost it may have lost parts as well.
        guard archive_read_support_format_zip_seekable(archive) >= ARCHIVE_WARN,
            archive_read_open_fd(archive, STDIN_FILENO, blockSize) == ARCHIVE_OK
        else {
            let detail = message(archive)
            archive_read_free(archive)
            throw .corrupt(format, detail)
        }
        return archive
    }

    private static func message(_ archive: OpaquePointer) -> String {
        archive_error_string(archive).map { String(cString: $0) } ?? "unreadable archive"
    }

    /// The names of the entries.
    static func names(of format: String) throws(ExtractionError) -> Set<String> {
        let archive = try open(format)
        defer { archive_read_free(archive) }
        var names: Set<String> = []
        var entry: OpaquePointer?
        for _ in 0..<mostEntries {
            guard archive_read_next_header(archive, &entry) >= ARCHIVE_WARN, let entry else { break }
            if let name = name(of: entry) { names.insert(name) }
        }
        return names
    }

    /// Nil for a name that is in no encoding that anybody knows; no part of a document has one.
    private static func name(of entry: OpaquePointer) -> String? {
        (archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)).map { String(cString: $0) }
    }

    func read(into buffer: UnsafeMutableRawPointer?, count: Int) -> Int {
        let read = archive_read_data(archive, buffer, count)
        if read < 0 { message = Self.message(archive) }
        guard read >= 0, budget.spend(read) else { return -1 }
        return read
    }

    var failure: ExtractionError? {
        if budget.isSpent { return .tooLarge("the archive inflates", limit: budget.limit) }
        return message.map { .corrupt(format, $0) }
    }
}

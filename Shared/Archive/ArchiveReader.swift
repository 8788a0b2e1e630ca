import CLibArchive
import Foundation
import Markup

/// The archive in a file, entry by entry. One at a time can be open: they share the descriptor.
package final class ArchiveReader {
    /// How the entries are found.
    package enum Layout {
        /// By the directory at the end only: an archive that lost it may have lost parts as well.
        case zip
        /// One after the other, compressed as a whole or not.
        case tar
    }

    /// What libmagic calls a TAR, and what one may be compressed by.
    package static let tarTypes: Set<String> = [
        "application/x-tar", "application/gzip", "application/x-gzip", "application/x-bzip2", "application/x-xz",
        "application/zstd", "application/x-zstd",
    ]
    private static let blockSize = 64 << 10

    private let archive: OpaquePointer
    private let format: String

    /// Reads from the descriptor, standard input by default. Throws `corrupt` by the name of the format.
    package init(
        _ layout: Layout, of format: String, descriptor: Int32 = STDIN_FILENO
    ) throws(ExtractionError) {
        lseek(descriptor, 0, SEEK_SET)
        guard let archive = archive_read_new() else { throw .outOfMemory }
        self.archive = archive
        self.format = format
        guard Self.supports(layout, archive), archive_read_open_fd(archive, descriptor, Self.blockSize) == ARCHIVE_OK
        else { throw failure }
    }

    deinit { archive_read_free(archive) }

    private static func supports(_ layout: Layout, _ archive: OpaquePointer) -> Bool {
        switch layout {
        case .zip: archive_read_support_format_zip_seekable(archive) >= ARCHIVE_WARN
        case .tar:
            [
                archive_read_support_format_tar, archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
                archive_read_support_filter_xz, archive_read_support_filter_zstd,
            ].allSatisfy { $0(archive) >= ARCHIVE_WARN }
        }
    }

    /// The next entry; nil after the last. It is valid until the call after this one.
    package func next() throws(ExtractionError) -> ArchiveEntry? {
        var entry: OpaquePointer?
        let result = archive_read_next_header(archive, &entry)
        if result == ARCHIVE_EOF { return nil }
        guard result >= ARCHIVE_WARN, let entry else { throw failure }
        return ArchiveEntry(entry)
    }

    /// Reads up to `count` bytes of the entry; 0 at its end, -1 on failure.
    package func read(into buffer: UnsafeMutableRawPointer?, count: Int) -> Int {
        max(archive_read_data(archive, buffer, count), -1)
    }

    /// Why the last call failed.
    package var failure: ExtractionError {
        .corrupt(format, archive_error_string(archive).map { String(cString: $0) } ?? "unreadable archive")
    }

    /// Whether an entry is passed over without reading it.
    package var canSkip: Bool { archive_filter_count(archive) == 1 }
}

/// One entry of an archive.
package struct ArchiveEntry {
    private let entry: OpaquePointer

    fileprivate init(_ entry: OpaquePointer) { self.entry = entry }

    /// Nil for a name that is in no encoding that anybody knows; no part of a document has one.
    package var name: String? {
        (archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)).map { String(cString: $0) }
    }

    /// The name in the encoding that it is most likely to be in.
    package var label: String {
        if let name = archive_entry_pathname_utf8(entry) { return String(cString: name) }
        guard let name = archive_entry_pathname(entry) else { return "" }
        let bytes = Array(UnsafeRawBufferPointer(start: name, count: strlen(name)))
        // A name without any encoding is shown with its letters that are known.
        return (try? DecodedText(bytes).text) ?? String(decoding: bytes, as: UTF8.self)
    }

    package var isEncrypted: Bool { archive_entry_is_data_encrypted(entry) != 0 }
    package var isFolder: Bool { archive_entry_filetype(entry) == S_IFDIR }
    /// What the archive says, be it true or not; nil when it does not say.
    package var declaredSize: Int? { archive_entry_size_is_set(entry) != 0 ? Int(archive_entry_size(entry)) : nil }

    /// What an entry is that is no file; nil for a file.
    package var otherKind: String? {
        if archive_entry_hardlink(entry) != nil || archive_entry_hardlink_utf8(entry) != nil { return "hard link" }
        return switch archive_entry_filetype(entry) {
        case S_IFREG: nil
        case S_IFLNK: "symbolic link"
        default: "device"
        }
    }
}

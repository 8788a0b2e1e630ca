import Archive
import Foundation
import Markup

/// An XLSX file. Its parts are inflated as they are read, one at a time; nothing but the shared texts is kept.
public final class WorkbookFile {
    let archive: DocumentArchive
    let parts: WorkbookParts
    private let file: FileHandle
    private let sharedBytes: Int

    /// Opens a workbook.
    ///
    /// - Parameters:
    ///   - inflation: how much its parts may become in all, however often they are read.
    ///   - sharedBytes: how many bytes the texts that cells share may have.
    /// - Throws: `TableError`.
    public init(path: String, inflation: InflationLimits = InflationLimits(), sharedBytes: Int = 256 << 20)
        throws(TableError)
    {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TableError(.unreadable, "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        self.sharedBytes = sharedBytes
        let size = Int(lseek(descriptor, 0, SEEK_END))
        let most = inflation.most(from: size)
        do throws(ExtractionError) {
            let names = try ZipPart.names(of: "XLSX", descriptor: descriptor)
            guard names.contains(WorkbookParts.mainPart) else {
                throw .corrupt("XLSX", "there is no workbook in the archive")
            }
            archive = DocumentArchive(format: "XLSX", names: names, inflatedBytes: most, descriptor: descriptor)
            parts = try WorkbookParts(archive)
        } catch { throw TableError(error) }
    }

    /// The names of its sheets, in order, also of hidden ones.
    public var sheets: [String] { parts.sheets.map(\.name) }

    /// The part of the sheet of this name, or of this number from 1; of the first for nil.
    func part(of sheet: String?) throws(ExtractionError) -> String {
        let found =
            if let sheet {
                parts.sheets.first { $0.name == sheet }
                    ?? Int(sheet).flatMap { parts.sheets.indices.contains($0 - 1) ? parts.sheets[$0 - 1] : nil }
            } else {
                parts.sheets.first
            }
        guard let found else {
            let names = sheets.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
            throw ExtractionError(.unsupported, "the workbook has no sheet '\(sheet ?? "")'; it has \(names)")
        }
        guard let part = found.part else { throw .corrupt("XLSX", "the sheet '\(found.name)' has no part") }
        return part
    }

    func strings() throws(TableError) -> SharedStrings {
        var strings = SharedStrings()
        do throws(ExtractionError) {
            try parts.eachSharedString(archive) { text throws(ExtractionError) in
                strings.append(text)
                guard strings.size <= sharedBytes else {
                    throw .tooLarge("the texts that cells share are", limit: sharedBytes)
                }
            }
        } catch { throw TableError(error) }
        return strings
    }
}

/// The texts to which cells refer by number, in one buffer: an array of strings would take several times the memory.
struct SharedStrings {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    /// What they take, in bytes.
    var size: Int { bytes.count + ends.count * 8 }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        ends.append(bytes.count)
    }

    subscript(index: Int) -> String? {
        guard ends.indices.contains(index) else { return nil }
        return String(decoding: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]], as: UTF8.self)
    }
}

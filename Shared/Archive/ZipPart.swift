import Foundation
import Markup

/// What the parts of an archive have inflated to so far, counted as it is read whatever sizes the archive declares.
package final class InflationBudget {
    /// How many bytes the parts may have in all.
    package let limit: Int
    private var used = 0

    /// Allows so many bytes.
    package init(limit: Int) { self.limit = limit }

    /// Counts bytes; false when the limit is passed.
    package func spend(_ count: Int) -> Bool {
        used += count
        return used <= limit
    }

    /// Whether the limit is passed.
    package var isSpent: Bool { used > limit }
}

/// One named part of a zip archive, inflated as it is read.
package final class ZipPart: ByteSource {
    private static let mostEntries = 10_000

    private let archive: ArchiveReader
    private let budget: InflationBudget
    private var problem: ExtractionError?

    /// Opens the part; nil when the archive has none of this name. Only one part can be open at a time: they share the descriptor.
    package init?(
        _ name: String, of format: String, budget: InflationBudget, descriptor: Int32 = STDIN_FILENO
    ) throws(ExtractionError) {
        archive = try ArchiveReader(.zip, of: format, descriptor: descriptor)
        self.budget = budget
        for _ in 0..<Self.mostEntries {
            guard let entry = try archive.next() else { return nil }
            guard entry.name == name else { continue }
            if entry.isEncrypted {
                throw ExtractionError(.encrypted, "the archive needs a password: save the document without one")
            }
            return
        }
        throw ExtractionError(.tooLarge, "the archive has over \(Self.mostEntries) entries: it is no document")
    }

    /// The names of the entries, as far as they can be read.
    package static func names(
        of format: String, descriptor: Int32 = STDIN_FILENO
    ) throws(ExtractionError) -> Set<String> {
        let archive = try ArchiveReader(.zip, of: format, descriptor: descriptor)
        var names: Set<String> = []
        for _ in 0..<mostEntries {
            // What is missing shows when it is wanted.
            guard let entry = try? archive.next() else { break }
            if let name = entry.name { names.insert(name) }
        }
        return names
    }

    /// Reads up to `count` bytes of the part; 0 at its end, -1 on failure.
    package func read(into buffer: UnsafeMutableRawPointer?, count: Int) -> Int {
        let read = archive.read(into: buffer, count: count)
        if read < 0 { problem = archive.failure }
        guard read >= 0, budget.spend(read) else { return -1 }
        return read
    }

    /// Why reading failed.
    package var failure: ExtractionError? {
        budget.isSpent ? .tooLarge("the archive inflates", limit: budget.limit) : problem
    }
}

import Archive
import Foundation
import Markup

/// An archive of files: its text is their list, each file is a document inside it.
struct ArchiveCollection {
    /// Entries that are looked at, also those that are no documents.
    private static let mostEntries = 100_000
    /// Links and the like that are worth a line.
    private static let mostNotes = 1000
    private static let pieceLength = 64 << 10
    /// What systems leave behind in folders.
    private static let junk: Set<String> = [".ds_store", "thumbs.db", "desktop.ini"]

    private let reader: ArchiveReader
    private var output: MemberOutput
    private var rows: [(label: String, size: Int?, note: String)] = []
    private var notes = 0

    /// - Parameter type: what libmagic calls it.
    static func parse(
        _ layout: ArchiveReader.Layout, type: String, _ request: ChildRequest
    ) throws(ExtractionError) -> ParsedDocument {
        let reader: ArchiveReader
        do throws(ExtractionError) {
            reader = try ArchiveReader(layout, of: layout == .zip ? "zip" : "TAR")
        } catch {
            guard layout == .tar, type != "application/x-tar" else { throw error }
            throw .unsupported(type, hint: "of compressed files only TAR archives are unpacked: unpack it first")
        }
        var collection = ArchiveCollection(reader: reader, output: MemberOutput(request))
        try collection.read()
        return try collection.document(type, limit: request.outputBytes)
    }

    private init(reader: ArchiveReader, output: MemberOutput) {
        self.reader = reader
        self.output = output
    }

    private mutating func read() throws(ExtractionError) {
        var entries = 0
        do throws(ExtractionError) {
            while let entry = try reader.next() {
                entries += 1
                guard entries <= Self.mostEntries else {
                    return output.fallShort(
                        ExtractionError(.tooManyMembers, "over \(Self.mostEntries) entries: split the archive"))
                }
                guard try take(entry) else { return }
            }
        } catch {
            guard entries > 0 else { throw error }
            return output.fallShort(error)
        }
        if entries == 0 { throw .empty }
    }

    /// Takes one entry; false when there is no use in going on.
    private mutating func take(_ entry: ArchiveEntry) throws(ExtractionError) -> Bool {
        let label = Member.label(entry.label)
        guard !Self.isJunk(label), !entry.isFolder else { return true }
        if let kind = entry.otherKind {
            notes += 1
            if notes <= Self.mostNotes { rows.append((label, nil, "\(kind), not read")) }
            return true
        }
        guard output.begin(label) else { return false }
        var size = entry.declaredSize
        var failure: ExtractionError?
        var goesOn = true
        if entry.isEncrypted {
            failure = ExtractionError(.encrypted, "the file needs a password: unpack the archive and upload it")
        } else if let size, !output.hasRoom(for: size) {
            // What it says may be wrong, but then it is not sound either.
            failure = .membersTooLarge
            goesOn = reader.canSkip
        } else {
            (size, failure) = copy()
            goesOn = !output.isFull
        }
        output.end(failure)
        rows.append((label, size, failure.map { $0.code.rawValue.replacing("_", with: " ") } ?? ""))
        if !goesOn { output.fallShort(.membersTooLarge) }
        return goesOn
    }

    private mutating func copy() -> (size: Int, ExtractionError?) {
        var size = 0
        var piece = [UInt8](repeating: 0, count: Self.pieceLength)
        while true {
            let count = piece.withUnsafeMutableBytes { reader.read(into: $0.baseAddress, count: $0.count) }
            guard count > 0 else { return (size, count < 0 ? reader.failure : nil) }
            guard piece.withUnsafeBytes({ output.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }) else {
                return (size, .membersTooLarge)
            }
            size += count
        }
    }

    private static func isJunk(_ label: String) -> Bool {
        let path = label.split(separator: "/")
        guard let name = path.last?.lowercased() else { return false }
        return path.contains("__MACOSX") || name.hasPrefix("._") || junk.contains(name)
    }

    private consuming func document(_ type: String, limit: Int) throws(ExtractionError) -> ParsedDocument {
        var builder = DocumentBuilder(limit: limit)
        let hasNotes = rows.contains { !$0.note.isEmpty }
        var table = [["Path", "Bytes"] + (hasNotes ? ["Note"] : [])]
        table += rows.map { row in
            [row.label, row.size.map { String($0) } ?? ""] + (hasNotes ? [row.note] : [])
        }
        // Without a file there is nothing to list.
        if table.count > 1 { try builder.table(table.map { $0.map { InlineText($0) } }) }
        return builder.finish(DocumentMetadata(mediaType: type))
    }
}

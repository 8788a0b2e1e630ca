import Compression
import Foundation
import JSON
import Jobs
import WorkerKit

/// The files of an export on their way into the store.
struct ExportFiles {
    private struct Open {
        let file: any ExportFile
        let name: String
        let table: String?
        let compressor: (any Compressor)?
    }

    private let input: Export
    private let context: JobContext
    private let target: any ExportTarget
    private var open: Open?
    private var stored: [StoredExport] = []
    private var files: [ExportedFiles.File] = []
    /// How many files each table has.
    private var parts: [String: Int] = [:]
    private var rows = 0
    private var expected = 0
    private let source: Operator
    private let sink: Operator

    init(_ input: Export, _ target: any ExportTarget, _ context: JobContext) {
        (self.input, self.target, self.context) = (input, target, context)
        source = context.operator("read", kind: .source)
        sink = context.operator("write", kind: .sink)
    }

    mutating func take(_ piece: FilePiece) async throws {
        switch piece {
        case .begin(let table): try await begin(table)
        case .bytes(let piece): try await append(piece)
        case .counted(let more): count(more)
        case .expected(let rows): expected = rows
        case .end(let rows): try await end(rows)
        }
    }

    /// Removes what is stored, since it will not be whole. What cannot be removed, the next attempt clears away.
    mutating func discard() async {
        do {
            // A job that was cancelled clears away, too.
            try await Task { [target, file = open?.file, stored] in
                try await file?.discard()
                try await target.remove(stored)
            }.value
        } catch { context.log(.warning, "files of this attempt are left: \(error)") }
        (open, stored) = (nil, [])
    }

    /// The most files of an export: each has a place in the result and in the manifest.
    static let mostFiles = 10_000

    private mutating func begin(_ table: String?) async throws {
        guard files.count < Self.mostFiles else {
            throw JobFailure(
                code: "too_many_parts", message: "The export has over \(Self.mostFiles) files: make the parts larger.")
        }
        let name = fileName(table)
        let mediaType =
            switch input.compression {
            case nil: input.format.mediaType
            case .gzip: "application/gzip"
            case .zstd: "application/zstd"
            }
        open = Open(
            file: try await target.begin(name: name, mediaType: mediaType), name: name, table: table,
            compressor: try input.compression?.compressor())
    }

    private mutating func append(_ piece: [UInt8]) async throws {
        guard let open else { preconditionFailure("bytes belong to a file") }
        source.gave(records: 0, bytes: piece.count)
        if let compressor = open.compressor {
            let ready = try compressor.compress(piece)
            if !ready.isEmpty { try await store(ready, in: open) }
        } else {
            try await store(piece, in: open)
        }
    }

    private func store(_ bytes: [UInt8], in open: Open) async throws {
        try await open.file.append(bytes)
        sink.gave(records: 0, bytes: bytes.count)
    }

    private mutating func count(_ more: Int) {
        rows += more
        source.gave(records: more)
        sink.took(records: more)
        context.report(completed: Double(rows), total: Double(max(expected, rows)), unit: "rows", phase: "reading")
    }

    private mutating func end(_ count: Int) async throws {
        guard let open else { preconditionFailure("an end belongs to a file") }
        if let compressor = open.compressor { try await store(compressor.finish(), in: open) }
        let file = try await open.file.finish()
        self.open = nil
        stored.append(file)
        files.append(
            ExportedFiles.File(
                id: file.record?.id, uri: file.uri, name: open.name, table: open.table, rows: count, size: file.size,
                sha256: file.sha256))
    }

    private mutating func fileName(_ table: String?) -> String {
        var name = input.name
        if let table {
            name = input.fileName(of: table)
            if input.parts.rows != nil || input.parts.bytes != nil {
                parts[table, default: 0] += 1
                name += String(format: "-%05d", parts[table, default: 1])
            }
        }
        return name + input.fileEnding
    }

    /// Makes the files known, all at once, and with them a manifest that tells what they hold.
    mutating func publish(_ tally: ExportTally) async throws -> ExportedFiles {
        let result = ExportedFiles(
            format: input.format.rawValue, compression: input.compression?.rawValue, rows: rows,
            snapshotAt: tally.snapshotAt, tables: tally.tables, artifacts: files,
            formulas: input.formulas.rawValue, neutralisedFields: tally.neutralised, cutTexts: tally.cutTexts)
        let manifest = try await target.begin(name: input.manifestName, mediaType: "application/json")
        do {
            try await manifest.append(JSON.encode(result).serialized() + [0x0A])
            stored.append(try await manifest.finish())
        } catch {
            open = Open(file: manifest, name: "", table: nil, compressor: nil)
            await discard()
            throw error
        }
        try await target.publish(stored)
        try await context.save(checkpoint: result)
        context.report(completed: Double(rows), total: Double(rows), unit: "rows", phase: "done")
        return result
    }
}

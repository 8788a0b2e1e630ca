import Compression
import Foundation
import JSON
import Jobs
import WorkerKit

/// The files of an export on their way into the store.
struct ExportFiles {
    private struct Open {
        let writer: ArtifactWriter
        let name: String
        let table: String?
        let compressor: (any Compressor)?
    }

    private let input: Export
    private let context: JobContext
    private var open: Open?
    private var records: [FileRecord] = []
    private var files: [ExportedFiles.File] = []
    /// How many files each table has.
    private var parts: [String: Int] = [:]
    private var rows = 0
    private var expected = 0
    private let source: Operator
    private let sink: Operator

    init(_ input: Export, _ context: JobContext) {
        (self.input, self.context) = (input, context)
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

    /// Removes what is stored: nothing tells of it.
    mutating func discard() async {
        if let open { await open.writer.discard() }
        open = nil
    }

    private mutating func begin(_ table: String?) async throws {
        let name = fileName(table)
        let mediaType =
            switch input.compression {
            case nil: input.format.mediaType
            case .gzip: "application/gzip"
            case .zstd: "application/zstd"
            }
        open = Open(
            writer: try await context.files.begin(name: name, mediaType: mediaType), name: name, table: table,
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
        try await open.writer.append(bytes)
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
        let record = try await open.writer.finish()
        self.open = nil
        records.append(record)
        files.append(
            ExportedFiles.File(
                id: record.id, name: open.name, table: open.table, rows: count, size: record.size, sha256: record.sha256
            ))
    }

    private mutating func fileName(_ table: String?) -> String {
        var name = input.name
        if let table {
            // A name that the client has chosen for a sheet may have what the name of a file must not.
            if input.sources.count > 1 { name += "-" + String(table.map { $0 == "/" || $0.isNewline ? "_" : $0 }) }
            if input.parts.rows != nil || input.parts.bytes != nil {
                parts[table, default: 0] += 1
                name += String(format: "-%05d", parts[table, default: 1])
            }
        }
        return name + "." + input.format.rawValue + (input.compression?.suffix ?? "")
    }

    /// Makes the files known, all at once, and with them a manifest that tells what they hold.
    mutating func publish(_ tally: ExportTally) async throws -> ExportedFiles {
        let result = ExportedFiles(
            format: input.format.rawValue, compression: input.compression?.rawValue, rows: rows,
            snapshotAt: tally.snapshotAt, tables: tally.tables, artifacts: files,
            formulas: input.formulas.rawValue, neutralisedFields: tally.neutralised, cutTexts: tally.cutTexts)
        let manifest = try await context.files.begin(name: input.name + ".manifest.json", mediaType: "application/json")
        do {
            try await manifest.append(JSON.encode(result).serialized() + [0x0A])
            records.append(try await manifest.finish())
        } catch {
            await manifest.discard()
            throw error
        }
        let adding = context.files.adding(records)
        try await context.write([adding])
        try await context.save(checkpoint: result)
        context.report(completed: Double(rows), total: Double(rows), unit: "rows", phase: "done")
        return result
    }
}

import Crypto
import Foundation
import JSON
import Jobs
import WorkerKit

/// Runs `document_processing`: one document after the other, each in a child process of its own.
///
/// A checkpoint after each document holds all that is finished, so a later attempt never repeats one. A document that cannot be
/// read costs itself: its error stands in the result and the job goes on.
struct DocumentsWorker: Worker {
    /// One more than there are cores: while one document waits for the disk, the others keep the cores busy.
    static let defaultSlots = ProcessInfo.processInfo.activeProcessorCount + 1
    static func jobType() throws -> JobType { try DocumentProcessing.jobType() }

    /// A document's whole text is in memory while it is cut and stored, once for each slot.
    private static let limits = ExtractionLimits(outputBytes: 16 << 20)

    let extractor: Extractor

    func perform(_ input: DocumentProcessing, in context: JobContext) async throws -> Outcome<ProcessedDocuments> {
        let chunker: Chunker
        do {
            chunker = try Chunker(size: input.chunking.size, overlap: input.chunking.overlap)
        } catch {
            return .reject(
                JobFailure(code: "invalid_chunking", message: "chunking.overlap must be at most half of chunking.size.")
            )
        }
        var result = try context.checkpoint(as: ProcessedDocuments.self) ?? ProcessedDocuments()
        if !result.documents.isEmpty {
            context.log(.info, "going on after \(result.documents.count) finished documents")
        }
        for (index, document) in input.inputs.enumerated().dropFirst(result.documents.count) {
            if context.stopReason != nil { return .stopped }
            try await process(
                document, at: index, of: input.inputs.count, chunker: chunker, context: context, into: &result)
            try await context.save(checkpoint: result)
        }
        context.report(
            completed: Double(result.pages), total: Double(result.pages), unit: "pages", phase: "done",
            numbers: [("documents", .int(Int64(result.documents.count)))])
        return .done(result)
    }

    private func process(
        _ input: DocumentProcessing.Input, at index: Int, of count: Int, chunker: Chunker, context: JobContext,
        into result: inout ProcessedDocuments
    ) async throws {
        var name = input.name ?? "document \(index + 1)"
        var size: Int64 = 0
        do {
            let source = try await source(of: input, context: context)
            name = input.name ?? source.name
            size = source.size
            let pagesBefore = result.pages
            let extracted = try await extractor.extract(
                path: source.path, name: name, declaredType: source.mediaType, limits: Self.limits
            ) { pages, total in
                // The pages of the documents to come are not known yet: a total is shown for the last one only.
                context.report(
                    completed: Double(pagesBefore + pages),
                    total: index == count - 1 ? total.map { Double(pagesBefore + $0) } : nil, unit: "pages",
                    phase: "document \(index + 1) of \(count)", numbers: [("documents", .int(Int64(index)))])
            }
            let (document, artifacts) = try await store(
                extracted, chunks: chunker.chunks(of: extracted), name: name, index: index, source: source,
                context: context)
            result.add(document, artifacts, bytes: size)
            context.log(
                .info,
                "\(name): \(document.pages.map { "\($0) pages" } ?? "no pages"), \(document.characters ?? 0) characters",
                operatorName: "extract")
        } catch let error as ExtractionError where error.code != .cancelled && error.code != .unavailable {
            fail(error.code.rawValue, error.message, mediaType: error.mediaType)
        } catch let failure as JobFailure {
            fail(failure.code, failure.message, mediaType: nil)
        }

        func fail(_ code: String, _ message: String, mediaType: String?) {
            var document = ProcessedDocument(index: index, name: name, status: "failed")
            document.mediaType = mediaType
            document.error = ProcessedDocument.Failure(code: code, message: message)
            result.add(document, [], bytes: size)
            context.log(.error, "\(name): \(message)", operatorName: "extract", details: ["code": .string(code)])
        }
    }

    private struct Source {
        let path: String
        let name: String
        let mediaType: String?
        let size: Int64
        let sha256: String?
    }

    private func source(of input: DocumentProcessing.Input, context: JobContext) async throws -> Source {
        if let id = input.fileID {
            let (record, path) = try await context.files.file(id)
            return Source(
                path: path, name: record.name, mediaType: record.mediaType, size: record.size, sha256: record.sha256)
        }
        let path = try context.files.path(of: input.url ?? "")
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw JobFailure(code: "unreadable", message: "\(input.url ?? "") is not a readable file.")
        }
        let name = String(path.split(separator: "/").last ?? "document")
        return Source(path: path, name: name, mediaType: nil, size: Int64(status.st_size), sha256: nil)
    }

    private func store(
        _ extracted: Extracted, chunks: [Chunk], name: String, index: Int, source: Source, context: JobContext
    ) async throws -> (ProcessedDocument, [ProcessedArtifact]) {
        let digest = try source.sha256 ?? FileDigest.sha256(ofFile: source.path)
        var document = ProcessedDocument(index: index, name: name, status: "completed")
        let metadata = extracted.metadata
        document.mediaType = metadata.mediaType
        document.sha256 = digest
        document.title = metadata.title
        document.author = metadata.author
        document.created = metadata.created
        document.modified = metadata.modified
        document.pages = extracted.pages.isEmpty ? nil : extracted.pages.count
        document.characters = extracted.text.unicodeScalars.count
        document.chunks = chunks.count
        document.pageErrors = extracted.pages.compactMap { page in
            page.error.map { ProcessedDocument.PageFailure(page: page.number, message: $0) }
        }
        var files: [(kind: String, name: String, mediaType: String, bytes: [UInt8])] = [
            ("text", "\(index)-\(name).txt", "text/plain; charset=utf-8", Array(extracted.text.utf8)),
            (
                "document", "\(index)-\(name).json", "application/json",
                DocumentJSON.bytes(of: extracted, chunks: chunks, name: name, sha256: digest)
            ),
        ]
        if let markdown = extracted.markdown {
            files.append(("markdown", "\(index)-\(name).md", "text/markdown; charset=utf-8", Array(markdown.utf8)))
        }
        // Together: each one waits for the disk.
        let artifacts = try await withThrowingTaskGroup(of: (Int, ProcessedArtifact).self) { group in
            for (place, file) in files.enumerated() {
                group.addTask {
                    let stored = try await context.files.store(
                        artifact: file.name, mediaType: file.mediaType, bytes: file.bytes)
                    return (
                        place,
                        ProcessedArtifact(
                            document: index, kind: file.kind, id: stored.id.text, name: stored.name,
                            mediaType: stored.mediaType, sizeBytes: stored.size, sha256: stored.sha256)
                    )
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        return (document, artifacts.sorted { $0.0 < $1.0 }.map(\.1))
    }
}

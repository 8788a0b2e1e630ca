import Crypto
import Foundation
import JSON
import Jobs
import WorkerKit

/// Runs `document_processing`: a few documents at a time, each in a child process of its own.
///
/// Order of effects for a document: its artifacts are on the disk, their rows are committed, the checkpoint that tells of it is
/// committed. A later attempt repeats what no checkpoint tells of, and stores the same artifacts under the same ids. The documents
/// finish in any order; the result has them in the order of the inputs.
///
/// A document that cannot be read costs itself: its error stands in the result and the job goes on.
///
/// Asked to stop at a checkpoint it begins no further document and finishes those under way; asked to stop now its children are killed.
struct DocumentsWorker: Worker {
    /// One more than there are cores: while one document waits for the disk, the others keep the cores busy.
    static let defaultSlots = width + 1
    static func jobType() throws -> JobType { try DocumentProcessing.jobType() }

    /// How many documents of one job are under way at a time, unless its client says otherwise.
    private static let width = ProcessInfo.processInfo.activeProcessorCount
    /// A document's whole text is in memory while it is cut and stored, once for each document under way.
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
        let finished = Set(result.documents.map(\.index))
        var waiting = input.inputs.enumerated().filter { !finished.contains($0.offset) }[...]
        let progress = PageProgress(
            of: input.inputs.count, finished: finished.count, pages: result.pages, context: context)
        try await withThrowingTaskGroup(of: FinishedDocument.self) { group in
            func startNext() {
                guard context.stopReason == nil, let (index, document) = waiting.popFirst() else { return }
                group.addTask {
                    try await process(document, at: index, chunker: chunker, progress: progress, context: context)
                }
            }
            for _ in 0..<(context.parallelism ?? Self.width) { startNext() }
            while let document = try await group.next() {
                startNext()
                result.add(document)
                progress.finish(document.document.index, pages: document.document.pages ?? 0)
                try await context.save(checkpoint: result)
            }
        }
        guard result.documents.count == input.inputs.count else { return .stopped }
        result.sort()
        return .done(result)
    }

    private func process(
        _ input: DocumentProcessing.Input, at index: Int, chunker: Chunker, progress: PageProgress, context: JobContext
    ) async throws -> FinishedDocument {
        var name = input.name ?? "document \(index + 1)"
        var size: Int64 = 0
        do {
            let source = try await source(of: input, context: context)
            name = input.name ?? source.name
            size = source.size
            let extracted = try await extractor.extract(
                path: source.path, name: name, declaredType: source.mediaType, limits: Self.limits
            ) { pages, total in progress.report(index, pages: pages, total: total) }
            let (document, artifacts) = try await store(
                extracted, chunks: chunker.chunks(of: extracted), name: name, index: index, source: source,
                context: context)
            context.log(
                .info,
                "\(name): \(document.pages.map { "\($0) pages" } ?? "no pages"), \(document.characters ?? 0) characters",
                operatorName: "extract")
            return FinishedDocument(document: document, artifacts: artifacts, bytes: size)
        } catch let error as ExtractionError where error.code != .cancelled && error.code != .unavailable {
            return failed(error.code.rawValue, error.message, mediaType: error.mediaType)
        } catch let failure as JobFailure {
            return failed(failure.code, failure.message, mediaType: nil)
        }

        func failed(_ code: String, _ message: String, mediaType: String?) -> FinishedDocument {
            var document = ProcessedDocument(index: index, name: name, status: "failed")
            document.mediaType = mediaType
            document.error = ProcessedDocument.Failure(code: code, message: message)
            context.log(.error, "\(name): \(message)", operatorName: "extract", details: ["code": .string(code)])
            return FinishedDocument(document: document, artifacts: [], bytes: size)
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
        let markdown = extracted.markdown
        let kinds = ["text", "document"] + (markdown == nil ? [] : ["markdown"])
        var files = [
            JobFiles.Artifact(
                name: "\(index)-\(name).txt", mediaType: "text/plain; charset=utf-8", bytes: Array(extracted.text.utf8)),
            JobFiles.Artifact(
                name: "\(index)-\(name).json", mediaType: "application/json",
                bytes: DocumentJSON.bytes(of: extracted, chunks: chunks, name: name, sha256: digest)),
        ]
        if let markdown {
            files.append(
                JobFiles.Artifact(
                    name: "\(index)-\(name).md", mediaType: "text/markdown; charset=utf-8", bytes: Array(markdown.utf8))
            )
        }
        let artifacts = try await zip(kinds, context.files.store(files)).map { kind, stored in
            ProcessedArtifact(
                document: index, kind: kind, id: stored.id.text, name: stored.name, mediaType: stored.mediaType,
                sizeBytes: stored.size, sha256: stored.sha256)
        }
        return (document, artifacts)
    }
}

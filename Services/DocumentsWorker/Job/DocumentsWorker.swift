import Foundation
import JSON
import Jobs
import WorkerKit

/// Runs `document_processing`: a few documents at a time, each in a child process of its own.
///
/// Order of effects for a document: its artifacts are on the disk, their rows are committed, the rows of its pages, its chunks and
/// itself are (see `DocumentRows`), the checkpoint whose entry tells of it is. A later attempt repeats what no entry tells of, and
/// stores the same artifacts and rows under the same ids. The documents finish in any order; the result has them in the order of the
/// inputs. Each is stored in one entry, so a checkpoint costs the same after the thousandth document as after the first.
///
/// A document that cannot be read costs itself: its error stands in the result and the job goes on.
///
/// Asked to stop at a checkpoint it begins no further document and finishes those under way; asked to stop now its children are killed.
struct DocumentsWorker: Worker {
    /// One more than there are cores: while one document waits for the disk, the others keep the cores busy.
    static let defaultSlots = width + 1
    static func jobType() throws -> JobType { try DocumentProcessing.jobType() }

    /// How many documents of one job are under way at a time, unless its client says otherwise; each in a lane of its own.
    private static let width = ProcessInfo.processInfo.activeProcessorCount

    /// The state of a checkpoint; what is finished stands in its entries.
    private struct State: Codable {
        let documents: Int
        let pages: Int
    }

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
        var result = ProcessedDocuments()
        for document in try await context.finished(as: FinishedDocument.self) { result.add(document) }
        let pages = result.documents.reduce(0) { $0 + $1.countedPages }
        if !result.documents.isEmpty {
            context.log(.info, "going on after \(result.documents.count) finished documents")
            context.goOn(from: Double(pages))
        }
        let finished = Set(result.documents.map(\.index))
        var waiting = input.inputs.enumerated().filter { !finished.contains($0.offset) }[...]
        let progress = PageProgress(
            of: input.inputs.count, finished: finished.count, pages: pages, context: context)
        let width = min(context.parallelism ?? Self.width, waiting.count)
        var freeLanes = (0..<width).map { Stages(lane: $0, context: context) }
        try await withThrowingTaskGroup(of: (FinishedDocument, Stages).self) { group in
            func startNext() {
                guard context.stopReason == nil, let stages = freeLanes.last, let (index, next) = waiting.popFirst()
                else { return }
                freeLanes.removeLast()
                let passage = DocumentPassage(
                    input: next, index: index, stages: stages, extractor: extractor, chunker: chunker,
                    recognition: input.ocr.choice, progress: progress, context: context)
                group.addTask { (try await passage.run(), stages) }
            }
            for _ in freeLanes { startNext() }
            while let (document, stages) = try await group.next() {
                freeLanes.append(stages)
                startNext()
                result.add(document)
                progress.finish(document.document.index, pages: document.document.countedPages)
                try await context.save(
                    checkpoint: State(documents: result.documents.count, pages: result.pages), finished: [document])
            }
        }
        guard result.documents.count == input.inputs.count else { return .stopped }
        result.sort()
        return .done(result)
    }
}

import Foundation
import JSON
import Jobs
import WorkerKit

/// Runs `document_processing`: a few documents at a time, each in a child process of its own.
///
/// Order of effects for a document: its artifacts are on the disk, their rows are committed, the rows of its pages, its chunks and
/// itself are (see `DocumentRows`), the checkpoint whose entry tells of it is. A later attempt repeats what no entry tells of, and
/// stores the same artifacts and rows under the same ids. The documents finish in any order; the result has them in the order of the
/// inputs. Each is stored in one entry, so a checkpoint costs the same after the thousandth document as after the first. A long PDF has
/// an entry for each range of its pages as well.
///
/// A document that cannot be read costs itself: its error stands in the result and the job goes on. So does one inside another: an input
/// is done with, and has its entry, when all that it holds is.
///
/// Asked to stop at a checkpoint it begins no further document and finishes those under way; asked to stop now its children are killed.
struct DocumentsWorker: Worker {
    /// One more than there are cores: while one document waits for the disk, the others keep the cores busy.
    static let defaultSlots = width + 1
    static func jobType() throws -> JobType { try DocumentProcessing.jobType() }

    /// How many documents of one job are under way at a time, unless its client says otherwise; each in a lane of its own.
    private static let width = ProcessInfo.processInfo.activeProcessorCount

    /// Documents inside the inputs of one job: the result and its checkpoints tell of each, and stand in the memory of those who read them.
    private static let mostMembers = 20_000

    /// Pages of one job that have pictures, for the same reason: each input has its share, so that it does not matter which is read first.
    private static let mostImages = 20_000

    let extractor: Extractor
    let fetcher: Fetcher

    func perform(_ input: DocumentProcessing, in context: JobContext) async throws -> Outcome<ProcessedDocuments> {
        let chunker: Chunker
        do {
            chunker = try Chunker(size: input.chunking.size, overlap: input.chunking.overlap)
        } catch {
            return .reject(
                JobFailure(code: "invalid_chunking", message: "chunking.overlap must be at most half of chunking.size.")
            )
        }
        let saved = try await context.finished(as: SavedEntry.self)
        var finished = saved.compactMap(\.finished)
        let pages = finished.reduce(0) { $0 + $1.countedPages }
        if !finished.isEmpty {
            context.log(.info, "going on after \(finished.count) finished inputs")
            context.goOn(from: Double(pages))
        }
        let done = Set(finished.map(\.index))
        var waiting = input.inputs.enumerated().filter { !done.contains($0.offset) }[...]
        let progress = PageProgress(
            of: input.inputs.count, finished: finished.count, pages: pages,
            images: finished.reduce(0) { $0 + $1.imagePages }, context: context)
        let checkpoints = Checkpoints(context, kept: saved.filter { $0.finished == nil }, progress: progress)
        await checkpoints.removePages(ofInputs: done)
        let tools = DocumentTools(
            fetcher: fetcher, extractor: extractor, chunker: chunker, recognition: input.ocr.choice,
            furniture: input.headersFooters, images: input.pageImages,
            mostImages: Self.mostImages / input.inputs.count, progress: progress, checkpoints: checkpoints)
        let width = min(context.parallelism ?? Self.width, waiting.count)
        var freeLanes = (0..<width).map {
            Stages(lane: $0, rendering: input.pageImages != nil, context: context)
        }
        try await withThrowingTaskGroup(of: (FinishedInput, Stages).self) { group in
            func startNext() {
                guard context.stopReason == nil, let stages = freeLanes.last, let (index, next) = waiting.popFirst()
                else { return }
                freeLanes.removeLast()
                let passage = InputPassage(
                    input: next, index: index, stages: stages, tools: tools,
                    limits: Self.limits(input, after: finished))
                group.addTask { (try await passage.run(), stages) }
            }
            for _ in freeLanes { startNext() }
            while let (input, stages) = try await group.next() {
                freeLanes.append(stages)
                startNext()
                finished.append(input)
                progress.finish(input.index, pages: input.countedPages)
                try await checkpoints.save(input)
            }
        }
        guard finished.count == input.inputs.count else { return .stopped }
        return .done(ProcessedDocuments(finished))
    }

    /// What an input may cost, after others. A document's whole text is in memory while it is cut and stored, once for each document
    /// under way.
    private static func limits(_ job: DocumentProcessing, after finished: [FinishedInput]) -> ExtractionLimits {
        var limits = DocumentLimits.extraction(job.limits)
        let members = finished.reduce(0) { $0 + $1.documents.count - 1 }
        limits.maxMembers = min(limits.maxMembers, max(0, mostMembers - members))
        return limits
    }
}

import Foundation
import Markup

/// Reads a PDF range by range: a short document is one range, a long one many, whose pages are read by several processes at a time.
///
/// A range is done with when its pages are read, those that are pictures too; then it can be kept, and another attempt goes on after it.
/// Headings, and what all pages repeat, are found when all pages are there.
struct PDFExtraction: Sendable {
    /// The pages of a range.
    static let rangeLength = 500
    /// After this long `pdfinfo` is asked for the number of pages: a short document ends before and saves the process.
    private static let totalAfter = Duration.milliseconds(300)

    private let job: ExtractionJob
    private let counter: PageCounter

    init(job: ExtractionJob) {
        self.job = job
        counter = PageCounter(job.onPage)
    }

    func run() async throws(ExtractionError) -> Extracted {
        var document = PDFRange(first: 1)
        var textBytes = 0
        repeat {
            let range = try await range(from: document.pages.count + 1, after: document)
            textBytes += range.pages.reduce(0) { $0 + $1.textBytes }
            guard textBytes <= job.limits.outputBytes else {
                throw .tooLarge("the text is", limit: job.limits.outputBytes)
            }
            document.append(range)
        } while document.pages.count < document.total ?? 0
        if document.hasCrashed, document.pages.allSatisfy({ $0.error != nil || $0.isEmpty }) {
            throw .crashed(pages: document.pages)
        }
        return try PDFStructure(document.pages).extracted(
            document.metadata, furniture: job.furniture, limit: job.limits.outputBytes)
    }

    /// One that was kept, or one that is read now.
    private func range(from first: Int, after document: PDFRange) async throws(ExtractionError) -> PDFRange {
        if let kept = await job.ranges?.range(from: first) {
            counter.add(kept.pages.count)
            counter.total = kept.total
            return kept
        }
        var range = try await read(from: first, total: document.total)
        guard max(range.total ?? 0, document.pages.count + range.pages.count) <= job.limits.maxPages else {
            throw .tooManyPages(limit: job.limits.maxPages, mediaType: "application/pdf")
        }
        let budget = max(0, job.limits.maxRecognizedPages - document.recognized)
        try await PageRecognition(job: job, counter: counter).read(&range, most: budget)
        // A document of one range is done with as a whole.
        if range.total ?? 0 > Self.rangeLength { await job.ranges?.keep(range) }
        return range
    }

    private func read(from first: Int, total: Int?) async throws(ExtractionError) -> PDFRange {
        guard let total else {
            var range = try await withLearntTotal { () async throws(ExtractionError) in
                try await PageReader(job: job, first: first, last: Self.rangeLength, counter: counter).read()
            }
            if range.pages.count == Self.rangeLength {
                guard let total = try await PDFInfo(job: job).total, total >= range.pages.count else {
                    throw .corrupt("PDF", "it does not say how many pages it has")
                }
                range.total = total
                counter.total = total
            }
            return range
        }
        let last = min(first + Self.rangeLength - 1, total)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let part = (last - first + cores) / cores
        let readers = stride(from: first, through: last, by: part).map { start in
            PageReader(job: job, first: start, last: min(start + part - 1, last), counter: counter)
        }
        let parts = await withTaskGroup(of: (Int, Result<PDFRange, ExtractionError>).self) { group in
            for (index, reader) in readers.enumerated() {
                group.addTask {
                    (
                        index,
                        await Result { () async throws(ExtractionError) in
                            try await job.readers.run(whenCancelled: .cancelled) {
                                () async throws(ExtractionError) in try await reader.read()
                            }
                        }
                    )
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        var range = PDFRange(first: first)
        range.total = total
        for index in readers.indices { if let part = parts[index] { range.append(try part.get()) } }
        // A document that claims more pages than it has.
        if range.pages.count < last - first + 1 { range.total = first - 1 + range.pages.count }
        return range
    }

    /// Asks for the number of pages beside a run that takes its time; only progress wants it, so its failure is none of the document.
    private func withLearntTotal(
        _ body: @Sendable () async throws(ExtractionError) -> PDFRange
    ) async throws(ExtractionError) -> PDFRange {
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask { [job, counter] in
                do { try await Task.sleep(for: Self.totalAfter) } catch { return }
                guard let info = try? await PDFInfo(job: job) else { return }
                counter.total = info.total
            }
            defer { group.cancelAll() }
            return await Result { () async throws(ExtractionError) in try await body() }
        }
        return try result.get()
    }
}

extension ExtractionError {
    /// No page could be read: the error of the document is that of its first page.
    fileprivate static func crashed(pages: [PDFPage]) -> ExtractionError {
        let reason = pages.first { $0.error != nil }?.error ?? "unknown"
        let isMemory = reason.hasPrefix(Code.outOfMemory.rawValue)
        return isMemory
            ? .outOfMemory
            : ExtractionError(.crashed, "no page could be read (\(reason)): save the document again")
    }
}

extension Result where Failure == ExtractionError {
    init(_ body: () async throws(ExtractionError) -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

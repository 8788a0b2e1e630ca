import Foundation
import Markup

/// Reads some pages of a PDF with `pdftotext`: one fast run over all of them, and page by page only where that run met damage.
///
/// Where each word stands goes from that child to a second one, which puts the words of each page into paragraphs, items and tables.
struct PageReader: Sendable {
    /// How many pages are read one by one where some end their process, at most.
    private static let mostSinglePages = 200
    /// After so many pages that end their process the rest is given up.
    private static let mostBrokenPages = 3
    /// Of a damaged range with more pages only some are looked at once more.
    private static let fewPages = 8
    private static let mostSuspects = 16
    /// How `pdftotext` ends when the first page is beyond the last.
    private static let noSuchPage: Int32 = 99

    private var job: ExtractionJob
    private let first: Int
    private let last: Int
    private let collector: PageCollector

    /// - Parameter last: the last page that is read; there may be fewer.
    init(job: ExtractionJob, first: Int, last: Int, counter: PageCounter) {
        self.job = job
        self.first = first
        self.last = last
        collector = PageCollector(limits: job.limits, recognition: job.recognition) { counter.add($0) }
    }

    /// The number of the next page to read.
    private var next: Int { first + collector.count }

    /// Each has the time of a document: what others take before it, or a database that is away, must not cost it.
    func read() async throws(ExtractionError) -> PDFRange {
        var reader = self
        reader.job.deadline = .now + job.limits.wallTime
        return try await reader.readRange()
    }

    private func readRange() async throws(ExtractionError) -> PDFRange {
        var range = PDFRange(first: first)
        range.hasCrashed = try await readPages()
        range.pages = collector.pages
        range.pictures = collector.pictures
        range.metadata = collector.metadata
        return range
    }

    /// Answers whether a page has ended its process.
    private func readPages() async throws(ExtractionError) -> Bool {
        var brokenPages = 0
        while true {
            let end = try await text(from: next, to: last)
            let diagnostics = PopplerDiagnostics(end: end)
            guard let failure = diagnostics.documentFailure else {
                if diagnostics.hasErrors { try await examineDamage() }
                return brokenPages > 0
            }
            // A program that ended by itself has said all; one that was killed on a page may read the others.
            guard failure.code == .crashed || failure.code == .outOfMemory else { throw failure }
            guard let total = try await PDFInfo(job: job).total else { throw failure }
            let last = min(self.last, total)
            brokenPages += 1
            try await stepOverBrokenPage(last: last, failure)
            if next > last { return true }
            if brokenPages == Self.mostBrokenPages {
                while next <= last { collector.addBrokenPage("not read after other broken pages") }
                return true
            }
        }
    }

    /// Reads page by page up to the one that ends its process, which may lie after the last that was flushed.
    private func stepOverBrokenPage(last: Int, _ failure: ExtractionError) async throws(ExtractionError) {
        for _ in 0..<Self.mostSinglePages where next <= last {
            let (number, count) = (next, collector.count)
            let end = try await text(from: number, to: number)
            let diagnostics = PopplerDiagnostics(end: end)
            guard let failure = diagnostics.documentFailure else {
                if collector.count == count { collector.addBrokenPage(diagnostics.firstError ?? "no such page") }
                continue
            }
            return collector.addBrokenPage(failure.description)
        }
    }

    /// Finds the pages to which errors of the fast run belong: poppler does not say. Errors that `pdfinfo` reports as well belong to the
    /// document as a whole.
    private func examineDamage() async throws(ExtractionError) {
        let info = try await PDFInfo(job: job)
        let pages = collector.pages
        let empty = pages.indices.filter { pages[$0].isEmpty }
        for index in pages.count <= Self.fewPages ? Array(pages.indices) : Array(empty.prefix(Self.mostSuspects)) {
            let scrap = PageCollector(limits: job.limits) { _ in }
            let end = try await text(from: first + index, to: first + index, into: scrap)
            if let error = PopplerDiagnostics(end: end).errors(besides: info.errors).first {
                collector.setError(error, at: index)
            }
        }
    }

    private func text(
        from first: Int, to last: Int, into collector: PageCollector? = nil
    ) async throws(ExtractionError) -> ChildEnd {
        let collector = collector ?? self.collector
        var request = ChildRequest(.pdfText, limits: job.limits)
        request.lastPage = last
        let before = collector.count
        var end = ChildEnd(cause: .helperLost)
        for round in 1...2 where end.cause == .helperLost {
            // After a lost helper this goes on after the last whole page, which may have been the last of all.
            request.firstPage = first + collector.count - before
            guard request.firstPage <= last else { return ChildEnd(cause: .exited(0)) }
            collector.beginRun()
            end = try await job.layout(request, by: ChildRequest(.pdfLayout, limits: job.limits), into: collector)
            if round == 2, collector.count > before, end.cause == .exited(Self.noSuchPage) { end.cause = .exited(0) }
        }
        try collector.check()
        return end
    }
}

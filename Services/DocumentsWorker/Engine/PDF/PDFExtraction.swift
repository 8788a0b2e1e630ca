import Foundation

/// Reads a PDF with `pdftotext`: one fast run over all pages, and page by page only where that run met damage.
///
/// Where each word stands goes from that child to a second one, which puts the words of each page into paragraphs, items and tables.
/// Headings, and what all pages repeat, are found when all pages are there.
struct PDFExtraction: Sendable {
    /// After this long `pdfinfo` is asked for the number of pages: a short document ends before and saves the process.
    private static let totalAfter = Duration.milliseconds(300)
    /// How many pages are read one by one in a damaged document, at most.
    private static let mostSinglePages = 200
    /// After so many pages that end their process the rest is given up.
    private static let mostBrokenPages = 3

    private let job: ExtractionJob
    private let collector: PageCollector

    init(job: ExtractionJob) {
        self.job = job
        collector = PageCollector(limits: job.limits, recognition: job.recognition, onPage: job.onPage)
    }

    func run() async throws(ExtractionError) -> Extracted {
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask { await learnTotal() }
            defer { group.cancelAll() }
            return await Result { () async throws(ExtractionError) in try await readPages() }
        }
        try result.get()
        var pages = collector.pages
        if !collector.pictures.isEmpty { try await recognize(collector.pictures, in: &pages) }
        var metadata = collector.metadata
        metadata.pages = pages.count
        let extracted = try PDFStructure(pages).extracted(
            metadata, furniture: job.furniture, limit: job.limits.outputBytes)
        guard !extracted.text.isEmpty else { throw .empty }
        return extracted
    }

    /// Reads pages as pictures, as many at a time as there are cores. A page that fails keeps what it had, and says why.
    private func recognize(_ pictures: [Int], in pages: inout [PDFPage]) async throws(ExtractionError) {
        let reader = PictureReader(job: job)
        let wanted = pictures.prefix(job.limits.maxRecognizedPages)
        for number in pictures.dropFirst(wanted.count) where pages[number - 1].isEmpty {
            pages[number - 1].error = "not read as a picture: over the limit of \(job.limits.maxRecognizedPages) pages"
        }
        var done = pages.count - pictures.count
        var failure: ExtractionError?
        await withTaskGroup(of: (Int, Result<String, ExtractionError>).self) { group in
            var rest = wanted[...]
            func startNext() {
                guard let number = rest.popFirst() else { return }
                group.addTask {
                    (
                        number,
                        await Result { () async throws(ExtractionError) in try await reader.words(onPage: number) }
                    )
                }
            }
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { startNext() }
            while let (number, result) = await group.next() {
                switch result {
                // Poppler may have complained of a page and shown it all the same.
                case .success(let text):
                    if !text.isEmpty {
                        pages[number - 1].error = nil
                        pages[number - 1].take(recognized: text)
                    }
                case .failure(let error):
                    pages[number - 1].error = error.description
                    // What is wrong with this machine, or with what was asked for, is wrong for every page.
                    if [.cancelled, .unavailable, .unsupported].contains(error.code) {
                        failure = error
                        for number in rest { pages[number - 1].error = error.description }
                        rest = []
                    }
                }
                done += 1
                job.onPage(done, pages.count)
                startNext()
            }
        }
        // Another attempt may do better, unless it is only this machine that cannot read pictures: then the text is what there is.
        if let failure, failure.code != .unsupported || pages.allSatisfy(\.isEmpty) { throw failure }
    }

    private func learnTotal() async {
        do { try await Task.sleep(for: Self.totalAfter) } catch { return }
        // Only progress wants it, so a failure here is no failure of the document.
        guard let info = try? await askInfo() else { return }
        collector.total = info.total
    }

    private func readPages() async throws(ExtractionError) {
        var brokenPages = 0
        while true {
            let end = try await text(from: collector.count + 1)
            let diagnostics = PopplerDiagnostics(end: end)
            guard let failure = diagnostics.documentFailure else {
                if diagnostics.hasErrors { try await examineDamage() }
                return
            }
            // A program that ended by itself has said all; one that was killed on a page may read the others.
            guard failure.code == .crashed || failure.code == .outOfMemory else { throw failure }
            guard let total = try await askInfo().total else { throw failure }
            brokenPages += 1
            try await stepOverBrokenPage(total: total, failure)
            if collector.count >= total { break }
            if brokenPages == Self.mostBrokenPages {
                while collector.count < total { collector.addBrokenPage("not read after other broken pages") }
                break
            }
        }
        if collector.pages.allSatisfy({ $0.error != nil || $0.isEmpty }) {
            throw .crashed(pages: collector.pages)
        }
    }

    /// Reads page by page up to the one that ends its process, which may lie after the last that was flushed.
    private func stepOverBrokenPage(total: Int, _ failure: ExtractionError) async throws(ExtractionError) {
        for _ in 0..<Self.mostSinglePages where collector.count < total {
            let number = collector.count + 1
            let end = try await text(from: number, to: number)
            let diagnostics = PopplerDiagnostics(end: end)
            guard let failure = diagnostics.documentFailure else {
                if collector.count < number { collector.addBrokenPage(diagnostics.firstError ?? "no such page") }
                continue
            }
            return collector.addBrokenPage(failure.description)
        }
    }

    /// Finds the pages to which errors of the fast run belong.
    ///
    /// Poppler does not say the page, and skips a page that it cannot find without a form feed, so that the numbers of
    /// those after it shift. Errors that `pdfinfo` reports as well belong to the document as a whole.
    private func examineDamage() async throws(ExtractionError) {
        let info = try await askInfo()
        let pages = collector.pages
        if let total = info.total, total != pages.count, total <= Self.mostSinglePages {
            collector.removePages()
            for number in 1...max(total, 1) {
                let end = try await text(from: number, to: number)
                guard collector.count < number else { continue }
                let error = PopplerDiagnostics(end: end).errors(besides: info.errors).first
                collector.addBrokenPage(error ?? "the page is missing or damaged")
            }
            return
        }
        let empty = pages.indices.filter { pages[$0].isEmpty }
        for index in pages.count <= 8 ? Array(pages.indices) : Array(empty.prefix(16)) {
            let scrap = PageCollector(limits: job.limits) { _, _ in }
            let end = try await text(from: index + 1, to: index + 1, into: scrap)
            if let error = PopplerDiagnostics(end: end).errors(besides: info.errors).first {
                collector.setError(error, page: index + 1)
            }
        }
    }

    private func text(
        from first: Int, to last: Int = 0, into collector: PageCollector? = nil
    ) async throws(ExtractionError) -> ChildEnd {
        let collector = collector ?? self.collector
        var request = ChildRequest(.pdfText, limits: job.limits)
        request.lastPage = last
        var end = ChildEnd(cause: .helperLost)
        for _ in 1...2 where end.cause == .helperLost {
            // After a lost helper this goes on after the last whole page.
            request.firstPage = last == 0 ? max(first, collector.count + 1) : first
            collector.beginRun()
            end = try await run(request, into: collector)
        }
        switch collector.refusal {
        case .tooLarge: throw .tooLarge("the text is", limit: job.limits.outputBytes)
        case .tooManyPages:
            throw .tooManyPages(limit: job.limits.maxPages, mediaType: "application/pdf")
        case .malformed: throw ExtractionError(.crashed, "the parser wrote nonsense: the document is hostile")
        case .failed(let error): throw error
        case nil: return end
        }
    }

    /// Runs both children to their ends; the end is that of `pdftotext`, unless it is the other's that was not well.
    private func run(_ request: ChildRequest, into collector: PageCollector) async throws(ExtractionError) -> ChildEnd {
        guard let conduit = Conduit() else { throw .unavailable("there are no descriptors left for a pipe") }
        async let layout = Result { () async throws(ExtractionError) in
            try await job.child(ChildRequest(.pdfLayout, limits: job.limits), conduit: conduit.reader) {
                collector.append($0)
            }
        }
        let words = await Result { () async throws(ExtractionError) in
            try await job.child(request, conduit: conduit.writer) { _ in .more }
        }
        let end = try await layout.get()
        switch end.cause {
        case .exited(0): return try words.get()
        case .stopped, .helperLost: return end
        case .signalled where end.ranOutOfMemory: throw .outOfMemory
        case .signalled(let signal): throw .crashed(signal: signal)
        default:
            if end.ranOutOfMemory { throw .outOfMemory }
            throw .unavailable("the layout of pages ended with \(end.cause)")
        }
    }

    /// The number of pages, if the document can be opened, and the errors of the document as a whole.
    private func askInfo() async throws(ExtractionError) -> (total: Int?, errors: [String]) {
        let output = OutputBuffer()
        let end = try await job.child(ChildRequest(.pdfInfo, limits: job.limits)) { output.append($0) }
        let line = output.text.split(separator: "\n").first { $0.hasPrefix("Pages:") }
        let total = line.flatMap { Int($0.dropFirst("Pages:".count).trimmingPrefix { $0 == " " }) }
        return (total, PopplerDiagnostics(end: end).errors(besides: []))
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
    fileprivate init(_ body: () async throws(ExtractionError) -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

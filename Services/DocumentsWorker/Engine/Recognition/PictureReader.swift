import Foundation
import Markup

/// Reads the words in pictures with `tesseract`, each in a limited child.
///
/// Time and processor time are counted for each child, from when it begins: those of the document would not do for a book.
struct PictureReader: Sendable {
    /// The longer side of a page's picture, in pixels: 300 to the inch for A4, and no more memory for a poster.
    static let pixels = 3500
    /// How many pages' time and processor time a file of pictures has.
    private static let pagesOfFile = 10
    /// Of sound pages it is above 90, of those that are upside down below 40.
    private static let leastConfidence = 60.0
    /// A picture is in memory several times, in colours and in black and white.
    private static let memoryFactor = 2

    let job: ExtractionJob

    /// A page of a PDF, with what was read on it; `side` is its longer one, in points.
    func page(_ number: Int, side: Double) async throws(ExtractionError) -> PDFPage {
        let picture = try await job.readers.run(whenCancelled: .cancelled) {
            () async throws(ExtractionError) -> OutputFile in
            try await PagePainter(job: job).picture(ofPage: number, .grey, pixels: Self.pixels) {
                () throws(ExtractionError) in try .inMemory()
            }
        }
        let pages = try await pages(in: picture.descriptor, most: 1, side: side)
        guard let page = pages.first else { throw .corrupt("picture", "tesseract tells of no page") }
        return page
    }

    /// A file of pictures, a page for each.
    func pages(inFile file: Int32) async throws(ExtractionError) -> [PDFPage] {
        try await pages(in: file, most: Self.pagesOfFile, side: 0)
    }

    /// Most words of a page that is read upside down are doubtful. Those are read once more, with a look at how they lie: to look at
    /// each page would take a third more time.
    ///
    /// - Parameter side: the longer one of the page, in points; 0 where the picture itself is the document.
    private func pages(in file: Int32, most: Int, side: Double) async throws(ExtractionError) -> [PDFPage] {
        let pages = try await pages(in: file, most: most, side: side, findingOrientation: false)
        guard pages.contains(where: { !$0.isEmpty && $0.confidence < Self.leastConfidence }) else { return pages }
        let turned = try await self.pages(in: file, most: most, side: side, findingOrientation: true)
        guard turned.count == pages.count else { return pages }
        return zip(pages, turned).map { $0.confidence < $1.confidence ? $1 : $0 }
    }

    private func pages(
        in file: Int32, most: Int, side: Double, findingOrientation: Bool
    ) async throws(ExtractionError) -> [PDFPage] {
        var request = ChildRequest(.recognise, limits: job.limits)
        request.findsOrientation = findingOrientation
        request.languages = job.recognition.languages
        request.cpuSeconds *= most
        request.memoryBytes *= Self.memoryFactor
        var layout = ChildRequest(.pictureLayout, limits: job.limits)
        layout.pageSide = Int(min(max(side, 0), 1e6) * Double(ChildRequest.pointParts))
        let (words, reader) = (request, layout)
        let (end, collector) = try await job.readers.run(whenCancelled: .cancelled) {
            () async throws(ExtractionError) in
            try await job.trying(with: "page") { () async throws(ExtractionError) in
                let collector = PageCollector(limits: job.limits) { _ in }
                // A child reads from where the one before it has come to.
                lseek(file, 0, SEEK_SET)
                let end = try await job.layout(
                    words, on: file, by: reader, deadline: .now + PagePainter.pageTime * most, into: collector)
                return (end, collector)
            }
        }
        try collector.check()
        try check(end)
        return collector.pages.map { page in
            var page = page
            page.isRecognized = true
            return page
        }
    }

    private func check(_ end: ChildEnd) throws(ExtractionError) {
        if end.ranOutOfMemory { throw .outOfMemory }
        // With one language of several it would go on, and read the words of the others as its own.
        let missing = job.recognition.languages.filter { end.diagnostics.contains("Failed loading language '\($0)'") }
        guard missing.isEmpty else {
            let packs = missing.map { "tesseract-ocr-" + $0.replacing("_", with: "-") }.joined(separator: ", ")
            throw ExtractionError(
                .unsupported,
                "the languages \(missing.joined(separator: ", ")) are not installed here: install \(packs)")
        }
        switch end.cause {
        case .exited(0): return
        case .exited(LimitedChild.ExitCode.missingProgram):
            throw ExtractionError(.unsupported, "the words in pictures cannot be read here: install tesseract-ocr")
        case .stopped: throw .tooLarge("the text is", limit: job.limits.outputBytes)
        case .signalled(let signal): throw .crashed(signal: signal)
        default:
            let reason = end.diagnostics.split(separator: "\n").first { $0.contains("Error") }
            throw .corrupt("picture", reason.map { String($0.prefix(200)) } ?? "tesseract ended with \(end.cause)")
        }
    }
}

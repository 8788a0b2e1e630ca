import Foundation
import Markup

/// Reads pages of a PDF as pictures, as many at a time as there are cores.
struct PageRecognition: Sendable {
    let job: ExtractionJob
    let counter: PageCounter

    /// Reads those pages of a range that are pictures, not more than `most`. A page that fails keeps what it had, and says why.
    func read(_ range: inout PDFRange, most: Int) async throws(ExtractionError) {
        let reader = PictureReader(job: job)
        let wanted = range.pictures.prefix(most)
        for index in range.pictures.dropFirst(most) where range.pages[index].isEmpty {
            range.pages[index].error = "not read as a picture: over the limit of \(job.limits.maxRecognizedPages) pages"
        }
        counter.add(range.pictures.count - wanted.count)
        range.recognized = wanted.count
        var failure: ExtractionError?
        await withTaskGroup(of: (Int, Result<PDFPage, ExtractionError>).self) { group in
            var rest = wanted[...]
            func startNext() {
                guard let index = rest.popFirst() else { return }
                let (number, page) = (range.first + index, range.pages[index])
                let side = max(page.width, page.height)
                group.addTask {
                    (
                        index,
                        await Result { () async throws(ExtractionError) in try await reader.page(number, side: side)
                        }
                    )
                }
            }
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { startNext() }
            while let (index, result) = await group.next() {
                switch result {
                // Poppler may have complained of a page and shown it all the same.
                case .success(let page): if !page.isEmpty { range.pages[index] = page }
                case .failure(let error):
                    range.pages[index].error = error.description
                    // What is wrong with this machine, or with what was asked for, is wrong for every page.
                    if [.cancelled, .unavailable, .unsupported].contains(error.code) {
                        failure = error
                        for index in rest { range.pages[index].error = error.description }
                        rest = []
                    }
                }
                counter.add(1)
                startNext()
            }
        }
        // Another attempt may do better, unless it is only this machine that cannot read pictures: then the text is what there is.
        if let failure, failure.code != .unsupported || range.pages.allSatisfy(\.isEmpty) { throw failure }
    }
}

import Markup
import Synchronization

/// Pages of a PDF that follow each other, as they were read; what is kept of them is what another attempt goes on from.
public struct PDFRange: Sendable, Codable {
    /// The number of its first page, from 1.
    let first: Int
    var pages: [PDFPage] = []
    var metadata = DocumentMetadata(mediaType: "application/pdf")
    /// The pages of the whole document; nil in one that is short.
    var total: Int?
    /// How many pages were read as pictures.
    var recognized = 0
    /// Its pages that are to be read as pictures, by their place in it.
    var pictures: [Int] = []
    /// Whether a page has ended its process.
    var hasCrashed = false

    init(first: Int) { self.first = first }

    /// Adds the pages after its own.
    mutating func append(_ next: PDFRange) {
        if pages.isEmpty { metadata = next.metadata }
        pictures += next.pictures.map { $0 + pages.count }
        pages += next.pages
        recognized += next.recognized
        hasCrashed = hasCrashed || next.hasCrashed
        total = next.total ?? total
    }
}

/// Keeps ranges of a long document until all of it is done with.
public protocol PDFRangeStore: Sendable {
    /// The range that begins with this page, when it was kept.
    func range(from first: Int) async -> PDFRange?
    /// Keeps a range; one that cannot be kept is read again.
    func keep(_ range: PDFRange) async
}

/// Counts the pages that are done, for progress.
final class PageCounter: Sendable {
    private let state = Mutex((done: 0, total: Int?.none))
    private let onPage: @Sendable (Int, Int?) -> Void

    init(_ onPage: @escaping @Sendable (Int, Int?) -> Void) { self.onPage = onPage }

    func add(_ pages: Int) {
        guard pages > 0 else { return }
        // Told inside, so that no number comes after a larger one.
        state.withLock { state in
            state.done += pages
            onPage(state.done, state.total)
        }
    }

    /// The pages of the document, once they are known.
    var total: Int? {
        get { state.withLock(\.total) }
        set { state.withLock { $0.total = newValue } }
    }
}

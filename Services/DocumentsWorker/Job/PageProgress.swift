import JSON
import Synchronization
import WorkerKit

/// Adds up the pages of a job's documents, finished and under way, and reports them. A format without pages counts as one page.
final class PageProgress: Sendable {
    private struct State {
        var finished: Int
        var pages: Int
        var images: Int
        var underWay: [Int: (pages: Int, total: Int?)] = [:]
    }

    private let count: Int
    private let context: JobContext
    private let state: Mutex<State>

    /// - Parameters:
    ///   - count: how many documents the job has.
    ///   - finished: how many of them earlier attempts have finished, and their pages.
    ///   - images: how many of these pages have a picture.
    init(of count: Int, finished: Int, pages: Int, images: Int, context: JobContext) {
        self.count = count
        self.context = context
        state = Mutex(State(finished: finished, pages: pages, images: images))
    }

    /// A page has its picture.
    func drewPage() { report { $0.images += 1 } }

    /// A document has come so far.
    func report(_ index: Int, pages: Int, total: Int?) {
        report { $0.underWay[index] = (pages, total) }
    }

    /// A document is finished, with or without an error. Pages that were reported of it stay counted, though it failed later.
    func finish(_ index: Int, pages: Int) {
        report { state in
            let reported = state.underWay.removeValue(forKey: index)?.pages ?? 0
            state.finished += 1
            state.pages += max(pages, reported)
        }
    }

    /// How many documents are finished, and how many pages.
    var finished: (documents: Int, pages: Int) { state.withLock { ($0.finished, $0.pages) } }

    private func report(after change: (inout State) -> Void) {
        // Under the lock as far as into the context: of two reports at a time, the later one must not be overtaken.
        state.withLock { state in
            change(&state)
            let images = state.images > 0 ? [("page_images", JSON.int(Int64(state.images)))] : []
            let pages = state.underWay.values.reduce(state.pages) { $0 + $1.pages }
            context.report(
                completed: Double(pages), total: Self.total(of: state, count).map(Double.init), unit: "pages",
                phase: state.finished == count ? "done" : "document \(state.finished + 1) of \(count)",
                numbers: [("documents", .int(Int64(state.finished))), ("documents_total", .int(Int64(count)))]
                    + images)
        }
    }

    /// The pages of documents that have not begun are not known, so there is no total before the last has.
    private static func total(of state: State, _ count: Int) -> Int? {
        guard state.finished + state.underWay.count == count else { return nil }
        return state.underWay.values.reduce(state.pages as Int?) { sum, document in
            sum.flatMap { sum in document.total.map { sum + $0 } }
        }
    }
}

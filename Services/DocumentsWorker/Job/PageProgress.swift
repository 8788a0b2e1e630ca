import Synchronization
import WorkerKit

/// Adds up the pages of a job's documents, finished and under way, and reports them.
final class PageProgress: Sendable {
    private struct State {
        var finished: Int
        var pages: Int
        var underWay: [Int: (pages: Int, total: Int?)] = [:]
    }

    private let count: Int
    private let context: JobContext
    private let state: Mutex<State>

    /// - Parameters:
    ///   - count: how many documents the job has.
    ///   - finished: how many of them earlier attempts have finished, and their pages.
    init(of count: Int, finished: Int, pages: Int, context: JobContext) {
        self.count = count
        self.context = context
        state = Mutex(State(finished: finished, pages: pages))
    }

    /// A document has come so far.
    func report(_ index: Int, pages: Int, total: Int?) {
        report { $0.underWay[index] = (pages, total) }
    }

    /// A document is finished, with or without an error.
    func finish(_ index: Int, pages: Int) {
        report { state in
            state.underWay[index] = nil
            state.finished += 1
            state.pages += pages
        }
    }

    private func report(after change: (inout State) -> Void) {
        let (finished, pages, total) = state.withLock { state in
            change(&state)
            let pages = state.underWay.values.reduce(state.pages) { $0 + $1.pages }
            // The pages of documents that have not begun are not known, so there is no total before the last has.
            guard state.finished + state.underWay.count == count else { return (state.finished, pages, nil as Int?) }
            let total = state.underWay.values.reduce(state.pages as Int?) { sum, document in
                sum.flatMap { sum in document.total.map { sum + $0 } }
            }
            return (state.finished, pages, total)
        }
        context.report(
            completed: Double(pages), total: total.map(Double.init), unit: "pages",
            phase: finished == count ? "done" : "document \(finished + 1) of \(count)",
            numbers: [("documents", .int(Int64(finished)))])
    }
}

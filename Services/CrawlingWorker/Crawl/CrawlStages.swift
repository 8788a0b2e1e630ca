import HTTPClient
import Jobs
import Sandbox
import WorkerKit

/// The stages that URLs pass through in one share, many at a time.
///
/// - `frontier` takes links and gives URLs that belong to the crawl and are not known to be known.
/// - `fetch` takes URLs and gives answers, with the bytes of their bodies.
/// - `parse` takes bodies and gives trees of HTML, or lists of URLs.
/// - `extract` takes trees and gives pages, with the bytes of their Markdown.
/// - `store` takes what became of URLs and gives pages; when its transaction is committed a URL is finished.
struct CrawlStages: Sendable {
    let frontier: Operator
    let fetch: Operator
    let parse: Operator
    let extract: Operator
    let store: Operator

    init(_ context: JobContext) {
        frontier = context.operator("frontier", kind: .source)
        fetch = context.operator("fetch", kind: .source)
        parse = context.operator("parse", kind: .transform)
        extract = context.operator("extract", kind: .transform)
        store = context.operator("store", kind: .sink)
    }

    /// Counts a body that was read by a child.
    func read(_ answer: ReadingAnswer, bytes: Int) {
        parse.took(records: 1, bytes: bytes)
        guard case .page(let page) = answer else { return }
        parse.gave()
        parse.wasBusy(.microseconds(page.parsing))
        parse.took(.microseconds(page.parsing))
        extract.took()
        extract.gave(records: 1, bytes: page.markdown.utf8.count)
        extract.wasBusy(.microseconds(page.extracting))
        extract.took(.microseconds(page.extracting))
    }

    /// Counts what a transaction has written.
    func stored(_ records: [CrawlRecord], in time: Duration) {
        store.took(records: records.count)
        store.gave(records: records.count { $0.page != nil })
        store.wasBusy(time)
        for _ in records { store.took(time) }
    }
}

/// What a worker has for all of its crawls.
struct CrawlTools: Sendable {
    let client: WebClient
    let parsers: ParserPool
    /// How long a share keeps its hosts when nothing is heard of it.
    let lease: Duration
}

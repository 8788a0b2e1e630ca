import Foundation
import Synchronization

/// Splits what `pdftotext -htmlmeta` writes into metadata and pages, as it comes.
///
/// The output is a small HTML head, then the plain text, each page ended by a form feed. The head saves a second
/// process for the metadata, which would cost a short document as much time as its text does.
final class PageCollector: Sendable {
    /// Why the collector wants no more.
    enum Refusal { case tooManyPages, tooLarge }

    private struct State {
        var head: [UInt8]? = []
        var page: [UInt8] = []
        var text = ""
        var scalars = 0
        var pages: [Page] = []
        var metadata = DocumentMetadata(mediaType: "application/pdf")
        var total: Int?
        /// The pages that are to be read as pictures.
        var pictures: [Int] = []
        var refusal: Refusal?
    }

    private static let separator = "\n\n"
    private static let headEnd = Array("<pre>\n".utf8)
    private static let longestHead = 256 << 10
    private static let formFeed: UInt8 = 0x0C

    private let limits: ExtractionLimits
    private let recognition: Recognition
    private let onPage: @Sendable (Int, Int?) -> Void
    private let state = Mutex(State())

    /// - Parameter recognition: by which pages are to be read as pictures: they do not count as done yet.
    init(
        limits: ExtractionLimits, recognition: Recognition = Recognition(mode: .never),
        onPage: @escaping @Sendable (Int, Int?) -> Void
    ) {
        self.limits = limits
        self.recognition = recognition
        self.onPage = onPage
    }

    /// Starts the output of one more run; half a page of the run before is dropped.
    func beginRun() {
        state.withLock { state in
            state.head = []
            state.page = []
        }
    }

    /// Takes a piece of output.
    func append(_ bytes: UnsafeRawBufferPointer) -> ChildRun.Verdict {
        let (verdict, done, total) = state.withLock { state -> (ChildRun.Verdict, Int, Int?) in
            let before = state.pages.count
            let verdict = take(bytes, into: &state)
            let done = state.pages.count - state.pictures.count
            return (verdict, state.pages.count > before ? done : 0, state.total)
        }
        if done > 0 { onPage(done, total) }
        return verdict
    }

    private func take(_ bytes: UnsafeRawBufferPointer, into state: inout State) -> ChildRun.Verdict {
        var rest = bytes
        if var head = state.head {
            head += rest
            guard let start = head.firstRange(of: Self.headEnd)?.upperBound else {
                state.head = head
                return head.count > Self.longestHead ? .stop : .more
            }
            if state.metadata.title == nil { PopplerHead.read(head[..<start], into: &state.metadata) }
            state.head = nil
            let text = Array(head[start...])
            return text.withUnsafeBytes { take($0, into: &state) }
        }
        while let end = Self.offset(of: Self.formFeed, in: rest) {
            state.page += UnsafeRawBufferPointer(rebasing: rest[..<end])
            rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
            endPage(error: nil, &state)
            if state.refusal != nil { return .stop }
        }
        state.page += rest
        if state.text.utf8.count + state.page.count > limits.outputBytes { state.refusal = .tooLarge }
        return state.refusal == nil ? .more : .stop
    }

    private static func offset(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress, let found = memchr(start, Int32(byte), bytes.count) else { return nil }
        return UnsafeRawPointer(found) - start
    }

    private func endPage(error: String?, _ state: inout State) {
        let (page, scalars) = Self.clean(state.page)
        state.page.removeAll(keepingCapacity: true)
        if !page.isEmpty && !state.text.isEmpty {
            state.text += Self.separator
            state.scalars += Self.separator.utf8.count
        }
        let start = state.scalars
        state.text += page
        state.scalars += scalars
        state.pages.append(Page(number: state.pages.count + 1, start: start, end: state.scalars, error: error))
        // A page that ended its process would end the next one too.
        if error == nil, recognition.wants(page) { state.pictures.append(state.pages.count) }
        if state.pages.count > limits.maxPages { state.refusal = .tooManyPages }
        if state.text.utf8.count > limits.outputBytes { state.refusal = .tooLarge }
    }

    /// The text of a page without control characters and without blank lines around it, and its length in scalars.
    private static func clean(_ bytes: [UInt8]) -> (text: String, scalars: Int) {
        bytes.withUnsafeBufferPointer { whole in
            var (start, end) = (0, whole.count)
            while end > 0, whole[end - 1].isBlank { end -= 1 }
            while start < end, whole[start] == 0x0A { start += 1 }
            let page = UnsafeBufferPointer(rebasing: whole[start..<end])
            var (scalars, unwanted) = (0, 0)
            for byte in page {
                scalars += byte.startsScalar ? 1 : 0
                unwanted += byte.isUnwantedControl ? 1 : 0
            }
            guard unwanted > 0 else {
                let text = String(decoding: page, as: UTF8.self)
                // Repair of bad UTF-8 changes the length.
                return (text, text.utf8.count == page.count ? scalars : text.utf8.scalarCount)
            }
            let text = String(decoding: page.filter { !$0.isUnwantedControl }, as: UTF8.self)
            return (text, text.utf8.scalarCount)
        }
    }

    /// Adds a page that gave no text, and why.
    func addBrokenPage(_ error: String) {
        state.withLock { state in
            state.page = []
            endPage(error: error, &state)
        }
    }

    /// Notes what is wrong with a page.
    func setError(_ error: String, page number: Int) { state.withLock { $0.pages[number - 1].error = error } }

    /// Forgets all pages, to read them again one by one.
    func removePages() {
        state.withLock { state in
            state.pages = []
            state.pictures = []
            state.text = ""
            state.scalars = 0
        }
    }

    /// The pages so far.
    var pages: [Page] { state.withLock(\.pages) }
    /// The numbers of the pages that are to be read as pictures.
    var pictures: [Int] { state.withLock(\.pictures) }
    /// Why no more is wanted, if so.
    var refusal: Refusal? { state.withLock(\.refusal) }
    /// The number of pages, once `pdfinfo` has told it; progress shows it.
    var total: Int? {
        get { state.withLock(\.total) }
        set { state.withLock { $0.total = newValue } }
    }

    /// The document; the collector is empty afterwards.
    func take() -> Extracted {
        state.withLock { state in
            defer { state = State() }
            state.metadata.pages = state.pages.count
            return Extracted(text: state.text, metadata: state.metadata, pages: state.pages)
        }
    }
}

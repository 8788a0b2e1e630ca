import Markup
import Synchronization

/// Collects the pages that a layout child writes, as they come.
final class PageCollector: Sendable {
    /// Why the collector wants no more.
    private enum Refusal {
        case tooLarge, malformed
        /// The child has said why.
        case failed(ExtractionError)
    }

    private struct State {
        var frames = FrameBuffer()
        var page = PDFPage()
        var textBytes = 0
        var blocks = 0
        var pages: [PDFPage] = []
        var metadata: DocumentMetadata?
        /// The pages that are to be read as pictures, by their place.
        var pictures: [Int] = []
        var refusal: Refusal?
    }

    /// More than a layout finds on all pages that one child reads.
    private static let mostBlocks = 1_000_000
    private static let mostPages = 100_000

    private let limits: ExtractionLimits
    private let recognition: Recognition
    private let onPages: @Sendable (Int) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - recognition: by which pages are to be read as pictures: they do not count as done yet.
    ///   - onPages: told how many more pages are done.
    init(
        limits: ExtractionLimits, recognition: Recognition = Recognition(mode: .never),
        onPages: @escaping @Sendable (Int) -> Void
    ) {
        self.limits = limits
        self.recognition = recognition
        self.onPages = onPages
    }

    /// Starts the output of one more run; half a page of the run before is dropped.
    func beginRun() {
        state.withLock { state in
            state.frames = FrameBuffer()
            state.page = PDFPage()
        }
    }

    /// Takes a piece of output.
    func append(_ bytes: UnsafeRawBufferPointer) -> ChildRun.Verdict {
        let (verdict, done) = state.withLock { state -> (ChildRun.Verdict, Int) in
            let before = state.pages.count - state.pictures.count
            for frame in state.frames.append(bytes) where state.refusal == nil {
                take(frame.kind, frame.payload, &state)
            }
            if state.frames.isMalformed { state.refusal = .malformed }
            return (state.refusal == nil ? .more : .stop, state.pages.count - state.pictures.count - before)
        }
        onPages(done)
        return verdict
    }

    private func take(_ kind: ResultFrame, _ payload: ArraySlice<UInt8>, _ state: inout State) {
        switch kind {
        case .metadata:
            guard let parts = FrameBuffer.fields(payload, 2) else { return state.refusal = .malformed }
            if parts[0] == "mediaType" {
                if state.metadata == nil { state.metadata = DocumentMetadata(mediaType: parts[1]) }
            } else if state.pages.isEmpty || (parts[0] == "language" && state.metadata?.language == nil) {
                state.metadata?.set(parts[0], parts[1])
            }
        case .block:
            guard let fields = FrameBuffer.fields(payload, PageBlock.fieldCount), let block = PageBlock(fields: fields)
            else { return state.refusal = .malformed }
            state.textBytes += block.text.utf8.count
            state.blocks += 1
            if state.textBytes > limits.outputBytes { state.refusal = .tooLarge }
            if state.blocks > Self.mostBlocks { state.refusal = .malformed }
            state.page.blocks.append(block)
        case .layout:
            guard let numbers = FrameBuffer.fields(payload, 3)?.compactMap({ Double($0) }), numbers.count == 3,
                state.pages.count < Self.mostPages
            else { return state.refusal = .malformed }
            (state.page.width, state.page.height, state.page.confidence) = (numbers[0], numbers[1], numbers[2])
            if numbers[1] <= 0 { state.page.error = "the page is missing from the file" }
            endPage(&state)
        case .failure:
            guard let error = ExtractionError(frame: payload) else { return state.refusal = .malformed }
            state.refusal = .failed(error)
        case .end: break
        default: state.refusal = .malformed
        }
    }

    private func endPage(_ state: inout State) {
        let page = state.page
        state.page = PDFPage()
        state.pages.append(page)
        // A page that ended its process would end the next one too.
        if page.error == nil, recognition.wants(page.blocks.map(\.text).joined(separator: " ")) {
            state.pictures.append(state.pages.count - 1)
        }
    }

    /// Adds a page that gave no text, and why.
    func addBrokenPage(_ error: String) {
        state.withLock { state in
            state.page = PDFPage(error: error)
            endPage(&state)
        }
        onPages(1)
    }

    /// Notes what is wrong with a page.
    func setError(_ error: String, at index: Int) { state.withLock { $0.pages[index].error = error } }

    /// The number of pages so far.
    var count: Int { state.withLock(\.pages.count) }
    /// The pages so far.
    var pages: [PDFPage] { state.withLock(\.pages) }
    /// The places of the pages that are to be read as pictures.
    var pictures: [Int] { state.withLock(\.pictures) }
    /// Throws why no more was wanted, if so.
    func check() throws(ExtractionError) {
        switch state.withLock(\.refusal) {
        case .tooLarge: throw .tooLarge("the text is", limit: limits.outputBytes)
        case .malformed: throw ExtractionError(.crashed, "the parser wrote nonsense: the document is hostile")
        case .failed(let error): throw error
        case nil: return
        }
    }

    /// What the document says about itself.
    var metadata: DocumentMetadata { state.withLock(\.metadata) ?? DocumentMetadata(mediaType: "application/pdf") }
}

import Foundation
import Markup
import Synchronization

/// Puts together what a parsing child writes. The child may be under a hostile document's control, so nothing of it is
/// trusted: lengths are checked, text is decoded with repair, offsets are clamped.
final class ResultReader: Sendable {
    private struct State {
        var frames = FrameBuffer()
        var text: [UInt8] = []
        var markdown: [UInt8]?
        var metadata = DocumentMetadata(mediaType: "application/octet-stream")
        var headings: [Heading] = []
        var pages: [Page] = []
        var tables: [Table] = []
        /// Bytes of all that is neither text nor Markdown.
        var otherBytes = 0
        var members: MemberIntake
        var failure: ExtractionError?
        var isWhole = false
        var isTooLarge = false
        var isMalformed = false
    }

    private static let mostPlaces = 100_000
    private static let mostOtherBytes = 16 << 20

    private let limit: Int
    private let state: Mutex<State>

    init(limit: Int, members: MemberIntake) {
        self.limit = limit
        state = Mutex(State(members: members))
    }

    func append(_ bytes: UnsafeRawBufferPointer) -> ChildRun.Verdict {
        state.withLock { state in
            for frame in state.frames.append(bytes) { take(frame.kind, frame.payload, into: &state) }
            if state.frames.isMalformed { state.isMalformed = true }
            state.isTooLarge = state.text.count + (state.markdown?.count ?? 0) > limit
            return state.isTooLarge || state.isMalformed ? .stop : .more
        }
    }

    private func take(_ kind: ResultFrame, _ payload: ArraySlice<UInt8>, into state: inout State) {
        func fields(_ count: Int) -> [String]? { FrameBuffer.fields(payload, count) }
        if kind != .text && kind != .markdown && kind != .content {
            state.otherBytes += payload.count
            guard state.otherBytes <= Self.mostOtherBytes else { return state.isMalformed = true }
        }
        switch kind {
        case .text: state.text += payload
        case .markdown:
            if state.markdown == nil { state.markdown = [] }
            state.markdown?.append(contentsOf: payload)
        case .metadata:
            guard let parts = fields(2) else { return state.isMalformed = true }
            if parts[0] == "mediaType" { state.metadata.mediaType = parts[1] }
            state.metadata.set(parts[0], parts[1])
        case .heading:
            guard let parts = fields(3), let level = Int(parts[0]), let start = Int(parts[1]),
                state.headings.count < Self.mostPlaces
            else { return state.isMalformed = true }
            let title = parts[2].cut(to: Heading.longest)
            state.headings.append(Heading(level: min(max(level, 1), 6), title: title, start: start))
        case .page:
            guard let numbers = fields(3)?.compactMap({ Int($0) }), numbers.count == 3,
                numbers[0] == state.pages.count + 1, state.pages.count < Self.mostPlaces
            else { return state.isMalformed = true }
            state.pages.append(Page(number: numbers[0], start: numbers[1], end: numbers[2]))
        case .table:
            guard let numbers = fields(2)?.compactMap({ Int($0) }), numbers.count == 2,
                state.tables.count < Self.mostPlaces
            else { return state.isMalformed = true }
            state.tables.append(Table(start: numbers[0], end: numbers[1]))
        case .failure:
            guard let error = ExtractionError(frame: payload) else { return state.isMalformed = true }
            state.failure = error
        case .end: state.isWhole = true
        case .member:
            guard let parts = fields(2), state.members.begin(parts[1], parts[0]) else {
                return state.isMalformed = true
            }
        case .content: if !state.members.take(payload) { state.isMalformed = true }
        case .memberEnd:
            let reason = ExtractionError(frame: payload)
            guard reason != nil || payload.isEmpty, state.members.finish(reason) else {
                return state.isMalformed = true
            }
        case .shortfall:
            guard let reason = ExtractionError(frame: payload) else { return state.isMalformed = true }
            state.members.fallShort(reason)
        // Frames of a page's layout come from another child.
        case .block, .layout: state.isMalformed = true
        }
    }

    /// The document, or why there is none.
    func extracted(_ end: ChildEnd, limits: ExtractionLimits) throws(ExtractionError) -> Extracted {
        let state = state.withLock { state in
            // What was read is not needed twice.
            let read = state
            state = State(members: read.members)
            return read
        }
        state.members.settle()
        if let failure = state.members.failure ?? state.failure { throw failure }
        if state.isTooLarge { throw .tooLarge("the text is", limit: limits.outputBytes) }
        if state.isMalformed { throw ExtractionError(.crashed, "the parser wrote nonsense: the document is hostile") }
        guard end.cause == .exited(0), state.isWhole else { throw Self.failure(end) }
        let text = String(decoding: state.text, as: UTF8.self)
        let count = text.utf8.scalarCount
        let headings = state.headings.map {
            Heading(level: $0.level, title: $0.title, start: min(max($0.start, 0), count))
        }
        let contents = state.members.contents
        // A document that holds others may say nothing itself.
        guard count > 0 || contents?.members.isEmpty == false else { throw contents?.shortfall ?? .empty }
        guard Self.areInOrder(state.pages.map { ($0.start, $0.end) }, upTo: count),
            Self.areInOrder(state.tables.map { ($0.start, $0.end) }, upTo: count)
        else { throw ExtractionError(.crashed, "the parser wrote nonsense: the document is hostile") }
        guard state.pages.count <= limits.maxPages else {
            throw .tooManyPages(limit: limits.maxPages, mediaType: state.metadata.mediaType)
        }
        var metadata = state.metadata
        metadata.pages = state.pages.isEmpty ? nil : state.pages.count
        var extracted = Extracted(
            text: text, markdown: state.markdown.map { String(decoding: $0, as: UTF8.self) }, metadata: metadata,
            pages: state.pages, headings: headings, tables: state.tables)
        extracted.contents = contents
        return extracted
    }

    /// Whether ranges lie one after the other within a text of `count` scalars.
    private static func areInOrder(_ ranges: [(start: Int, end: Int)], upTo count: Int) -> Bool {
        var reached = 0
        for range in ranges {
            guard range.start >= reached, range.end >= range.start, range.end <= count else { return false }
            reached = range.end
        }
        return true
    }

    private static func failure(_ end: ChildEnd) -> ExtractionError {
        if end.ranOutOfMemory { return .outOfMemory }
        switch end.cause {
        case .signalled(let signal): return .crashed(signal: signal)
        default: return ExtractionError(.crashed, "the parser ended without a result (\(end.cause)): save it again")
        }
    }
}

extension ChildEnd {
    /// Whether memory is what the child lacked, by the last words of an allocator.
    var ranOutOfMemory: Bool {
        let words = [
            "Out of memory", "out of memory", "bad_alloc", "Could not allocate memory", "Bogus memory allocation",
            "cannot allocate memory", "failed to allocate", "Cannot allocate memory", "failed to map segment",
            "malloc fail", "calloc fail",
        ]
        return words.contains { diagnostics.contains($0) }
    }
}

import Concurrency
import Foundation
import Markup

/// Takes the text out of documents, each parsed in a limited child process without network.
///
/// A copy shares the helper process of the original; the helper ends with the last copy.
public struct Extractor: Sendable {
    private let host: ChildHost
    /// Pictures of all documents together are read as many at a time as there are cores.
    private let readers = Permits(count: ProcessInfo.processInfo.activeProcessorCount)

    /// Makes an extractor that starts `executable`, which must be this worker's program, for its helper.
    public init(executable: String = "/proc/self/exe") {
        host = ChildHost(executable: executable)
    }

    /// Reads one document.
    ///
    /// The format is told from the content; `name` and `declaredType` only decide between text formats and name a
    /// character set. `onPage` is called with the pages done and their total, once it is known; it runs on the thread
    /// that serves all extractions and must return at once. Ranges of a long PDF go to `ranges` as they are done with, and are taken
    /// from there. A format without pages counts as one page. Cancellation of
    /// the task kills the child at once and throws `cancelled`. A file is read up to its end at most once at a time;
    /// `path` must name a regular file.
    public func extract(
        path: String, name: String, declaredType: String? = nil, recognition: Recognition = Recognition(),
        furniture: PageFurniture = .keep, limits: ExtractionLimits = ExtractionLimits(),
        ranges: (any PDFRangeStore)? = nil,
        onPage: @escaping @Sendable (_ done: Int, _ total: Int?) -> Void = { _, _ in }
    ) async throws(ExtractionError) -> Extracted {
        try await extract(
            OpenDocument(path: path), name: name, declaredType: declaredType, recognition: recognition,
            furniture: furniture, limits: limits, ranges: ranges, onPage: onPage)
    }

    /// Reads an open document, such as a member of another one; the limits on what lies in documents are those of the outermost.
    public func extract(
        _ document: OpenDocument, name: String, declaredType: String? = nil, recognition: Recognition = Recognition(),
        furniture: PageFurniture = .keep, limits: ExtractionLimits = ExtractionLimits(),
        ranges: (any PDFRangeStore)? = nil,
        onPage: @escaping @Sendable (_ done: Int, _ total: Int?) -> Void = { _, _ in }
    ) async throws(ExtractionError) -> Extracted {
        let job = ExtractionJob(
            host: host, document: document,
            place: document.place ?? TreePlace(tree: DocumentTree(limits: limits), depth: 0),
            hint: FormatHint(name: name, declaredType: declaredType), recognition: recognition, readers: readers,
            furniture: furniture, limits: limits, ranges: ranges, deadline: .now + limits.wallTime, onPage: onPage)
        if document.isPDF { return try await PDFExtraction(job: job).run() }
        if document.pictureType != nil, recognition.mode != .never {
            return try await PictureExtraction(job: job).run()
        }
        return try await job.parse()
    }

    /// Makes pictures of pages of an open PDF, as many at a time as there are cores, and gives them in order; until `take` answers false.
    ///
    /// A page that cannot be drawn costs itself. They wait in nameless files: a few for each document under way.
    func draw(
        _ pages: Range<Int>, of document: OpenDocument, as images: PageImages, limits: ExtractionLimits,
        take: (Int, Result<DrawnPage, ExtractionError>) async throws -> Bool
    ) async throws {
        let job = ExtractionJob(
            host: host, document: document, place: TreePlace(tree: DocumentTree(limits: limits), depth: 0), hint: .none,
            recognition: Recognition(), readers: readers, furniture: .keep, limits: limits, ranges: nil,
            deadline: .now + limits.wallTime, onPage: { _, _ in })
        try await PageDrawing(job: job, images: images).draw(pages, take: take)
    }

    /// Proves that a child is confined on this system: no network, no writing, no other process.
    ///
    /// Throws `unavailable` with the names of the holes. A worker calls it before it takes work.
    public func verifySandbox() async throws(ExtractionError) {
        let document = try OpenDocument(path: "/proc/self/exe")
        let report = OutputBuffer()
        let end = await host.run(
            ChildRequest(.probe, limits: ExtractionLimits()), document: document.descriptor,
            deadline: .now + .seconds(10)
        ) { report.append($0) }
        guard end.cause == .exited(0) else { throw .unavailable("the sandbox probe ended with \(end.cause)") }
        let holes = report.text
        guard holes.isEmpty else { throw .unavailable("the sandbox does not refuse: \(holes)") }
    }
}

/// One document on its way, and what every child that reads it needs.
struct ExtractionJob: Sendable {
    let host: ChildHost
    let document: OpenDocument
    let place: TreePlace
    let hint: FormatHint
    let recognition: Recognition
    let readers: Permits
    let furniture: PageFurniture
    let limits: ExtractionLimits
    /// Where ranges of a long PDF are kept, if they are.
    let ranges: (any PDFRangeStore)?
    var deadline: ContinuousClock.Instant
    let onPage: @Sendable (Int, Int?) -> Void

    /// Runs a child; `request` is what it does, `receive` takes its output. It reads the document, and has the document's time, unless
    /// another file or another deadline is given.
    func child(
        _ request: ChildRequest, on file: Int32? = nil, deadline: ContinuousClock.Instant? = nil,
        conduit: Conduit.End? = nil, receive: @escaping @Sendable (UnsafeRawBufferPointer) -> ChildRun.Verdict
    ) async throws(ExtractionError) -> ChildEnd {
        let end = await host.run(
            request, document: file ?? document.descriptor, deadline: deadline ?? self.deadline, conduit: conduit,
            receive: receive)
        switch end.cause {
        case .cancelled: throw .cancelled
        case .deadline: throw .timedOut(deadline == nil ? "wall time (\(limits.wallTime))" : "the time of a page")
        case .signalled(SIGXCPU): throw .timedOut("processor time (\(limits.cpuSeconds) s)")
        case .exited(LimitedChild.ExitCode.sandboxRefused):
            throw .unavailable("the kernel refuses the sandbox (rlimit, no_new_privs or seccomp)")
        default: return end
        }
    }

    /// Runs a child with what takes its output, and once more where a helper has died: another document may have taken it along.
    func trying<Output>(
        with what: String, _ attempt: () async throws(ExtractionError) -> (ChildEnd, Output)
    ) async throws(ExtractionError) -> (ChildEnd, Output) {
        for _ in 1...2 {
            let (end, output) = try await attempt()
            if end.cause != .helperLost { return (end, output) }
        }
        throw .unavailable("the helper process died twice with this \(what)")
    }

    /// Reads a document of any format but PDF; a helper that dies on the way gets one more try.
    func parse() async throws(ExtractionError) -> Extracted {
        let (end, result) = try await trying(with: "document") { () async throws(ExtractionError) in
            let allowance = place.tree.allowance(atDepth: place.depth)
            let result = ResultReader(
                limit: limits.outputBytes, members: MemberIntake(place, allowance: allowance))
            var request = ChildRequest(.parse, limits: limits)
            request.members = allowance.members
            request.memberBytes = allowance.bytes
            request.hint = hint
            return (try await child(request) { result.append($0) }, result)
        }
        let extracted = try result.extracted(end, limits: limits)
        onPage(1, 1)
        return extracted
    }
}

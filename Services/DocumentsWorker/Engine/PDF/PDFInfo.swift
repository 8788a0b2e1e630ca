import Markup

/// What `pdfinfo` says of a document.
struct PDFInfo: Sendable {
    /// The number of pages; nil when the document cannot be opened.
    let total: Int?
    /// The errors of the document as a whole.
    let errors: [String]

    /// Of what it prints: a title, subject or keywords may be long.
    private static let mostBytes = 4 << 20

    init(job: ExtractionJob) async throws(ExtractionError) {
        var (output, end) = (OutputBuffer(limit: Self.mostBytes), ChildEnd(cause: .helperLost))
        for _ in 1...2 where end.cause == .helperLost {
            let fresh = OutputBuffer(limit: Self.mostBytes)
            end = try await job.child(ChildRequest(.pdfInfo, limits: job.limits)) { fresh.append($0) }
            output = fresh
        }
        // Lines of the document's own words come before.
        let line = output.text.split(separator: "\n").last { $0.hasPrefix("Pages:") }
        total = line.flatMap { Int($0.dropFirst("Pages:".count).trimmingPrefix { $0 == " " }) }
        errors = PopplerDiagnostics(end: end).errors(besides: [])
    }
}

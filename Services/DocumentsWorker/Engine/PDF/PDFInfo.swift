/// What `pdfinfo` says of a document.
struct PDFInfo: Sendable {
    /// The number of pages; nil when the document cannot be opened.
    let total: Int?
    /// The errors of the document as a whole.
    let errors: [String]

    init(job: ExtractionJob) async throws(ExtractionError) {
        let output = OutputBuffer()
        let end = try await job.child(ChildRequest(.pdfInfo, limits: job.limits)) { output.append($0) }
        let line = output.text.split(separator: "\n").first { $0.hasPrefix("Pages:") }
        total = line.flatMap { Int($0.dropFirst("Pages:".count).trimmingPrefix { $0 == " " }) }
        errors = PopplerDiagnostics(end: end).errors(besides: [])
    }
}

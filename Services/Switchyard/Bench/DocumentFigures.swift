/// What the bench found about documents; what was not measured is nil.
struct DocumentFigures: Sendable {
    /// Pages of PDF with a text layer.
    let pdf: Contest
    /// Pages of PDF that are read as pictures.
    private(set) var recognition: Contest?
    /// DOCX files.
    private(set) var word: Contest?
    private(set) var memory: [DocumentMemory] = []

    /// Measures PDF pages, and where the part is asked for, everything else.
    static func measure(_ options: BenchOptions, on target: BenchTarget, ledger: JobLedger) async throws -> Self {
        let contests = DocumentContests(target: target, ledger: ledger, slots: options.slots, isQuick: options.isQuick)
        guard options.parts.contains(.documents) else { return Self(pdf: try await contests.pdf()) }
        // First, because a worker that has read much keeps some memory for what comes next.
        let memory = try await DocumentMemory.measure(on: target, isQuick: options.isQuick)
        var figures = Self(pdf: try await contests.pdf())
        figures.memory = memory
        figures.recognition = try await contests.recognition()
        if let python = PythonDOCX() {
            figures.word = try await contests.word(python)
        } else {
            note(
                "\(PythonDOCX.variable) names no Python that has python-docx (compose/bench sees to it): no DOCX are measured"
            )
        }
        return figures
    }

    private init(pdf: Contest) { self.pdf = pdf }
}

import Foundation

/// Reads the words in pictures with `tesseract`, each in a limited child.
struct PictureReader: Sendable {
    /// The longer side of a page's picture, in pixels: 300 to the inch for A4, and no more memory for a poster.
    static let pixels = 3500
    /// For one page: words on a whole page take a second or two.
    private static let pageTime = Duration.seconds(60)
    /// A picture in grey, with its header.
    private static let pictureBytes = pixels * pixels + 1024

    let job: ExtractionJob

    /// The words on a page of a PDF, in reading order.
    func words(onPage number: Int) async throws(ExtractionError) -> String {
        let picture = try MemoryFile(limit: Self.pictureBytes)
        var request = ChildRequest(.pdfPicture, limits: job.limits)
        request.firstPage = number
        request.lastPage = number
        let end = try await run(request, on: job.document.descriptor) { picture.append($0) }
        if let failure = PopplerDiagnostics(end: end).documentFailure { throw failure }
        guard !picture.isEmpty else { throw ExtractionError(.corrupt, "the page gives no picture") }
        return try await words(in: picture.descriptor).joined(separator: "\n\n")
    }

    /// The words of a file with a picture; one of several pages gives as many texts.
    func words(in file: Int32) async throws(ExtractionError) -> [String] {
        var request = ChildRequest(.recognise, limits: job.limits)
        request.languages = job.recognition.languages
        let output = OutputBuffer()
        let end = try await run(request, on: file) {
            output.append($0)
            return .more
        }
        if end.ranOutOfMemory { throw .outOfMemory }
        // With one language of several it would go on, and read the words of the others as its own.
        try refuseMissingLanguages(end)
        switch end.cause {
        case .exited(0): break
        case .exited(LimitedChild.ExitCode.missingProgram):
            throw .unavailable("tesseract cannot be started; install tesseract-ocr")
        case .signalled(let signal): throw .crashed(signal: signal)
        default: throw failure(end)
        }
        var pages = output.text.droppingControls(besides: "\u{0C}").split(
            separator: "\u{0C}", omittingEmptySubsequences: false)
        // Each page ends with a form feed.
        if pages.last?.utf8.allSatisfy(\.isBlank) ?? false { pages.removeLast() }
        return pages.map { String($0).trimmingBlanks() }
    }

    private func refuseMissingLanguages(_ end: ChildEnd) throws(ExtractionError) {
        let missing = job.recognition.languages.filter { end.diagnostics.contains("Failed loading language '\($0)'") }
        guard !missing.isEmpty else { return }
        let packs = missing.map { "tesseract-ocr-" + $0.replacing("_", with: "-") }.joined(separator: ", ")
        throw ExtractionError(
            .unsupported, "the languages \(missing.joined(separator: ", ")) are not installed here: install \(packs)")
    }

    private func failure(_ end: ChildEnd) -> ExtractionError {
        let reason = end.diagnostics.split(separator: "\n").first { $0.contains("Error") }.map {
            String($0.prefix(200))
        }
        return .corrupt("picture", reason ?? "tesseract ended with \(end.cause)")
    }

    /// Pages have a time of their own: that of the document would not do for a book.
    private func run(
        _ request: ChildRequest, on file: Int32,
        receive: @escaping @Sendable (UnsafeRawBufferPointer) -> ChildRun.Verdict
    ) async throws(ExtractionError) -> ChildEnd {
        // A child reads from where the one before it has come to.
        lseek(file, 0, SEEK_SET)
        return try await job.child(request, on: file, deadline: .now + Self.pageTime, receive: receive)
    }
}

extension String {
    fileprivate func droppingControls(besides kept: Character) -> String {
        split(separator: kept, omittingEmptySubsequences: false).map { String($0).droppingControls() }
            .joined(separator: String(kept))
    }
}

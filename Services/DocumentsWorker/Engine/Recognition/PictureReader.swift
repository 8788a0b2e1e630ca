import Foundation

/// Reads the words in pictures with `tesseract`, each in a limited child.
///
/// Time and processor time are counted for each child, from when it begins: those of the document would not do for a book.
struct PictureReader: Sendable {
    /// The longer side of a page's picture, in pixels: 300 to the inch for A4, and no more memory for a poster.
    static let pixels = 3500
    /// How many pages' time and processor time a file of pictures has.
    private static let pagesOfFile = 10
    /// A picture is in memory several times, in colours and in black and white.
    private static let memoryFactor = 2

    let job: ExtractionJob

    /// The words on a page of a PDF, in reading order.
    func words(onPage number: Int) async throws(ExtractionError) -> String {
        let picture = try await job.readers.run { () async throws(ExtractionError) -> OutputFile in
            try await PagePainter(job: job).picture(ofPage: number, .grey, pixels: Self.pixels) {
                () throws(ExtractionError) in try .inMemory()
            }
        }
        return try await words(in: picture.descriptor, pages: 1).joined(separator: "\n\n")
    }

    /// The words of a file of pictures, a text for each.
    func words(inFile file: Int32) async throws(ExtractionError) -> [String] {
        try await words(in: file, pages: Self.pagesOfFile)
    }

    private func words(in file: Int32, pages: Int) async throws(ExtractionError) -> [String] {
        var request = ChildRequest(.recognise, limits: job.limits)
        request.languages = job.recognition.languages
        request.cpuSeconds *= pages
        request.memoryBytes *= Self.memoryFactor
        let ready = request
        let output = try await job.readers.run { () async throws(ExtractionError) -> OutputBuffer in
            try await job.trying { () async throws(ExtractionError) in
                let output = OutputBuffer(limit: job.limits.outputBytes)
                // A child reads from where the one before it has come to.
                lseek(file, 0, SEEK_SET)
                let end = try await job.child(ready, on: file, deadline: .now + PagePainter.pageTime * pages) {
                    output.append($0)
                }
                return (end, output)
            } check: { end, _ throws(ExtractionError) in
                try check(end)
            }
        }
        // A form feed stands between pages.
        return output.text.split(separator: "\u{0C}", omittingEmptySubsequences: false).map {
            String($0).droppingControls().trimmingBlanks()
        }
    }

    private func check(_ end: ChildEnd) throws(ExtractionError) {
        if end.ranOutOfMemory { throw .outOfMemory }
        // With one language of several it would go on, and read the words of the others as its own.
        let missing = job.recognition.languages.filter { end.diagnostics.contains("Failed loading language '\($0)'") }
        guard missing.isEmpty else {
            let packs = missing.map { "tesseract-ocr-" + $0.replacing("_", with: "-") }.joined(separator: ", ")
            throw ExtractionError(
                .unsupported,
                "the languages \(missing.joined(separator: ", ")) are not installed here: install \(packs)")
        }
        switch end.cause {
        case .exited(0): return
        case .exited(LimitedChild.ExitCode.missingProgram):
            throw ExtractionError(.unsupported, "the words in pictures cannot be read here: install tesseract-ocr")
        case .stopped: throw .tooLarge("the text is", limit: job.limits.outputBytes)
        case .signalled(let signal): throw .crashed(signal: signal)
        default:
            let reason = end.diagnostics.split(separator: "\n").first { $0.contains("Error") }
            throw .corrupt("picture", reason.map { String($0.prefix(200)) } ?? "tesseract ended with \(end.cause)")
        }
    }
}

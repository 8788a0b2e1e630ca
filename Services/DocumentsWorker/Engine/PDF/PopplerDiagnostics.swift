import Foundation
import Markup

/// What poppler's programs say on standard error and by their exit code; the only place that reads its words.
struct PopplerDiagnostics {
    private static let encryptionWords = [
        "Incorrect password", "security handler", "Weird encryption info", "Unsupported version/revision of Standard",
    ]

    let end: ChildEnd

    /// Why the whole document cannot be read, when the program did not get as far as its pages.
    var documentFailure: ExtractionError? {
        if end.ranOutOfMemory { return .outOfMemory }
        let isEncrypted = Self.encryptionWords.contains { end.diagnostics.contains($0) }
        switch end.cause {
        case .exited(0): return nil
        case .exited(LimitedChild.ExitCode.missingProgram):
            return .unavailable("pdftotext cannot be started; install poppler-utils")
        case .exited(1) where isEncrypted:
            return .encrypted(mediaType: "application/pdf")
        case .exited(3):
            return ExtractionError(
                .encrypted, "the document forbids copying its text: ask its author for one that allows it",
                mediaType: "application/pdf")
        case .exited: return .corrupt("PDF", firstError ?? "unreadable")
        case .signalled(let signal): return .crashed(signal: signal)
        default: return .unavailable("the helper process died twice with this document")
        }
    }

    /// Whether anything at all was wrong.
    var hasErrors: Bool { firstError != nil }

    /// The first line that reports an error, shortened.
    var firstError: String? { errors(besides: []).first }

    /// The errors that are not among those of the document as a whole.
    func errors(besides known: [String]) -> [String] {
        end.diagnostics.split(separator: "\n").compactMap { line in
            guard line.contains("Error") else { return nil }
            let text = String(line.prefix(200))
            return known.contains(text) ? nil : text
        }
    }
}

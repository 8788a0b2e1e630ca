import Embedding
import Foundation

/// The options of commands that run a model on this machine.
struct ModelOptions {
    static let usage = "--model FOLDER [--threads N] [--like-sentence-transformers]"

    private(set) var folder = ""
    private(set) var threads = ProcessInfo.processInfo.activeProcessorCount
    private(set) var oddTexts = LocalEmbedder.OddTexts.refused
    /// What is left.
    private(set) var others: [String] = []

    /// Nil where an option lacks its value or there is no model.
    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "--model":
                guard let value = rest.popFirst() else { return nil }
                folder = value
            case "--threads":
                guard let value = rest.popFirst().flatMap({ Int($0) }), (1...256).contains(value) else { return nil }
                threads = value
            case "--like-sentence-transformers": oddTexts = .taken
            default: others.append(word)
            }
        }
        guard !folder.isEmpty else { return nil }
    }

    func embedder() async throws(EmbeddingError) -> LocalEmbedder {
        try await LocalEmbedder(folder: folder, threads: threads, oddTexts: oddTexts)
    }
}

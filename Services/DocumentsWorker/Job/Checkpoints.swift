import Concurrency
import Foundation
import JSON
import WorkerKit

/// What an entry of a checkpoint tells: an input that is done with, or some pages of one that is not.
///
/// An entry of an older form tells nothing, and its work is done again.
struct SavedEntry: Decodable, Sendable {
    let finished: FinishedInput?
    let pages: KeptPages?

    init(from decoder: any Decoder) throws {
        do { finished = try FinishedInput(from: decoder) } catch is DecodingError { finished = nil }
        do { pages = try KeptPages(from: decoder) } catch is DecodingError { pages = nil }
    }
}

/// Pages of a long PDF that are done with, while others are not.
struct KeptPages: Codable, Sendable {
    /// The place of the input among the inputs.
    let input: Int
    /// Of the file that they are from: a URL may name another one by now.
    let sha256: String
    /// The number of the first page.
    let firstPage: Int
    /// The file of the job that holds them.
    let file: UUID
}

/// Saves the checkpoints of a job, one after the other, whoever has something to save.
final class Checkpoints: Sendable {
    /// The state of a checkpoint; what is finished stands in its entries.
    private struct State: Codable {
        let documents: Int
        let pages: Int
    }

    let context: JobContext
    private let turn = Permits(count: 1)
    /// What the job goes on from.
    private let kept: [KeptPages]
    private let progress: PageProgress

    init(_ context: JobContext, kept: [KeptPages], progress: PageProgress) {
        self.context = context
        self.kept = kept
        self.progress = progress
    }

    /// Saves an input that is done with.
    func save(_ input: FinishedInput) async throws { try await save(input as any Encodable & Sendable) }

    private func save(_ entry: any Encodable & Sendable) async throws {
        try await turn.run {
            let (documents, pages) = progress.finished
            try await context.save(checkpoint: State(documents: documents, pages: pages), finished: [entry])
        }
    }

    /// Where the ranges of a PDF are kept.
    func ranges(ofInput index: Int, sha256: String) -> any PDFRangeStore {
        Ranges(checkpoints: self, input: index, sha256: sha256)
    }

    /// Order of effects: the file of a range is on the disk and its row is committed, the entry that tells of it is committed.
    private struct Ranges: PDFRangeStore {
        let checkpoints: Checkpoints
        let input: Int
        let sha256: String

        func range(from first: Int) async -> PDFRange? {
            let found = checkpoints.kept.last { $0.input == input && $0.sha256 == sha256 && $0.firstPage == first }
            guard let found else { return nil }
            do {
                let (_, path) = try await checkpoints.context.files.file(found.file)
                return try JSON.parse([UInt8](Data(contentsOf: URL(filePath: path)))).decode(PDFRange.self)
            } catch {
                checkpoints.context.log(.warning, "pages \(first) and on are read again: \(error)")
                return nil
            }
        }

        func keep(_ range: PDFRange) async {
            do {
                let bytes = try JSON.encode(range).serialized()
                let stored = try await checkpoints.context.files.store([
                    JobFiles.Artifact(
                        name: "\(input)-pages-\(range.first).json", mediaType: "application/json", bytes: bytes)
                ])
                guard let file = stored.first?.id else { return }
                try await checkpoints.save(
                    KeptPages(input: input, sha256: sha256, firstPage: range.first, file: file))
            } catch {
                // A job that has lost its claim, or is to end, finds that out by itself.
                checkpoints.context.log(.warning, "pages \(range.first) and on are not kept: \(error)")
            }
        }
    }
}

import Concurrency
import Foundation
import JSON
import Synchronization
import WorkerKit

/// What an entry of a checkpoint tells: an input that is done with, or some pages of one that is not, read or drawn.
///
/// An entry of an older form tells nothing, and its work is done again.
struct SavedEntry: Decodable, Sendable {
    let finished: FinishedInput?
    let pages: KeptPages?
    let images: KeptImages?

    init(from decoder: any Decoder) throws {
        do { finished = try FinishedInput(from: decoder) } catch is DecodingError { finished = nil }
        do { pages = try KeptPages(from: decoder) } catch is DecodingError { pages = nil }
        do { images = try KeptImages(from: decoder) } catch is DecodingError { images = nil }
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

/// Pictures of some pages of a long PDF.
struct KeptImages: Codable, Sendable {
    let input: Int
    let sha256: String
    let firstPage: Int
    let images: DocumentImages
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
    private let kept: [SavedEntry]
    /// The files of pages that are kept, by input.
    private let files: Mutex<[Int: [UUID]]>
    private let progress: PageProgress

    init(_ context: JobContext, kept: [SavedEntry], progress: PageProgress) {
        self.context = context
        self.kept = kept
        files = Mutex(
            Dictionary(grouping: kept.compactMap(\.pages), by: \.input).mapValues { $0.map(\.file) })
        self.progress = progress
    }

    /// Saves an input that is done with. What was kept of its pages has no use then, and goes.
    func save(_ input: FinishedInput) async throws {
        try await save(input as any Encodable & Sendable)
        await removePages(ofInputs: [input.index])
    }

    /// Removes what was kept of the pages of inputs that are done with; after a death nobody else does.
    func removePages(ofInputs inputs: Set<Int>) async {
        let spare = files.withLock { files in inputs.flatMap { files.removeValue(forKey: $0) ?? [] } }
        do {
            try await context.files.remove(spare)
        } catch {
            context.log(.warning, "kept pages stay until the job goes: \(error)")
        }
    }

    private func save(_ entry: any Encodable & Sendable) async throws {
        try await turn.run {
            let (documents, pages) = progress.finished
            try await context.save(checkpoint: State(documents: documents, pages: pages), finished: [entry])
        }
    }

    /// Where the ranges of a PDF are kept.
    func ranges(ofInput index: Int, sha256: String) -> KeptRanges {
        KeptRanges(checkpoints: self, input: index, sha256: sha256)
    }

    /// Order of effects: the file of a range is on the disk and its row is committed, the entry that tells of it is committed.
    struct KeptRanges: PDFRangeStore {
        fileprivate let checkpoints: Checkpoints
        let input: Int
        let sha256: String

        func range(from first: Int) async -> PDFRange? {
            let found = checkpoints.kept.lazy.compactMap(\.pages).last {
                $0.input == input && $0.sha256 == sha256 && $0.firstPage == first
            }
            guard let found else { return nil }
            do {
                let (_, content) = try await checkpoints.context.files.file(found.file)
                let bytes = try content.withPath { [UInt8](try Data(contentsOf: URL(filePath: $0))) }
                return try JSON.parse(bytes).decode(PDFRange.self)
            } catch {
                checkpoints.context.log(.warning, "pages \(first) and on are read again: \(error)")
                return nil
            }
        }

        /// The pictures of pages from one on, where they were made.
        func images(from first: Int) -> DocumentImages? {
            checkpoints.kept.lazy.compactMap(\.images).last {
                $0.input == input && $0.sha256 == sha256 && $0.firstPage == first
            }?.images
        }

        func keep(_ images: DocumentImages, from first: Int) async throws {
            try await checkpoints.save(
                KeptImages(input: input, sha256: sha256, firstPage: first, images: images))
        }

        func keep(_ range: PDFRange) async {
            do {
                let bytes = try JSON.encode(range).serialized()
                let stored = try await checkpoints.context.files.store([
                    JobFiles.Artifact(
                        name: "\(input)-pages-\(range.first).json", mediaType: "application/json", bytes: bytes)
                ])
                guard let file = stored.first?.id else { return }
                checkpoints.files.withLock { $0[input, default: []].append(file) }
                try await checkpoints.save(
                    KeptPages(input: input, sha256: sha256, firstPage: range.first, file: file))
            } catch {
                // A job that has lost its claim, or is to end, finds that out by itself.
                checkpoints.context.log(.warning, "pages \(range.first) and on are not kept: \(error)")
            }
        }
    }
}

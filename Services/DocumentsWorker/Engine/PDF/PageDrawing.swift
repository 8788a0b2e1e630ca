import Foundation
import Markup

/// Which pictures are made of the pages of a document.
struct PageImages: Decodable, Sendable {
    enum Format: String, Sendable, CaseIterable, Decodable {
        case png, jpeg

        var mediaType: String { "image/" + rawValue }
        /// How the names of its files end.
        var suffix: String { self == .png ? "png" : "jpg" }

        fileprivate var picture: PictureFormat { self == .png ? .png : .jpeg }
    }

    /// The longer side, in pixels.
    let size: Int
    let format: Format
    /// The longer side of a small one; 0 for none.
    let thumbnailSize: Int

    enum CodingKeys: String, CodingKey {
        case size, format
        case thumbnailSize = "thumbnail_size"
    }
}

/// The pictures of one page.
struct DrawnPage: Sendable {
    let image: OutputFile
    let thumbnail: OutputFile?

    var size: Int { image.size + (thumbnail?.size ?? 0) }
}

/// Draws pages beside each other and gives them in order.
struct PageDrawing: Sendable {
    let job: ExtractionJob
    let images: PageImages

    func draw(
        _ pages: Range<Int>, take: (Int, Result<DrawnPage, ExtractionError>) async throws -> Bool
    ) async throws {
        try await withThrowingTaskGroup(of: (Int, Result<DrawnPage, ExtractionError>).self) { group in
            var rest = pages
            // What is done with and waits for a page before it.
            var drawn: [Int: Result<DrawnPage, ExtractionError>] = [:]
            func startNext() {
                guard let number = rest.popFirst() else { return }
                group.addTask {
                    (
                        number,
                        await Result { () async throws(ExtractionError) in
                            try await job.readers.run(whenCancelled: .cancelled) { () async throws(ExtractionError) in
                                try await draw(number)
                            }
                        }
                    )
                }
            }
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { startNext() }
            for number in pages {
                while drawn[number] == nil, let (other, result) = try await group.next() { drawn[other] = result }
                guard let result = drawn.removeValue(forKey: number) else { return }
                // What is wrong with this machine is wrong for every page.
                if case .failure(let error) = result, [.cancelled, .unavailable].contains(error.code) { throw error }
                guard try await take(number, result) else { return group.cancelAll() }
                startNext()
            }
        }
    }

    private func draw(_ number: Int) async throws(ExtractionError) -> DrawnPage {
        let image = try await picture(of: number, pixels: images.size)
        let thumbnail = images.thumbnailSize > 0 ? try await picture(of: number, pixels: images.thumbnailSize) : nil
        return DrawnPage(image: image, thumbnail: thumbnail)
    }

    private func picture(of number: Int, pixels: Int) async throws(ExtractionError) -> OutputFile {
        try await PagePainter(job: job).picture(ofPage: number, images.format.picture, pixels: pixels) {
            () throws(ExtractionError) in try UnnamedFile()
        }
    }
}

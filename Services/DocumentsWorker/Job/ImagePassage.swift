import Foundation
import Jobs
import Markup
import WorkerKit

/// The pictures of a document's pages, in the order of the pages.
struct DocumentImages: Codable, Sendable {
    static let (image, thumbnail) = ("page_image", "page_thumbnail")

    /// A page's picture, then the small one.
    var artifacts: [ProcessedArtifact] = []
    /// Pages that could not be drawn.
    var failures: [ProcessedDocument.PageFailure] = []
    /// Why the rest have none, if it is not for themselves.
    var shortfall: ProcessedDocument.Failure?

    var pages: Int { artifacts.count { $0.kind == Self.image } }
    var bytes: Int64 { artifacts.reduce(0) { $0 + $1.sizeBytes } }

    mutating func append(_ other: DocumentImages) {
        artifacts += other.artifacts
        failures += other.failures
        shortfall = shortfall ?? other.shortfall
    }

    fileprivate mutating func fallShort(_ reason: ExtractionError) {
        shortfall = .init(code: reason.code.rawValue, message: reason.message)
    }

    /// The files of each page that has any, by its number.
    var files: [Int: (image: UUID?, thumbnail: UUID?)] {
        artifacts.reduce(into: [:]) { files, artifact in
            guard let page = artifact.page else { return }
            let path = artifact.kind == Self.image ? \(image: UUID?, thumbnail: UUID?).image : \.thumbnail
            files[page, default: (nil, nil)][keyPath: path] = UUID(text: artifact.id)
        }
    }
}

/// One PDF whose pages are drawn and stored as they come: only a few pictures wait at a time, however many pages there are.
///
/// Done again it makes the same files under the same ids. The pictures of a long document are told of in checkpoints, a hundred pages
/// in each.
struct ImagePassage: Sendable {
    /// The pages that one checkpoint tells of.
    static let rangeLength = 100
    /// After so many pages that cannot be drawn the rest is given up: each may take its minute.
    private static let mostFailures = 10

    let images: PageImages
    let place: DocumentPlace
    /// How the names of the files begin.
    let prefix: String
    let stages: Stages
    let stage: Operator
    let tools: DocumentTools
    let limits: ExtractionLimits
    /// Where ranges of pages are kept, if they are.
    let kept: Checkpoints.KeptRanges?

    /// Draws the pages of a document that has so many.
    func run(_ document: OpenDocument, pages total: Int) async throws -> DocumentImages {
        var made = DocumentImages()
        let last = min(total, limits.maxImagePages)
        for first in stride(from: 1, through: last, by: Self.rangeLength) where made.shortfall == nil {
            if let range = kept?.images(from: first) {
                for _ in 0..<range.pages { tools.progress.drewPage() }
                made.append(range)
            } else {
                let pages = first..<min(first + Self.rangeLength, last + 1)
                let range = try await draw(pages, of: document, after: made)
                // A document of one range is done with as a whole.
                if last > Self.rangeLength { try await kept?.keep(range, from: first) }
                made.append(range)
            }
        }
        if last < total, made.shortfall == nil { made.fallShort(.tooManyImages(limit: limits.maxImagePages)) }
        return made
    }

    private func draw(
        _ pages: Range<Int>, of document: OpenDocument, after before: DocumentImages
    ) async throws -> DocumentImages {
        var made = DocumentImages()
        var bytes = Int(before.bytes)
        try await tools.extractor.draw(pages, of: document, as: images, limits: limits) { number, drawn in
            switch drawn {
            case .failure(let error):
                made.failures.append(.init(page: number, message: "it has no picture: \(error)"))
                if before.failures.count + made.failures.count == Self.mostFailures {
                    made.fallShort(.tooManyBlankPages)
                }
            case .success(let page):
                bytes += page.size
                guard bytes <= limits.imageBytes else {
                    made.fallShort(.tooLarge("the pictures of the pages are", limit: limits.imageBytes))
                    return false
                }
                made.artifacts += try await store(page, number)
                tools.progress.drewPage()
            }
            return made.shortfall == nil
        }
        return made
    }

    private func store(_ page: DrawnPage, _ number: Int) async throws -> [ProcessedArtifact] {
        func file(_ picture: OutputFile, _ suffix: String) throws -> JobFiles.Artifact {
            JobFiles.Artifact(
                name: "\(prefix).page-\(number)\(suffix).\(images.format.suffix)", mediaType: images.format.mediaType,
                bytes: try picture.bytes())
        }
        var made = [(DocumentImages.image, try file(page.image, ""))]
        if let thumbnail = page.thumbnail { made.append((DocumentImages.thumbnail, try file(thumbnail, ".thumbnail"))) }
        let stored = try await tools.context.files.store(made.map(\.1))
        stage.gave(records: stored.count, bytes: page.size)
        stages.store.gave(records: stored.count, bytes: page.size)
        return zip(made, stored).map { made, stored in
            ProcessedArtifact(place, kind: made.0, page: number, stored)
        }
    }
}

extension ExtractionError {
    fileprivate static func tooManyImages(limit: Int) -> ExtractionError {
        ExtractionError(
            .tooManyPages,
            "only its first \(limit) pages have a picture: raise the limit, or split the document or the job")
    }

    fileprivate static let tooManyBlankPages = ExtractionError(
        .crashed, "many pages cannot be drawn: pictures of the others are not tried")
}

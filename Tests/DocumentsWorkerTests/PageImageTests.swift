import Foundation
import Markup
import TestKit
import Testing

@testable import DocumentsWorker

/// Pictures of the pages of a PDF.
struct PageImageTests {
    private struct Drawn: Equatable {
        let page: Int
        let image: [UInt8]
        let thumbnail: [UInt8]?
    }

    private let images = PageImages(size: 1600, format: .png, thumbnailSize: 200)

    /// What comes of these pages, the failures apart.
    private func draw(
        _ pages: Range<Int>, of path: String, as images: PageImages, limits: ExtractionLimits = ExtractionLimits(),
        most: Int = .max
    ) async throws -> (drawn: [Drawn], failures: [Int: ExtractionError.Code]) {
        var result: (drawn: [Drawn], failures: [Int: ExtractionError.Code]) = ([], [:])
        try await Fixture.extractor.draw(pages, of: OpenDocument(path: path), as: images, limits: limits) {
            page, drawn in
            switch drawn {
            case .success(let made):
                #expect(made.size == made.image.size + (made.thumbnail?.size ?? 0))
                result.drawn.append(
                    Drawn(page: page, image: try made.image.bytes(), thumbnail: try made.thumbnail?.bytes()))
            case .failure(let error): result.failures[page] = error.code
            }
            return result.drawn.count + result.failures.count < most
        }
        return result
    }

    @Test func pagesHaveTheSizeThatWasAskedForAndTheSameBytesEachTime() async throws {
        let path = Fixture.path("sample.pdf")
        let (drawn, failures) = try await draw(1..<4, of: path, as: images)
        #expect(drawn.map(\.page) == [1, 2, 3] && failures.isEmpty)
        for page in drawn {
            #expect(PictureSize(png: page.image) == PictureSize(width: 1131, height: 1600))
            #expect(PictureSize(png: page.thumbnail ?? []) == PictureSize(width: 142, height: 200))
        }
        #expect(Set(drawn.map(\.image)).count == 3, "each shows its own page")
        #expect(try await draw(1..<4, of: path, as: images).drawn == drawn)
        #expect(try await draw(2..<3, of: path, as: images).drawn == [drawn[1]])
    }

    @Test func jpegWithoutThumbnails() async throws {
        let images = PageImages(size: 300, format: .jpeg, thumbnailSize: 0)
        let drawn = try await draw(1..<2, of: Fixture.path("sample.pdf"), as: images).drawn
        #expect(drawn.count == 1 && drawn[0].thumbnail == nil)
        #expect(PictureSize(jpeg: drawn[0].image) == PictureSize(width: 212, height: 300))
    }

    @Test func aPageThatCannotBeDrawnCostsItself() async throws {
        let file = try ScratchFile(makePDF([page("one"), page("two") + undrawable, page("three")]))
        var limits = ExtractionLimits()
        limits.memoryBytes = 256 << 20
        let (drawn, failures) = try await draw(1..<4, of: file.path, as: images, limits: limits)
        #expect(drawn.map(\.page) == [1, 3] && failures == [2: .outOfMemory])
        let text = try await Fixture.extractor.extract(path: file.path, name: "", limits: limits)
        #expect(text.text == "one\n\ntwo\n\nthree" && text.pages.allSatisfy { $0.error == nil })
    }

    @Test func moreThanNoiseNeedsIsNotTaken() async throws {
        let output = OutputFile(try UnnamedFile(), limit: 10)
        let verdicts = [4, 6, 1].map { count in [UInt8](repeating: 1, count: count).withUnsafeBytes(output.append) }
        #expect(verdicts == [.more, .more, .stop] && output.size == 10)
        #expect(try output.bytes() == [UInt8](repeating: 1, count: 10))
    }

    @Test func nothingIsGivenAfterTheTakerHasEnough() async throws {
        let file = try ScratchFile(makePDF((1...30).map { page("page \($0)") }))
        let small = PageImages(size: 64, format: .png, thumbnailSize: 0)
        #expect(try await draw(1..<31, of: file.path, as: small, most: 7).drawn.map(\.page) == Array(1...7))
    }

    /// Poppler rounds the size of a picture up.
    @Test(arguments: [(792, 792), (1, 1), (14_400, 14_400), (20_000, 10), (10, 20_000)]) func pagesOfAnySize(
        size: (Int, Int)
    ) async throws {
        let text = String(decoding: makePDF([page("!!!")]), as: UTF8.self)
        let file = try ScratchFile(Data(text.replacing("0 0 595 842", with: "0 0 \(size.0) \(size.1)").utf8))
        let (drawn, failures) = try await draw(1..<2, of: file.path, as: images)
        #expect(drawn.count + failures.count == 1)
        for page in drawn {
            let shown = try #require(PictureSize(png: page.image))
            #expect((1600...1601).contains(max(shown.width, shown.height)), "\(shown)")
        }
    }

    @Test func cancellationEndsIt() async throws {
        let file = try ScratchFile(makePDF(Array(repeating: slowPage, count: 20)))
        let task = Task { try await draw(1..<21, of: file.path, as: images) }
        task.cancel()
        let error = await #expect(throws: ExtractionError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }
}

import Foundation
import Foundation
import JSON
import Testing

@testable import DocumentsWorker

/// What a later attempt reads of the work of an earlier one.
struct CheckpointTests {
    @Test func anEntryOfAnInputComesBack() throws {
        var input = FinishedInput(index: 3)
        var document = ProcessedDocument(index: 3, path: "3/0", parent: "3", name: "a", status: .completed)
        document.error = ProcessedDocument.Failure(code: "x", message: String(repeating: "é", count: 10_000))
        input.documents = [ProcessedDocument(index: 3, path: "3", name: "b", status: .failed), document]
        input.bytes = 7
        let saved = try #require(try JSON.encode(input).decode(SavedEntry.self).finished)
        #expect(saved.index == 3 && saved.bytes == 7 && saved.documents.map(\.path) == ["3", "3/0"])
        #expect(saved.documents[1].error?.message.unicodeScalars.count == ProcessedDocument.longestField)
        #expect(saved.documents.map(\.status) == [.failed, .completed] && saved.documents[1].parent == "3")
    }

    @Test func anEntryOfPicturesComesBackAsThatAndNothingElse() throws {
        func artifact(_ kind: String, _ page: Int, _ id: UUID) -> ProcessedArtifact {
            ProcessedArtifact(
                document: 2, path: "2", kind: kind, id: id.uuidString.lowercased(), name: "a", mediaType: "image/png",
                sizeBytes: 3, sha256: "ab", page: page)
        }
        let ids = (0..<3).map { _ in UUID() }
        var images = DocumentImages()
        images.artifacts = [
            artifact(DocumentImages.image, 101, ids[0]), artifact(DocumentImages.thumbnail, 101, ids[1]),
            artifact(DocumentImages.image, 103, ids[2]),
        ]
        images.failures = [.init(page: 102, message: "no")]
        let entry = KeptImages(input: 2, sha256: "cd", firstPage: 101, images: images)
        let saved = try JSON.encode(entry).decode(SavedEntry.self)
        #expect(saved.finished == nil && saved.pages == nil)
        let kept = try #require(saved.images)
        #expect(kept.input == 2 && kept.sha256 == "cd" && kept.firstPage == 101)
        #expect(kept.images.pages == 2 && kept.images.bytes == 9 && kept.images.failures.map(\.page) == [102])
        let files = kept.images.files
        #expect(files.keys.sorted() == [101, 103] && files[101]?.image == ids[0] && files[101]?.thumbnail == ids[1])
        #expect(files[103]?.image == ids[2] && files[103]?.thumbnail == nil)
    }

    @Test func anEntryInAnotherFormTellsOfNothing() throws {
        let old: JSON = [
            "document": ["index": 0, "name": "a.txt", "status": "completed", "page_errors": []], "artifacts": [],
            "bytes": 10,
        ]
        #expect(try old.decode(SavedEntry.self).finished == nil)
        #expect(try JSON.array([]).decode(SavedEntry.self).finished == nil)
    }

    @Test func theResultIsInTheOrderOfTheInputs() {
        var inputs = (0..<3).map { FinishedInput(index: $0) }
        for index in inputs.indices {
            inputs[index].documents = [
                ProcessedDocument(index: index, path: "\(index)", name: "c", status: .completed, pages: 2),
                ProcessedDocument(index: index, path: "\(index)/0", parent: "\(index)", name: "m", status: .completed),
            ]
        }
        inputs[1].documents[0].error = ProcessedDocument.Failure(code: "too_many_members", message: "more")
        let result = ProcessedDocuments(inputs.reversed())
        #expect(result.documents.map(\.path) == ["0", "0/0", "1", "1/0", "2", "2/0"])
        // What was read counts as read, though it holds more.
        #expect(result.documentsProcessed == 6 && result.errors == 1 && result.pages == 6)
        #expect(inputs[0].countedPages == 3)
    }
}

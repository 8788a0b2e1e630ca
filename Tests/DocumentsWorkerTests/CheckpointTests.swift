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

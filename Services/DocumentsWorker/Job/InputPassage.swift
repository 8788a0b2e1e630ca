import Foundation
import WorkerKit

/// Where among a job's documents one stands.
struct DocumentPlace: Sendable {
    /// The place of its input among the inputs.
    let index: Int
    let path: String
    /// The path of the document that it lies in.
    let parent: String?

    /// The same as numbers, for its rows.
    let numbers: [Int32]

    init(input index: Int) { self.init(index: index, numbers: [Int32(clamping: index)], parent: nil) }

    private init(index: Int, numbers: [Int32], parent: String?) {
        self.index = index
        self.numbers = numbers
        self.parent = parent
        path = numbers.map { "\($0)" }.joined(separator: "/")
    }

    /// The place of a document inside this one, counted from 0.
    func member(_ ordinal: Int) -> DocumentPlace {
        DocumentPlace(index: index, numbers: numbers + [Int32(clamping: ordinal)], parent: path)
    }
}

/// One input on its way through the stages, with all documents inside it, one after the other: each container before its members.
///
/// Only what the result says of a document is kept when it is done with; members wait in a file.
struct InputPassage: Sendable {
    let input: DocumentProcessing.Input
    /// Its place among the inputs.
    let index: Int
    let stages: Stages
    let tools: DocumentTools
    let limits: ExtractionLimits

    /// Takes the input to its end; a document that cannot be read ends with its error.
    func run() async throws -> FinishedInput {
        var finished = FinishedInput(index: index)
        finished.bytes = try await pass(.input(input), at: DocumentPlace(input: index), into: &finished)
        return finished
    }

    /// Answers the size of the document.
    @discardableResult
    private func pass(
        _ origin: DocumentOrigin, at place: DocumentPlace, into finished: inout FinishedInput
    ) async throws -> Int64 {
        let before = finished.countedPages
        let isAlone = place.parent == nil
        var limits = limits
        limits.maxImagePages = min(limits.maxImagePages, tools.mostImages - finished.imagePages)
        let passed = try await DocumentPassage(
            origin: origin, place: place, stages: stages, tools: tools, limits: limits
        ) { [tools, index] pages, total in
            // How many pages the members after this one have is not known.
            tools.progress.report(index, pages: before + pages, total: isAlone ? total : nil)
        }.run()
        finished.documents.append(passed.document)
        finished.artifacts += passed.artifacts
        for (ordinal, member) in passed.members.enumerated() {
            try await pass(.member(member), at: place.member(ordinal), into: &finished)
        }
        return passed.bytes
    }
}

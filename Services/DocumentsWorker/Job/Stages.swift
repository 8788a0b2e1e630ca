import Foundation
import WorkerKit

/// The stages that one lane passes its documents through, one document at a time; each lane is a subtask of each.
///
/// - `open` finds or fetches the file and, where nobody has hashed it yet, reads and hashes it. Its records are documents, its bytes the files'.
/// - `extract` parses the document in a child process: documents in, documents out; its bytes are the file's, and those of the text
///   and Markdown that came out.
/// - `render`, where pictures of pages are wanted, draws and stores them: documents in, pictures out, counted as they come.
/// - `chunk` cuts the text: documents in, chunks out.
/// - `store` writes artifacts and rows: documents in, files out. When its rows are committed the document is finished.
struct Stages: Sendable {
    let open: Operator
    let extract: Operator
    let render: Operator?
    let chunk: Operator
    let store: Operator
    private let chain: OperatorChain

    init(lane: Int, rendering: Bool, context: JobContext) {
        open = context.operator("open", kind: .source, subtask: lane)
        extract = context.operator("extract", kind: .transform, subtask: lane)
        render = rendering ? context.operator("render", kind: .transform, subtask: lane) : nil
        chunk = context.operator("chunk", kind: .transform, subtask: lane)
        store = context.operator("store", kind: .sink, subtask: lane)
        chain = OperatorChain([open, extract, render, chunk, store].compactMap(\.self))
    }

    /// Does one document's work in a stage, and measures it.
    func run<Output: Sendable>(
        _ stage: Operator, _ body: () async throws -> Output
    ) async rethrows -> Output {
        try await chain.run(stage, body)
    }
}

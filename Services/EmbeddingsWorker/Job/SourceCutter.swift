import Concurrency
import Embedding
import Jobs

/// Cuts sources into chunks, on a thread of its own: a long text takes a while.
actor SourceCutter {
    private let executor = ThreadExecutor(name: "chunker")
    private let chunker: TextChunker
    /// What the cuts depend on beside the text.
    nonisolated let version: String

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Makes a cutter.
    ///
    /// - Parameters:
    ///   - tokens: the most tokens of a chunk.
    ///   - overlap: the most that it shares with the one before.
    init(_ tokenizer: any TextTokenizer, tokens: Int, overlap: Int) throws(TextChunker.Fault) {
        chunker = try TextChunker(tokenizer: tokenizer, limit: tokens, overlap: overlap)
        version = "\(TextChunker.version)/\(tokens)/\(overlap)"
    }

    deinit { executor.stop() }

    /// The chunks of a source, numbered from 0, with their offsets in Unicode scalars.
    func chunks(of source: SourceText) -> [EmbeddedChunk] {
        var chunks: [EmbeddedChunk] = []
        for section in source.sections {
            for chunk in chunker.chunks(of: section.text, syntax: section.headings == nil ? .markdown : .plain) {
                chunks.append(
                    EmbeddedChunk(
                        ordinal: Int32(clamping: chunks.count),
                        start: Int32(clamping: section.start + chunk.scalars.lowerBound),
                        end: Int32(clamping: section.start + chunk.scalars.upperBound), page: section.page,
                        headings: section.headings ?? chunk.headings, text: chunk.text))
            }
        }
        return chunks
    }
}

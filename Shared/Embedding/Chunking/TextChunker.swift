/// Cuts texts into chunks of limited tokens, along headings first, then paragraphs, then sentences, then words, then anywhere.
///
/// - Every byte that is no blank is in some chunk; chunks are in order, and each begins and ends after the one before.
/// - A heading begins a new chunk, unless what is before it in the chunk is tiny: then the two go together. So does a page, always.
/// - Tables and code stay whole where they fit, alone if need be. Paragraphs are packed; one that does not fit is cut to fill at least
///   half of a chunk.
/// - Chunks of one section share up to the overlap; those of different sections or pages share nothing.
/// - No chunk has more tokens than the limit, but one of a single scalar that has more itself.
///
/// The tokens of the whole text are found once. Only a chunk that is cut where no blank is, so that its tokens may be others alone than
/// they are in the text, is counted again. Time is in proportion to the text, whatever it is, and memory to its words.
public struct TextChunker: Sendable {
    /// Changes whenever the same text may give other chunks: part of the keys under which their vectors are kept.
    public static let version = 1

    /// Why a chunker cannot be made.
    public enum Fault: Error, Equatable {
        /// The limit must be 8 tokens or more.
        case badLimit
        /// The overlap must be between nothing and half of the limit.
        case badOverlap
    }

    /// Bytes of text for each token of the limit that a chunk may have: blanks and signs that are no tokens would make it endless.
    public static let bytesPerToken = 32

    private let tokenizer: any TextTokenizer
    private let limit: Int
    private let overlap: Int

    /// Makes a chunker.
    ///
    /// - Parameters:
    ///   - tokenizer: whose tokens are counted; without those that the model adds.
    ///   - limit: the most tokens of a chunk.
    ///   - overlap: the most tokens that a chunk shares with the one before.
    public init(tokenizer: any TextTokenizer, limit: Int, overlap: Int) throws(Fault) {
        guard limit >= 8 else { throw .badLimit }
        guard overlap >= 0, overlap <= limit / 2 else { throw .badOverlap }
        self.tokenizer = tokenizer
        self.limit = limit
        self.overlap = overlap
    }

    /// The chunks of a text, in order; none for a text of blanks.
    ///
    /// - Parameters:
    ///   - syntax: how the text marks its structure.
    ///   - pageStarts: where each page begins, in bytes of UTF-8, in order; the first is page 1. A start inside of a scalar counts as
    ///     after it.
    public func chunks(
        of text: String, syntax: TextSyntax = .markdown, pageStarts: [Int] = []
    ) -> [TextChunk] {
        let tokens = tokenizer.ranges(in: text)
        var text = text
        return text.withUTF8 { bytes in
            let pages = pageStarts.map { start in
                var start = min(max(0, start), bytes.count)
                while start < bytes.count, bytes[start].isContinuation { start += 1 }
                return start
            }
            let map = TextMap(bytes, tokens: tokens, outline: TextOutline(bytes, syntax), pageStarts: pages)
            var writer = ChunkWriter(map)
            let cutter = ChunkCutter(map, tokenizer: tokenizer, limit: limit, overlap: overlap)
            cutter.cut { writer.take($0, tokens: $1) }
            return writer.chunks
        }
    }
}

import Jobs
import Markup

/// A part of a document's text, of a size that an embedding model or a reader takes at once.
public struct Chunk: Sendable, Equatable {
    /// A hash of the text, so that the same words have the same id in the next version of the document; the second chunk with the same
    /// text ends with `-2`.
    public var id: String
    /// Counted from 0.
    public var index: Int
    /// Exactly the document's text from `start` to `end`.
    public var text: String
    /// Offset of its first scalar in the document's text.
    public var start: Int
    /// Offset after its last scalar.
    public var end: Int
    /// The page that it is on; nil without pages.
    public var page: Int?
    /// Where on its page the parts stand from which it is; nil where the format does not say.
    public var box: Box?
    /// The headings above its start, outermost first.
    public var headings: [String]
}

/// Cuts text into chunks, by its structure first: none goes over the end of a page or into the next section. How the text of one is cut, `TextCutter`
/// says.
///
/// So a change on a page, or in a section, changes the chunks of that page or section and no others. Headings right after each other
/// belong to one section.
public struct Chunker: Sendable {
    private let cutter: TextCutter

    /// Makes a chunker for chunks of at most `size` scalars that share up to `overlap` with the one before.
    public init(size: Int, overlap: Int) throws(TextCutter.Fault) {
        cutter = try TextCutter(size: size, overlap: overlap)
    }

    /// The chunks of a document, in order.
    public func chunks(of document: Extracted) -> [Chunk] {
        let places = Places(document)
        var names = ChunkNames()
        return cutter.pieces(of: document.text, sectionEnds: places.sectionEnds).enumerated().map { index, piece in
            Chunk(
                id: names.name(for: piece.text), index: index, text: piece.text, start: piece.start, end: piece.end,
                page: places.page(at: piece.start), box: places.box(from: piece.start, to: piece.end),
                headings: places.headings(at: piece.start))
        }
    }
}

/// Finds the sections of a document, and the pages and headings of offsets.
private struct Places {
    /// Where each section but the last ends, in order.
    let sectionEnds: [Int]
    private let document: Extracted
    /// The path of titles from each heading on.
    private let paths: [[String]]

    init(_ document: Extracted) {
        self.document = document
        var open: [Heading] = []
        paths = document.headings.map { heading in
            open.removeAll { $0.level >= heading.level }
            open.append(heading)
            return open.map(\.title)
        }
        // The two offsets between headings without text between them: the blank line.
        let starts = zip([nil] + document.headings.map(Optional.some), document.headings).compactMap {
            before, heading in
            let end = before.map { $0.start + $0.title.unicodeScalars.count } ?? .min
            return heading.start - 2 > end ? heading.start : nil
        }
        sectionEnds = Set(starts + document.pages.map(\.start)).subtracting([0]).sorted()
    }

    func page(at offset: Int) -> Int? {
        let index = document.pages.partitioningIndex { $0.end > offset }
        return index < document.pages.count ? document.pages[index].number : nil
    }

    /// Around all parts of the text that a chunk has something of.
    func box(from start: Int, to end: Int) -> Box? {
        var index = document.places.partitioningIndex { $0.end > start }
        var box: Box?
        while index < document.places.count, document.places[index].start < end {
            box = box?.union(document.places[index].box) ?? document.places[index].box
            index += 1
        }
        return box
    }

    func headings(at offset: Int) -> [String] {
        let index = document.headings.partitioningIndex { $0.start > offset } - 1
        return index >= 0 ? paths[index] : []
    }
}

extension Array {
    /// The first index from which on `isAfter` holds, by halving.
    fileprivate func partitioningIndex(where isAfter: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

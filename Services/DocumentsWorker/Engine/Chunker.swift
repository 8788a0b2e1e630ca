import Crypto
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

/// Cuts text into chunks, by its structure first: none goes over the end of a page or into the next section. Within one they
/// overlap, and end with a paragraph where one is near, else with a sentence, else with a word, else where the size ends.
///
/// So a change on a page, or in a section, changes the chunks of that page or section and no others. Headings right after each other
/// belong to one section.
///
/// All measures count Unicode scalars. Every scalar that is not blank is in some chunk, no chunk is larger than the
/// size, and neighbours share at most the overlap.
public struct Chunker: Sendable {
    /// Why a chunker cannot be made.
    public enum Fault: Error, Equatable {
        /// The size must be positive.
        case badSize
        /// The overlap must be between nothing and half of the size.
        case badOverlap
    }

    private let size: Int
    private let overlap: Int

    /// Makes a chunker for chunks of at most `size` scalars that share up to `overlap` with the one before.
    public init(size: Int, overlap: Int) throws(Fault) {
        guard size > 0 else { throw .badSize }
        guard overlap >= 0, overlap <= size / 2 else { throw .badOverlap }
        self.size = size
        self.overlap = overlap
    }

    /// The chunks of a document, in order.
    public func chunks(of document: Extracted) -> [Chunk] {
        var text = document.text
        let places = Places(document)
        return text.withUTF8 { utf8 in
            var chunks: [Chunk] = []
            var seen: [String: Int] = [:]
            var whole = TextCursor(utf8)
            for end in places.sectionEnds {
                let (byte, base) = (whole.byte, whole.scalar)
                while whole.scalar < end, !whole.isAtEnd { whole.advance() }
                let section = UnsafeBufferPointer(rebasing: utf8[byte..<whole.byte])
                for (text, range) in cut(section) {
                    let start = base + range.lowerBound
                    let hash = Hex.encode(Array(sha256(Array(text.utf8)).prefix(16)))
                    seen[hash, default: 0] += 1
                    let count = seen[hash, default: 1]
                    chunks.append(
                        Chunk(
                            id: count > 1 ? "\(hash)-\(count)" : hash, index: chunks.count, text: text, start: start,
                            end: base + range.upperBound, page: places.page(at: start),
                            box: places.box(from: start, to: base + range.upperBound),
                            headings: places.headings(at: start)))
                }
            }
            return chunks
        }
    }

    /// The chunks of one section, with offsets from its start.
    private func cut(_ utf8: UnsafeBufferPointer<UInt8>) -> [(text: String, range: Range<Int>)] {
        var chunks: [(String, Range<Int>)] = []
        var cursor = TextCursor(utf8)
        cursor.skipBlanks()
        var covered = 0
        while !cursor.isAtEnd {
            let start = cursor
            let end = breakPoint(after: start, beyond: covered)
            let trimmed = end.backOverBlanks(downTo: start)
            let bytes = UnsafeBufferPointer(rebasing: utf8[start.byte..<trimmed.byte])
            chunks.append((String(decoding: bytes, as: UTF8.self), start.scalar..<trimmed.scalar))
            cursor = end
            cursor.skipBlanks()
            covered = cursor.scalar
            if !cursor.isAtEnd { cursor = overlapStart(before: trimmed, after: start, next: cursor) }
        }
        return chunks
    }

    /// Where a chunk from `start` ends best: the last place of the strongest kind in its second half, after `covered`.
    private func breakPoint(after start: TextCursor, beyond covered: Int) -> TextCursor {
        var cursor = start
        var best: (rank: TextCursor.Break, place: TextCursor)?
        while cursor.scalar - start.scalar < size {
            cursor.advance()
            if cursor.isAtEnd { return cursor }
            guard cursor.scalar > covered, 2 * (cursor.scalar - start.scalar) >= size, let kind = cursor.breakHere
            else { continue }
            if kind >= best?.rank ?? .word { best = (kind, cursor) }
        }
        // The size may end just before the blanks of a good place.
        var after = cursor
        after.skipBlanks()
        if after.isAtEnd { return cursor }
        if after.byte > cursor.byte, let kind = after.breakHere, kind >= best?.rank ?? .word { return cursor }
        return best?.place ?? cursor
    }

    /// Where the next chunk begins: as far back as the overlap allows, at the start of a sentence or a word.
    private func overlapStart(before end: TextCursor, after start: TextCursor, next: TextCursor) -> TextCursor {
        var cursor = end
        var best: (rank: TextCursor.Break, place: TextCursor)?
        while end.scalar - cursor.scalar < overlap, cursor.scalar > start.scalar + 1 {
            cursor.retreat()
            guard !cursor.isAtBlank, let kind = cursor.breakHere else { continue }
            if kind >= best?.rank ?? .word { best = (kind, cursor) }
        }
        // After a long run of blanks the shared words would leave no room for new ones.
        guard let place = best?.place, next.scalar - place.scalar < size else { return next }
        return place
    }
}

/// Finds the sections of a document, and the pages and headings of offsets.
private struct Places {
    /// Where each section ends, in order; the last is beyond the end of the text.
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
        sectionEnds = Set(starts + document.pages.map(\.start)).subtracting([0]).sorted() + [.max]
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

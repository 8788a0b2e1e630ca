/// Cuts text into pieces of a size that an embedding model or a reader takes at once. Within a section they overlap, and end with a paragraph where one is
/// near, else with a sentence, else with a word, else where the size ends.
///
/// All measures count Unicode scalars. Every scalar that is not blank is in some piece, no piece is larger than the size, and neighbours share at most
/// the overlap.
public struct TextCutter: Sendable {
    /// Why a cutter cannot be made.
    public enum Fault: Error, Equatable {
        /// The size must be positive.
        case badSize
        /// The overlap must be between nothing and half of the size.
        case badOverlap
    }

    /// A part of a text.
    public struct Piece: Sendable, Equatable {
        /// Exactly the text from `start` to `end`.
        public let text: String
        /// Offset of its first scalar in the whole text.
        public let start: Int
        /// Offset after its last scalar.
        public let end: Int
    }

    private let size: Int
    private let overlap: Int

    /// Makes a cutter for pieces of at most `size` scalars that share up to `overlap` with the one before.
    public init(size: Int, overlap: Int) throws(Fault) {
        guard size > 0 else { throw .badSize }
        guard overlap >= 0, overlap <= size / 2 else { throw .badOverlap }
        self.size = size
        self.overlap = overlap
    }

    /// The pieces of a text, in order.
    ///
    /// - Parameter sectionEnds: offsets that no piece goes over, in order.
    public func pieces(of text: String, sectionEnds: [Int] = []) -> [Piece] {
        var text = text
        return text.withUTF8 { utf8 in
            var found: [Piece] = []
            var whole = TextCursor(utf8)
            for end in sectionEnds + [.max] {
                let (byte, base) = (whole.byte, whole.scalar)
                while whole.scalar < end, !whole.isAtEnd { whole.advance() }
                pieces(of: UnsafeBufferPointer(rebasing: utf8[byte..<whole.byte]), from: base, into: &found)
            }
            return found
        }
    }

    /// The pieces of one section, which begins at an offset.
    private func pieces(of utf8: UnsafeBufferPointer<UInt8>, from base: Int, into pieces: inout [Piece]) {
        var cursor = TextCursor(utf8)
        cursor.skipBlanks()
        var covered = 0
        while !cursor.isAtEnd {
            let start = cursor
            let end = breakPoint(after: start, beyond: covered)
            let trimmed = end.backOverBlanks(downTo: start)
            let bytes = UnsafeBufferPointer(rebasing: utf8[start.byte..<trimmed.byte])
            pieces.append(
                Piece(
                    text: String(decoding: bytes, as: UTF8.self), start: base + start.scalar, end: base + trimmed.scalar
                ))
            cursor = end
            cursor.skipBlanks()
            covered = cursor.scalar
            if !cursor.isAtEnd { cursor = overlapStart(before: trimmed, after: start, next: cursor) }
        }
    }

    /// Where a piece from `start` ends best: the last place of the strongest kind in its second half, after `covered`.
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

    /// Where the next piece begins: as far back as the overlap allows, at the start of a sentence or a word.
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

/// Decides where chunks begin and end.
struct ChunkCutter {
    /// A place where a chunk begins, or where it ends and the next one may begin.
    private struct Place {
        /// Where the text before it ends.
        let end: Int
        /// Where the text after it begins.
        let start: Int
        /// How many tokens begin before `start`.
        let tokens: Int
        /// The first gap whose text after it begins later than `start`.
        let next: Int
        let isClean: Bool
        /// What ends here; nil inside of a word.
        let rank: TextGap.Rank?
        /// The tokens and bytes of the table or code that begins here and shall stay whole.
        var unit = (tokens: 0, bytes: 0)
    }

    private let map: TextMap
    private let tokenizer: any TextTokenizer
    private let limit: Int
    private let overlap: Int
    private let maxBytes: Int

    init(_ map: TextMap, tokenizer: any TextTokenizer, limit: Int, overlap: Int) {
        self.map = map
        self.tokenizer = tokenizer
        self.limit = limit
        self.overlap = overlap
        maxBytes = limit * TextChunker.bytesPerToken
    }

    /// A section with fewer tokens goes together with the next one.
    private var tiny: Int { limit / 8 }

    /// Gives the ranges of the chunks and their tokens, in order.
    func cut(_ take: (Range<Int>, Int) -> Void) {
        guard map.start < map.end else { return }
        // Up to where all is in some chunk; the next one begins there, or earlier where it shares something.
        var covered = Place(
            end: map.start, start: map.start, tokens: map.tokens(before: map.start), next: 0, isClean: true, rank: .page
        )
        var start = covered
        while covered.start < map.end {
            var chunk = start.start < covered.start ? end(from: start, beyond: covered) : nil
            if chunk == nil {
                // What would be shared leaves no room for anything new, or nothing is.
                start = covered
                chunk = end(from: start, beyond: covered)
            }
            guard let (end, tokens) = chunk else { preconditionFailure("a scalar is a chunk at least") }
            take(start.start..<end.end, tokens)
            start = overlapStart(before: end, after: start)
            covered = end
        }
    }

    /// Where a chunk ends, and how many tokens it has; nil when nothing beyond what is covered fits.
    private func end(from start: Place, beyond covered: Place) -> (Place, tokens: Int)? {
        var bytes = maxBytes
        while let end = bestEnd(from: start, beyond: covered, bytes: bytes) {
            let used = end.end - start.start
            guard !start.isClean || !end.isClean else { return (end, end.tokens - start.tokens) }
            let tokens = tokenizer.ranges(in: map.text(start.start..<end.end)).count
            if tokens <= limit || end.end <= scalarEnd(after: start.start) { return (end, tokens) }
            bytes = min(used * limit / tokens, used * 3 / 4)
        }
        return nil
    }

    private func bestEnd(from start: Place, beyond covered: Place, bytes: Int) -> Place? {
        /// For each rank the last gap within reach that is at least as strong.
        var last = [Int?](repeating: nil, count: Int(TextGap.Rank.page.rawValue) + 1)
        var index = covered.next
        while true {
            let gap = map.gaps[index]
            let size = gap.tokens - start.tokens
            guard size <= limit, gap.end - start.start <= bytes else { break }
            if gap.rank == .page || gap.rank == .section && size >= tiny { return place(index) }
            if let unit = unitToKeep(at: gap, from: start, bytes: bytes) { return place(index, unit) }
            for rank in 0...Int(gap.rank.rawValue) { last[rank] = index }
            index += 1
        }
        let isHalf = { (gap: TextGap) in
            2 * (gap.tokens - covered.tokens) >= limit - (covered.tokens - start.tokens)
                || 2 * (gap.end - covered.start) >= bytes - (covered.start - start.start)
        }
        for rank in [TextGap.Rank.paragraph, .sentence, .line, .word] {
            if let index = last[Int(rank.rawValue)], isHalf(map.gaps[index]) { return place(index) }
        }
        return endInWord(endingAt: index, after: last[0], from: start, beyond: covered, bytes: bytes)
    }

    /// The table or code at a gap, if it would be cut by going on but fits a chunk of its own.
    private func unitToKeep(at gap: TextGap, from start: Place, bytes: Int) -> (tokens: Int, bytes: Int)? {
        guard gap.unitEnd > 0 else { return nil }
        let unit = (tokens: map.tokens(before: gap.unitEnd) - gap.tokens, bytes: gap.unitEnd - gap.start)
        let fitsHere = gap.tokens + unit.tokens - start.tokens <= limit && gap.unitEnd - start.start <= bytes
        return !fitsHere && unit.tokens <= limit && unit.bytes <= maxBytes ? unit : nil
    }

    /// The last place in a word that is within reach: between two characters if there is one, else before the word, else between two
    /// scalars.
    private func endInWord(
        endingAt index: Int, after gap: Int?, from start: Place, beyond covered: Place, bytes: Int
    ) -> Place? {
        let word = (gap.map { map.gaps[$0].start } ?? covered.start)..<map.gaps[index].end
        var reach = min(start.start + bytes, word.upperBound)
        if start.tokens + limit < map.tokens.count { reach = min(reach, map.tokens[start.tokens + limit].lowerBound) }
        var end = lastCharacterEnd(in: word, upTo: reach)
        if end == nil, let gap { return place(gap) }
        if end == nil, start.start == covered.start {
            while reach > covered.start, map.bytes[reach].isContinuation { reach -= 1 }
            end = max(reach, scalarEnd(after: covered.start))
        }
        guard let end else { return nil }
        return end == word.upperBound ? place(index) : place(at: end, next: index)
    }

    /// Where the next chunk begins: as far back as the overlap allows, best at a paragraph or a sentence.
    private func overlapStart(before end: Place, after start: Place) -> Place {
        let tokens = min(overlap, limit - end.unit.tokens)
        let bytes = min(maxBytes / 4, maxBytes - end.unit.bytes)
        guard tokens > 0, end.tokens > 0, end.start < map.end, end.rank ?? .word < .section else { return end }
        let next = end.rank == nil ? end.next : end.next - 1
        var index = next - 1
        var best: Int?
        while index >= start.next, case let gap = map.gaps[index],
            end.tokens - gap.tokens <= tokens, end.start - gap.start <= bytes
        {
            if best.map({ gap.rank >= map.gaps[$0].rank }) ?? true { best = index }
            if gap.rank >= .section { break }
            index -= 1
        }
        if let best { return place(best) }
        // The last word is too long to be shared as a whole.
        let word = (index >= start.next ? map.gaps[index].start : start.start)..<end.end
        let first = max(0, end.tokens - tokens)
        // A character may have several tokens that begin where it does.
        let tokenStart = max(map.tokens[first].lowerBound, first > 0 ? map.tokens[first - 1].lowerBound + 1 : 0)
        let low = max(tokenStart, end.end - bytes, start.start + 1)
        guard let shared = firstCharacterEnd(in: word, from: low) else { return end }
        return place(at: shared, next: next)
    }
}

// MARK: places

extension ChunkCutter {
    private func place(_ index: Int, _ unit: (tokens: Int, bytes: Int) = (0, 0)) -> Place {
        let gap = map.gaps[index]
        return Place(
            end: gap.end, start: gap.start, tokens: gap.tokens, next: index + 1, isClean: gap.isClean, rank: gap.rank,
            unit: unit)
    }

    private func place(at byte: Int, next: Int) -> Place {
        Place(end: byte, start: byte, tokens: map.tokens(before: byte), next: next, isClean: false, rank: nil)
    }

    private func scalarEnd(after byte: Int) -> Int {
        var end = byte + 1
        while end < map.end, map.bytes[end].isContinuation { end += 1 }
        return end
    }

    /// The end of the last character of a word that ends at `reach` or before.
    private func lastCharacterEnd(in word: Range<Int>, upTo reach: Int) -> Int? {
        guard reach > word.lowerBound else { return nil }
        // What follows the last character tells where it ends.
        let window = word.lowerBound..<min(scalarEnd(after: scalarEnd(after: reach - 1)), word.upperBound)
        var (end, last) = (word.lowerBound, nil as Int?)
        for character in map.text(window) {
            end += character.utf8.count
            guard end <= reach else { break }
            last = end
        }
        return last
    }

    /// The end of the first character of a word that ends at `low` or later, and before the word does.
    private func firstCharacterEnd(in word: Range<Int>, from low: Int) -> Int? {
        var end = word.lowerBound
        for character in map.text(word) {
            end += character.utf8.count
            if end >= low { return end < word.upperBound ? end : nil }
        }
        return nil
    }
}

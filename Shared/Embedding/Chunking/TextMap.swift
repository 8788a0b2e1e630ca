/// A text with all that cutting it asks for: where it may be cut, and how many tokens lie before each place.
struct TextMap {
    let bytes: UnsafeBufferPointer<UInt8>
    let tokens: [Range<Int>]
    let headings: [TextHeading]
    let pageStarts: [Int]
    /// In order; the last one is the end of the text.
    let gaps: [TextGap]
    /// Where the first word begins.
    let start: Int
    /// Where the last word ends.
    let end: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, tokens: [Range<Int>], outline: TextOutline, pageStarts: [Int]) {
        self.bytes = bytes
        self.tokens = tokens
        self.pageStarts = pageStarts
        (headings, start, end) = (outline.headings, outline.start, outline.end)
        var gaps = Self.paged(outline, pageStarts)
        gaps.append(TextGap(end: outline.end, start: bytes.count, rank: .page))
        Self.count(tokens, in: &gaps)
        self.gaps = gaps
    }

    /// How many tokens begin before a byte.
    func tokens(before byte: Int) -> Int {
        var (low, high) = (0, tokens.count)
        while low < high {
            let middle = (low + high) / 2
            if tokens[middle].lowerBound >= byte { high = middle } else { low = middle + 1 }
        }
        return low
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The gaps with those where a page begins, which may be in the middle of a word.
    private static func paged(_ outline: TextOutline, _ pageStarts: [Int]) -> [TextGap] {
        guard !pageStarts.isEmpty else { return outline.gaps }
        var gaps: [TextGap] = []
        gaps.reserveCapacity(outline.gaps.count + pageStarts.count + 1)
        var page = 0
        func addStarts(before byte: Int) {
            while page < pageStarts.count, pageStarts[page] < byte {
                let start = pageStarts[page]
                // Before the text, after it, and twice at one place there is nothing to cut.
                if start > outline.start, start < outline.end, gaps.last.map({ $0.start < start }) ?? true {
                    gaps.append(TextGap(end: start, start: start, rank: .page))
                }
                page += 1
            }
        }
        for var gap in outline.gaps {
            addStarts(before: gap.end)
            while page < pageStarts.count, pageStarts[page] <= gap.start {
                gap.rank = .page
                page += 1
            }
            gaps.append(gap)
        }
        addStarts(before: outline.end)
        return gaps
    }

    private static func count(_ tokens: [Range<Int>], in gaps: inout [TextGap]) {
        var (count, reach) = (0, 0)
        for index in gaps.indices {
            while count < tokens.count, tokens[count].lowerBound < gaps[index].start {
                reach = max(reach, tokens[count].upperBound)
                count += 1
            }
            gaps[index].tokens = count
            gaps[index].isClean = gaps[index].end < gaps[index].start && reach <= gaps[index].start
        }
        // After the last word there is nothing that could change its tokens.
        gaps[gaps.count - 1].isClean = true
    }
}

/// Makes chunks of ranges that come in order, and says of each where it stands.
struct ChunkWriter {
    private(set) var chunks: [TextChunk] = []
    private let map: TextMap
    private var headings = 0
    private var pages = 0
    private var (startByte, startScalar) = (0, 0)
    private var (endByte, endScalar) = (0, 0)
    /// Of the heading that was last.
    private var path: (heading: Int, titles: [String]) = (-1, [])

    init(_ map: TextMap) { self.map = map }

    mutating func take(_ range: Range<Int>, tokens: Int) {
        while headings < map.headings.count, map.headings[headings].start < range.upperBound { headings += 1 }
        while pages < map.pageStarts.count, map.pageStarts[pages] <= range.lowerBound { pages += 1 }
        startScalar += scalars(startByte..<range.lowerBound)
        endScalar += scalars(endByte..<range.upperBound)
        (startByte, endByte) = (range.lowerBound, range.upperBound)
        chunks.append(
            TextChunk(
                text: map.text(range), range: range, scalars: startScalar..<endScalar, tokens: tokens,
                headings: titles(), page: pages > 0 ? pages : nil))
    }

    private func scalars(_ range: Range<Int>) -> Int { map.bytes[range].count { !$0.isContinuation } }

    private mutating func titles() -> [String] {
        let heading = headings - 1
        guard heading != path.heading else { return path.titles }
        var titles: [String] = []
        var next = heading >= 0 ? heading : nil
        while let current = next {
            titles.append(map.headings[current].title)
            next = map.headings[current].parent
        }
        path = (heading, titles.reversed())
        return path.titles
    }
}

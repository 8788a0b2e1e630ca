/// Finds the columns of running text. Poppler mixes them where the space between them is narrow.
struct ColumnFinder {
    /// A column has so many lines of running text at least, and most of them fill it.
    private static let leastLines = 5
    private static let leastWords = 3.0
    private static let fill = 0.8
    /// The space between columns, as a part of the height of the characters.
    private static let leastGutter = 0.4
    /// How near to the edge of the text, as a part of its width, there is no space between columns.
    private static let margin = 0.15
    /// This part of the usual number of words may stand in the space: those of lines over all columns.
    private static let mostCrossing = 0.12

    private typealias Line = [PageWords.Word]

    private let page: PageWords
    private let words: [PageWords.Word]

    /// The blocks of the page in reading order; as poppler has them where no columns are found.
    static func blocks(of page: PageWords) -> [[[PageWords.Word]]] {
        let finder = ColumnFinder(page)
        guard let gutter = finder.gutter else { return page.blocks }
        return finder.parted(gutter)
    }

    private init(_ page: PageWords) {
        self.page = page
        words = page.blocks.joined().flatMap { $0 }
    }

    /// The horizontal space that almost no word stands in, with running text on either side.
    private var gutter: ClosedRange<Double>? {
        guard words.count > 40, let left = words.map(\.box.left).min(), let right = words.map(\.box.right).max(),
            left >= 0, right - left > 100, right < 20_000
        else { return nil }
        var cover = [Int](repeating: 0, count: Int(right) + 2)
        for word in words where word.box.right > word.box.left {
            for place in Int(word.box.left.rounded(.up))...max(Int(word.box.right), Int(word.box.left.rounded(.up))) {
                cover[place] += 1
            }
        }
        let inner = Int(left + Self.margin * (right - left))...Int(right - Self.margin * (right - left))
        let usual = cover[inner].sorted()[inner.count / 2]
        let most = Int(Double(usual) * Self.mostCrossing)
        let heights = words.map(\.box.height).sorted()
        var best: ClosedRange<Int>?
        var start: Int?
        for place in inner {
            if cover[place] <= most {
                if start == nil { start = place }
                if let start, place - start > best.map({ $0.upperBound - $0.lowerBound }) ?? -1 { best = start...place }
            } else {
                start = nil
            }
        }
        guard let best, Double(best.count) + 1 > Self.leastGutter * heights[heights.count / 2] else { return nil }
        let gutter = Double(best.lowerBound) - 0.5...Double(best.upperBound) + 0.5
        return isProse(gutter) ? gutter : nil
    }

    /// The parts of a line on either side; a line over all columns is one part.
    private func parts(_ line: Line, _ gutter: ClosedRange<Double>) -> (left: Line, right: Line, whole: Line) {
        let middle = (gutter.lowerBound + gutter.upperBound) / 2
        let left = line.filter { $0.box.right <= middle + 0.5 }
        let right = line.filter { $0.box.left >= middle - 0.5 }
        guard left.count + right.count == line.count else { return ([], [], line) }
        // Words that stand nearer than the columns do are of one line over both.
        if let end = left.map(\.box.right).max(), let start = right.map(\.box.left).min(),
            start - end < 0.7 * (gutter.upperBound - gutter.lowerBound)
        {
            return ([], [], line)
        }
        return (left, right, [])
    }

    private func isProse(_ gutter: ClosedRange<Double>) -> Bool {
        let lines = page.blocks.joined().map { parts($0, gutter) }
        return [lines.map(\.left), lines.map(\.right)].allSatisfy { side in
            let side = side.filter { !$0.isEmpty }
            let boxes = side.map(Self.box)
            guard let left = boxes.map(\.left).min(), let right = boxes.map(\.right).max() else { return false }
            let full = boxes.filter { $0.width > Self.fill * (right - left) }
            let count = side.reduce(0) { $0 + $1.count }
            return full.count >= Self.leastLines && 2 * full.count > side.count
                && Double(count) > Self.leastWords * Double(side.count)
        }
    }

    private static func box(_ line: Line) -> Box { line.dropFirst().reduce(line[0].box) { $0.union($1.box) } }

    /// A line, or the part of it in one column, and the block of poppler's that it is from.
    private struct Row {
        var words: Line
        let block: Int

        var box: Box { ColumnFinder.box(words) }
        var size: Double { words[0].box.height }
    }

    /// From top to bottom: lines over both columns one by one, and between them first the left column, then the right one.
    private func parted(_ gutter: ClosedRange<Double>) -> [[Line]] {
        var lines: [(parts: (left: Line, right: Line, whole: Line), block: Int, middle: Double)] = []
        for (index, block) in page.blocks.enumerated() {
            for line in block where !line.isEmpty {
                lines.append((parts(line, gutter), index, Self.box(line).middle))
            }
        }
        lines.sort { $0.middle < $1.middle }
        var blocks: [[Line]] = []
        var (left, right, whole): ([Row], [Row], [Row]) = ([], [], [])
        func endColumns() {
            blocks += Self.split(left) + Self.split(right)
            (left, right) = ([], [])
        }
        for line in lines {
            if line.parts.whole.isEmpty {
                blocks += Self.split(whole)
                whole = []
                if !line.parts.left.isEmpty { left.append(Row(words: line.parts.left, block: line.block)) }
                if !line.parts.right.isEmpty { right.append(Row(words: line.parts.right, block: line.block)) }
            } else {
                endColumns()
                whole.append(Row(words: line.parts.whole, block: line.block))
            }
        }
        endColumns()
        return blocks + Self.split(whole)
    }

    /// Blocks of the lines of a column, by the larger spaces between them, and by size where poppler, too, begins a block.
    private static func split(_ lines: [Row]) -> [[Line]] {
        let rows = joined(lines)
        let pitches = zip(rows, rows.dropFirst()).map { $1.box.middle - $0.box.middle }
        let usual = pitches.isEmpty ? 0 : pitches.sorted()[pitches.count / 2]
        var blocks: [[Line]] = []
        for (index, row) in rows.enumerated() {
            let before = index > 0 ? rows[index - 1] : row
            let isResized = row.block != before.block && abs(row.size - before.size) > 0.04 * before.size
            // Larger characters have larger spaces.
            let isApart = index > 0 && pitches[index - 1] > 1.3 * max(usual, min(row.size, before.size))
            if index == 0 || isResized || isApart { blocks.append([]) }
            blocks[blocks.count - 1].append(row.words)
        }
        return blocks
    }

    /// Parts of one line, which poppler may have given apart, as one.
    private static func joined(_ lines: [Row]) -> [Row] {
        var rows: [Row] = []
        for line in lines {
            if let last = rows.last, last.box.isBeside(line.box) {
                rows[rows.count - 1].words = (last.words + line.words).sorted { $0.box.left < $1.box.left }
            } else {
                rows.append(line)
            }
        }
        return rows
    }
}

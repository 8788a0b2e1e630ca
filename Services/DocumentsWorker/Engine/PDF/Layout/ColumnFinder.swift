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

    private static let mostGutters = 5

    private typealias Line = [PageWords.Word]

    private let page: PageWords
    private let words: [PageWords.Word]

    /// The blocks of the page in reading order; as poppler has them where no columns are found.
    static func blocks(of page: PageWords) -> [[[PageWords.Word]]] {
        let finder = ColumnFinder(page)
        var gutters = finder.gutters
        // One that is none, such as within a table, must not hide the others.
        while !gutters.isEmpty {
            if finder.isProse(gutters) { return finder.parted(gutters) }
            guard let narrowest = gutters.indices.min(by: { gutters[$0].width < gutters[$1].width }) else { break }
            gutters.remove(at: narrowest)
        }
        return page.blocks
    }

    private init(_ page: PageWords) {
        self.page = page
        words = page.blocks.joined().flatMap { $0 }
    }

    /// The horizontal spaces that almost no word stands in, from left to right.
    private var gutters: [ClosedRange<Double>] {
        guard words.count > 40, let all = Box(around: words.lazy.map(\.box)), all.left >= 0, all.width > 100,
            all.right < 20_000
        else { return [] }
        let (left, right) = (all.left, all.right)
        // By how much more words stand at each point than at the one before.
        var cover = [Int](repeating: 0, count: Int(right) + 3)
        for word in words where word.box.right > word.box.left {
            let start = Int(word.box.left.rounded(.up))
            cover[start] += 1
            cover[max(Int(word.box.right), start) + 1] -= 1
        }
        for place in cover.indices.dropFirst() { cover[place] += cover[place - 1] }
        let inner = Int(left + Self.margin * (right - left))...Int(right - Self.margin * (right - left))
        let usual = cover[inner].median ?? 0
        let most = Int(Double(usual) * Self.mostCrossing)
        let least = Self.leastGutter * (words.map(\.box.height).median ?? 0)
        var found: [ClosedRange<Double>] = []
        var start: Int?
        for place in inner.lowerBound...(inner.upperBound + 1) {
            if place <= inner.upperBound, cover[place] <= most {
                start = start ?? place
            } else if let first = start {
                if Double(place - first) + 1 > least { found.append(Double(first) - 0.5...Double(place) - 0.5) }
                start = nil
            }
        }
        return found.count <= Self.mostGutters ? found : []
    }

    /// The parts of a line in each column; nil for a line over several.
    private func parts(_ line: Line, _ gutters: [ClosedRange<Double>]) -> [Line]? {
        var parts = [Line](repeating: [], count: gutters.count + 1)
        for word in line {
            let column = gutters.firstIndex { word.box.right <= $0.middle + 0.5 } ?? gutters.count
            guard column == 0 || word.box.left >= gutters[column - 1].middle - 0.5 else { return nil }
            parts[column].append(word)
        }
        for (column, gutter) in gutters.enumerated() {
            // Words that stand nearer than the columns do are of one line over both.
            if let end = parts[column].map(\.box.right).max(), let start = parts[column + 1].map(\.box.left).min(),
                start - end < 0.7 * gutter.width
            {
                return nil
            }
        }
        return parts
    }

    private func isProse(_ gutters: [ClosedRange<Double>]) -> Bool {
        let lines = page.blocks.joined().compactMap { parts($0, gutters) }
        return (0...gutters.count).allSatisfy { column in
            let own = lines.map { $0[column] }.filter { !$0.isEmpty }
            let boxes = own.map(Self.box)
            guard let all = Box(around: boxes) else { return false }
            let full = boxes.filter { $0.width > Self.fill * all.width }
            let count = own.reduce(0) { $0 + $1.count }
            return full.count >= Self.leastLines && 2 * full.count > own.count
                && Double(count) > Self.leastWords * Double(own.count)
        }
    }

    /// Of a line with words.
    private static func box(_ line: Line) -> Box { line.dropFirst().reduce(line[0].box) { $0.union($1.box) } }

    /// A line, or the part of it in one column, and the block of poppler's that it is from.
    private struct Row {
        var words: Line
        let block: Int

        var box: Box { ColumnFinder.box(words) }
        var size: Double { words[0].box.height }
    }

    /// From top to bottom: lines over all columns one by one, and between them each column from the left.
    private func parted(_ gutters: [ClosedRange<Double>]) -> [[Line]] {
        var lines: [(line: Line, block: Int, middle: Double)] = []
        for (index, block) in page.blocks.enumerated() {
            for line in block where !line.isEmpty { lines.append((line, index, Self.box(line).middle)) }
        }
        lines.sort { $0.middle < $1.middle }
        var blocks: [[Line]] = []
        var columns = [[Row]](repeating: [], count: gutters.count + 1)
        var whole: [Row] = []
        for (line, block, _) in lines {
            if let parts = parts(line, gutters) {
                blocks += Self.split(whole)
                whole = []
                for (column, words) in parts.enumerated() where !words.isEmpty {
                    columns[column].append(Row(words: words, block: block))
                }
            } else {
                blocks += columns.flatMap(Self.split)
                columns = columns.map { _ in [] }
                whole.append(Row(words: line, block: block))
            }
        }
        return blocks + columns.flatMap(Self.split) + Self.split(whole)
    }

    /// Blocks of the lines of a column, by the larger spaces between them, and by size where poppler, too, begins a block.
    private static func split(_ lines: [Row]) -> [[Line]] {
        let rows = joined(lines)
        let pitches = zip(rows, rows.dropFirst()).map { $1.box.middle - $0.box.middle }
        let usual = pitches.median ?? 0
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

extension ClosedRange<Double> {
    fileprivate var width: Double { upperBound - lowerBound }
    fileprivate var middle: Double { (lowerBound + upperBound) / 2 }
}

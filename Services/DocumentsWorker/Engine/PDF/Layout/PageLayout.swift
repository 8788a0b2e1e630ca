/// Puts the lines of a page into paragraphs, items and tables, in reading order.
///
/// The order of blocks, which is that of columns, is poppler's. It takes the columns of a table for columns of text, and the marks of a
/// list for another: both are put together here.
struct PageLayout {
    /// Pages with more parts of lines are drawings; nobody looks for tables in them.
    private static let mostFragments = 4000
    /// How far a mark may stand before its item, in heights of its characters.
    private static let markDistance = 4.0

    private var fragments: [Fragment]
    /// Poppler's blocks, as places among the fragments.
    private var blocks: [[Int]] = []
    private var tables: [PageTable] = []
    /// The table of which a fragment is a part.
    private var tableOf: [Int: Int] = [:]

    private var result: [PageBlock] = []
    private var open: [Fragment] = []
    /// The least space between the open lines, in points.
    private var openGap: Double?
    private var openMark: String?
    /// The usual space between lines of running text, in heights of its characters.
    private var usualGap = 0.0
    private var openMarkLeft = 0.0
    /// How far left the marks of the open lists stand, outermost first.
    private var lists: [Double] = []

    static func blocks(of page: PageWords) -> [PageBlock] {
        var layout = PageLayout(page)
        layout.run()
        return layout.result
    }

    private init(_ page: PageWords) {
        fragments = []
        for block in ColumnFinder.blocks(of: page) {
            let lines = block.compactMap(Fragment.init)
            guard !lines.isEmpty else { continue }
            blocks.append(Array(fragments.count..<fragments.count + lines.count))
            fragments += lines
        }
    }

    private mutating func run() {
        if fragments.count <= Self.mostFragments {
            let rows = PageRows(fragments)
            let marks = joinMarks(rows)
            let prose = Set(blocks.filter(isProse).joined())
            usualGap = proseGap(prose)
            tables = TableFinder(fragments, without: prose.union(marks), proseGap: usualGap).tables
            for (index, table) in tables.enumerated() {
                for fragment in table.fragments { tableOf[fragment] = index }
            }
            for index in blocks.indices { blocks[index].removeAll(where: marks.contains) }
        }
        var written: Set<Int> = []
        for block in blocks {
            guard let edges = Box(around: block.map { fragments[$0].box }) else { continue }
            for index in block {
                if let table = tableOf[index] {
                    flush()
                    if written.insert(table).inserted {
                        lists = []
                        result.append(tables[table].block)
                    }
                } else {
                    add(fragments[index], edges)
                }
            }
            flush()
        }
        joinColumns()
    }

    /// Running text, as opposed to the cells of a table.
    private func isProse(_ block: [Int]) -> Bool {
        block.count >= 4 && block.reduce(0) { $0 + fragments[$1].words } >= 5 * block.count
    }

    private func proseGap(_ prose: Set<Int>) -> Double {
        blocks.filter { $0.count > 1 && $0.allSatisfy(prose.contains) }.flatMap { block in
            zip(block, block.dropFirst()).map {
                (fragments[$1].box.top - fragments[$0].box.bottom) / max(fragments[$0].size, 1)
            }
        }.median ?? 0
    }

    /// Gives each mark that stands alone to the words after it; returns the marks.
    private mutating func joinMarks(_ rows: PageRows) -> Set<Int> {
        var marks: Set<Int> = []
        for row in rows.rows where row.count > 1 {
            for (index, next) in zip(row, row.dropFirst()) {
                let (mark, item) = (fragments[index], fragments[next])
                let (before, after) = item.isRightToLeft ? (next, index) : (index, next)
                guard isMark(fragments[before], of: fragments[after]) else { continue }
                let distance = item.box.left - mark.box.right
                guard distance >= 0, distance < Self.markDistance * max(mark.size, item.size) else { continue }
                fragments[after].mark = fragments[before].text
                fragments[after].markLeft = fragments[before].box.left
                marks.insert(before)
            }
        }
        return marks
    }

    private func isMark(_ mark: Fragment, of item: Fragment) -> Bool {
        if ListMark.isMark(mark.text) { return !ListMark.isMark(item.text) }
        // The number of a footnote is smaller than its text.
        return mark.size < 0.9 * item.size && item.words > 2 && ListMark.isNote(mark.text)
    }

    // MARK: Paragraphs

    private mutating func add(_ line: Fragment, _ edges: Box) {
        var line = line
        if line.mark == nil, !line.isRightToLeft, let (mark, rest) = ListMark.split(line.text) {
            line.mark = mark
            line.markLeft = line.box.left
            line.text = rest
        }
        if let last = open.last, startsAnew(line, after: last, edges) { flush() }
        if let last = open.last {
            openGap = min(openGap ?? .infinity, line.box.top - last.box.bottom)
        } else {
            openMark = line.mark
            openMarkLeft = line.markLeft
        }
        open.append(line)
    }

    private func startsAnew(_ line: Fragment, after last: Fragment, _ edges: Box) -> Bool {
        if line.mark != nil { return true }
        if last.text.endsCut, line.text.first?.isLowercase == true { return false }
        let gap = line.box.top - last.box.bottom
        if gap > (openGap ?? usualGap * line.size) + 0.4 * line.size { return true }
        if isShort(last, before: line, edges), last.typeface.isUnlike(line.typeface) { return true }
        guard !line.isRightToLeft else { return false }
        if let openMark {
            // The lines of a note may stand further left than its number.
            return !ListMark.isNote(openMark) && line.box.left < openMarkLeft + 0.3 * line.size
        }
        let isIndented = line.box.left > last.box.left + 0.8 * line.size
        let wasFirst = open.count == 1 || abs(last.box.left - edges.left) < 0.3 * line.size
        return (isIndented && wasFirst && isShort(last, before: line, edges))
            || (isShort(last, before: line, edges) && last.text.endsSentence)
    }

    /// Whether the next line's first word would have fitted on this one: then somebody broke it.
    private func isShort(_ line: Fragment, before next: Fragment, _ edges: Box) -> Bool {
        // A word that is cut was not to end its line.
        if line.text.endsCut { return false }
        let room = line.isRightToLeft ? line.box.left - edges.left : edges.right - line.box.right
        return room > next.firstWord + 0.8 * line.size
    }

    private mutating func flush() {
        guard let first = open.first, let box = Box(around: open.lazy.map(\.box)), let size = open.map(\.size).median
        else { return }
        defer { (open, openGap) = ([], nil) }
        var text = first.text
        var typeface = first.typeface
        for line in open.dropFirst() { typeface.add(line.typeface) }
        for (last, line) in zip(open, open.dropFirst()) {
            if isShort(last, before: line, box) {
                text += "\n" + line.text
            } else if typeface.isFixed {
                text += PageBlock.lineEnd + line.text
            } else {
                text.appendLine(line.text)
            }
        }
        let content: PageBlock.Content
        if let mark = openMark, ListMark.isNote(mark) {
            content = .item(mark: mark, depth: 0, text)
            lists = []
        } else if let mark = openMark {
            content = .item(mark: mark, depth: depth(openMarkLeft, first.size), text)
        } else {
            content = .text(text)
            lists = []
        }
        result.append(
            PageBlock(
                content: content, box: box, size: size, widthSize: typeface.size, isFixed: typeface.isFixed,
                lines: open.count))
    }

    private mutating func depth(_ left: Double, _ size: Double) -> Int {
        let step = 0.5 * size
        // An item far to the right stands in another column.
        if let last = lists.last, left > last + 12 * size { lists = [] }
        while let last = lists.last, left < last - step { lists.removeLast() }
        if lists.last.map({ left > $0 + step }) ?? true { lists.append(left) }
        return lists.count - 1
    }

    /// A paragraph that goes on in the next column is one.
    private mutating func joinColumns() {
        var joined: [PageBlock] = []
        for block in result {
            if let last = joined.last, case .text(let text) = last.content, case .text(let rest) = block.content,
                last.lines > 1, abs(last.size - block.size) < 0.05 * last.size, block.box.top < last.box.bottom,
                block.box.left > last.box.right || block.box.right < last.box.left, text.isOpenEnded,
                rest.first?.isLowercase == true
            {
                var whole = text
                whole.appendLine(rest)
                joined[joined.count - 1].content = .text(whole)
                joined[joined.count - 1].box = last.box.union(block.box)
                joined[joined.count - 1].lines += block.lines
            } else {
                joined.append(block)
            }
        }
        result = joined
    }
}

extension String {
    /// Whether the last sign is one that ends a sentence, or what stands after it.
    var endsSentence: Bool {
        // The number of a note comes after the sign.
        let mark = unicodeScalars.lastIndex(of: PDFNotes.mark)
        let isLast = mark.map { unicodeScalars[$0...].dropFirst().allSatisfy(\.isDigit) } ?? false
        let words = mark.map { isLast ? self[..<$0] : self[...] } ?? self[...]
        guard let last = words.last(where: { !")]\"'”’»".contains($0) }) else { return false }
        return ".!?:;…。！？".contains(last)
    }

    /// Whether the last word may go on in the next line.
    fileprivate var endsCut: Bool { unicodeScalars.last?.isHyphen ?? false }

    /// Whether more must follow.
    fileprivate var isOpenEnded: Bool {
        guard let last = last else { return false }
        return last.isLetter || last == "," || last == "-"
    }

    /// Goes on with the next line of a paragraph. Behind a hyphen at the end of a line stands a mark: whether the hyphen goes, the
    /// other words of the document will tell.
    mutating func appendLine(_ line: String) {
        let end = unicodeScalars.reversed().prefix(while: \.isHyphen)
        let isCut = unicodeScalars.dropLast(end.count).last?.properties.isAlphabetic == true
        if !end.isEmpty, isCut, line.unicodeScalars.first?.properties.isLowercase == true {
            // A soft hyphen says by itself what it is.
            if end.contains("\u{AD}") {
                unicodeScalars.removeLast(end.count)
            } else {
                unicodeScalars.append(Hyphens.mark)
            }
            self += line
        } else if unicodeScalars.last?.isWide == true, line.unicodeScalars.first?.isWide == true {
            self += line
        } else {
            self += " " + line
        }
    }
}

extension Unicode.Scalar {
    /// Whether a word may be cut behind it at the end of a line.
    var isHyphen: Bool { ["-", "\u{2010}", "\u{AD}"].contains(self) }

    /// Whether it belongs to a script that has no blanks between words: Chinese and Japanese, with their signs.
    var isWide: Bool {
        switch value {
        case 0x2E80...0x312F, 0x31A0...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFFEF,
            0x20000...0x3FFFF:
            true
        default: false
        }
    }
}

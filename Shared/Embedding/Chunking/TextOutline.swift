/// Finds where a text may be cut, and its headings, in one pass over its lines.
///
/// Of Markdown it knows what cutting needs, by the beginnings of lines: `#` and underlined headings, fenced code, tables whose rows begin
/// with a bar, items of lists, and a block of settings (`---`) at the very start. What is nested in quotes and lists is text to it. No
/// step looks back further than a word or a line, so that its time is in proportion to any text.
struct TextOutline {
    private enum Line {
        case text, item, heading, table, code

        /// Whether it belongs to something that is kept whole where it fits.
        var isUnit: Bool { self == .table || self == .code }
    }

    private struct Fence {
        let mark: UInt8
        let length: Int
    }

    /// Every place where a cut is allowed, in order.
    private(set) var gaps: [TextGap] = []
    /// The headings, in order.
    private(set) var headings: [TextHeading] = []
    /// Where the first word begins.
    private(set) var start = 0
    /// Where the last word ends.
    private(set) var end = 0

    private let bytes: UnsafeBufferPointer<UInt8>
    private let syntax: TextSyntax
    /// The heading of each level that is in force.
    private var openHeadings: [Int] = []
    private var previous: Line?
    private var isAfterBlank = false
    private var fence: Fence?
    private var isInSettings = false
    /// The gap where the table or code of the line before began.
    private var unit: Int?
    /// Of a line of text that would be a heading if the next one were its underline: its gap and its bytes.
    private var paragraph: (gap: Int?, line: Range<Int>)?

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ syntax: TextSyntax) {
        self.bytes = bytes
        self.syntax = syntax
        var line = 0
        while line < bytes.count {
            var lineEnd = line
            while lineEnd < bytes.count, bytes[lineEnd] != 0x0A, bytes[lineEnd] != 0x0D { lineEnd += 1 }
            take(trimmed(line..<lineEnd))
            // A carriage return with its line feed is one end; the feed alone would look like an empty line.
            if lineEnd + 1 < bytes.count, bytes[lineEnd] == 0x0D, bytes[lineEnd + 1] == 0x0A { lineEnd += 1 }
            line = lineEnd + 1
        }
        endUnit()
    }

    private func trimmed(_ line: Range<Int>) -> Range<Int> {
        var (low, high) = (line.lowerBound, line.upperBound)
        while low < high, bytes[low].isASCIIBlank { low += 1 }
        while low < high, bytes[high - 1].isASCIIBlank { high -= 1 }
        return low..<high
    }

    // MARK: lines

    private mutating func take(_ line: Range<Int>) {
        guard !line.isEmpty else {
            (isAfterBlank, paragraph, isInSettings) = (true, nil, false)
            return
        }
        if isUnderline(line), let title = paragraph {
            underline(title, level: bytes[line.lowerBound] == UInt8(ascii: "=") ? 1 : 2)
            open(gapBefore: line, rank: .line)
            words(in: line, isUnit: true)
            return
        }
        let wasCode = fence != nil || isInSettings
        let kind = syntax == .markdown ? self.kind(of: line) : .text
        let goesOn = kind.isUnit && kind == previous && (kind == .code ? wasCode : !isAfterBlank)
        if !goesOn { endUnit() }
        let gap = open(gapBefore: line, rank: rank(of: kind, goesOn: goesOn))
        if kind.isUnit, !goesOn { unit = gap }
        if kind == .heading { addHeading(line) }
        let isFirst = previous != .text || isAfterBlank
        paragraph = syntax == .markdown && kind == .text && isFirst ? (gap, line) : nil
        words(in: line, isUnit: kind.isUnit)
        (previous, isAfterBlank) = (kind, false)
    }

    private func rank(of kind: Line, goesOn: Bool) -> TextGap.Rank {
        if kind == .heading { return .section }
        // A title stays with what it is the title of.
        if goesOn || previous == .heading { return .line }
        if isAfterBlank || kind.isUnit || previous?.isUnit ?? false { return .paragraph }
        return kind == .item || endsSentence(at: end) ? .sentence : .line
    }

    /// Makes the gap between the text so far and a line; nil before the first.
    @discardableResult
    private mutating func open(gapBefore line: Range<Int>, rank: TextGap.Rank) -> Int? {
        defer { end = line.upperBound }
        let lineStart = line.lowerBound - (joins(line.lowerBound) ? 1 : 0)
        guard previous != nil else {
            start = lineStart
            return nil
        }
        gaps.append(TextGap(end: end, start: lineStart, rank: rank))
        return gaps.count - 1
    }

    private mutating func endUnit() {
        if let unit { gaps[unit].unitEnd = end }
        unit = nil
    }

    private mutating func kind(of line: Range<Int>) -> Line {
        let text = bytes[line]
        if let fence {
            if let run = run(line), run.mark == fence.mark, run.length >= fence.length, run.length == line.count {
                self.fence = nil
            }
            return .code
        }
        let isRule = line.count == 3 && text.allSatisfy { $0 == UInt8(ascii: "-") }
        if isInSettings {
            isInSettings = !isRule
            return .code
        }
        if previous == nil, isRule, line.lowerBound == 0 {
            isInSettings = true
            return .code
        }
        if let run = run(line), run.length >= 3, run.mark == UInt8(ascii: "`") || run.mark == UInt8(ascii: "~") {
            let info = bytes[(line.lowerBound + run.length)..<line.upperBound]
            if run.mark == UInt8(ascii: "~") || !info.contains(run.mark) {
                fence = Fence(mark: run.mark, length: run.length)
                return .code
            }
        }
        if headingLevel(line) != nil { return .heading }
        if bytes[line.lowerBound] == UInt8(ascii: "|") { return .table }
        return isItem(line) ? .item : .text
    }

    /// The mark that the line begins with, and how often it stands there.
    private func run(_ line: Range<Int>) -> Fence? {
        guard let mark = bytes[line].first else { return nil }
        return Fence(mark: mark, length: bytes[line].prefix { $0 == mark }.count)
    }

    private func isItem(_ line: Range<Int>) -> Bool {
        var index = line.lowerBound
        while index < line.upperBound, index - line.lowerBound < 9, (0x30...0x39).contains(bytes[index]) { index += 1 }
        let marks = index > line.lowerBound ? ".)" : "-*+"
        guard index + 1 < line.upperBound, marks.utf8.contains(bytes[index]) else { return false }
        return bytes[index + 1].isASCIIBlank
    }

    // MARK: headings

    private func headingLevel(_ line: Range<Int>) -> Int? {
        guard let run = run(line), run.mark == UInt8(ascii: "#"), run.length <= 6 else { return nil }
        let next = line.lowerBound + run.length
        return next == line.upperBound || bytes[next].isASCIIBlank ? run.length : nil
    }

    private mutating func addHeading(_ line: Range<Int>) {
        guard let level = headingLevel(line) else { return }
        var title = trimmed(line.dropFirst(level))
        // Closing marks are no part of it, if a blank stands before them.
        var low = title.upperBound
        while low > title.lowerBound, bytes[low - 1] == UInt8(ascii: "#") { low -= 1 }
        if low == title.lowerBound || bytes[low - 1].isASCIIBlank { title = trimmed(title.lowerBound..<low) }
        add(level: level, at: line.lowerBound, title: title)
    }

    private mutating func underline(_ title: (gap: Int?, line: Range<Int>), level: Int) {
        if let gap = title.gap { gaps[gap].rank = .section }
        add(level: level, at: title.line.lowerBound, title: title.line)
        (previous, paragraph) = (.heading, nil)
    }

    private func isUnderline(_ line: Range<Int>) -> Bool {
        guard paragraph != nil, let run = run(line), run.length == line.count else { return false }
        return run.mark == UInt8(ascii: "=") || run.mark == UInt8(ascii: "-")
    }

    private mutating func add(level: Int, at start: Int, title: Range<Int>) {
        while let last = openHeadings.last, headings[last].level >= level { openHeadings.removeLast() }
        headings.append(
            TextHeading(start: start, level: level, title: String.clipped(bytes[title]), parent: openHeadings.last))
        openHeadings.append(headings.count - 1)
    }

    // MARK: words

    /// Adds the gaps inside of a line. In code and tables a sentence is no more than a word.
    private mutating func words(in line: Range<Int>, isUnit: Bool) {
        var index = line.lowerBound
        while index < line.upperBound {
            if bytes[index].isASCIIBlank {
                let gapStart = index
                while bytes[index].isASCIIBlank { index += 1 }
                let start = joins(index) ? index - 1 : index
                guard start > gapStart else { continue }
                let rank = !isUnit && endsSentence(at: gapStart) ? TextGap.Rank.sentence : .word
                gaps.append(TextGap(end: gapStart, start: start, rank: rank))
            } else if let rank = wideStop(at: index) {
                index += 3
                while index < line.upperBound, wideStop(at: index) != nil || isWideCloser(at: index) { index += 3 }
                guard index < line.upperBound, !bytes[index].isASCIIBlank, !joins(index) else { continue }
                gaps.append(TextGap(end: index, start: index, rank: isUnit ? .word : rank))
            } else {
                index += 1
            }
        }
    }

    /// Whether the scalar here makes one character with what is before it, as an accent does with a blank.
    private func joins(_ index: Int) -> Bool {
        // No scalar below U+0300 does.
        guard index > 0, bytes[index] >= 0xCC else { return false }
        var (low, high) = (index - 1, index + 1)
        while low > 0, bytes[low].isContinuation { low -= 1 }
        while high < bytes.count, bytes[high].isContinuation { high += 1 }
        return String(decoding: bytes[low..<high], as: UTF8.self).count == 1
    }

    private func endsSentence(at index: Int) -> Bool {
        var index = index
        while index > 0 {
            switch bytes[index - 1] {
            case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"): return true
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "*"),
                UInt8(ascii: "_"):
                index -= 1
            case 0x80...:
                guard index >= 3 else { return false }
                if isEllipsis(at: index - 3) || wideStop(at: index - 3) == .sentence { return true }
                guard isWideCloser(at: index - 3) else { return false }
                index -= 3
            default: return false
            }
        }
        return false
    }

    /// The scalar of three bytes at an index; nil where there is none.
    private func wide(at index: Int) -> UInt32? {
        guard index + 2 < bytes.count, bytes[index] >> 4 == 0xE else { return nil }
        return UInt32(bytes[index] & 0xF) << 12 | UInt32(bytes[index + 1] & 0x3F) << 6 | UInt32(bytes[index + 2] & 0x3F)
    }

    /// What ends with a sign that has no blank after it.
    private func wideStop(at index: Int) -> TextGap.Rank? {
        switch wide(at: index) {
        case 0x3002, 0xFF01, 0xFF1F, 0xFF61: .sentence  // 。！？｡
        case 0x3001, 0xFF0C, 0xFF1B, 0xFF1A, 0xFF64: .word  // 、，；：､
        default: nil
        }
    }

    private func isWideCloser(at index: Int) -> Bool {
        switch wide(at: index) {
        case 0x300D, 0x300F, 0xFF09, 0x3011, 0x300B, 0x2019, 0x201D: true  // 」』）】》’”
        default: false
        }
    }

    private func isEllipsis(at index: Int) -> Bool { wide(at: index) == 0x2026 }
}

extension UInt8 {
    /// Whether it goes on with a scalar of UTF-8 that an earlier byte began.
    var isContinuation: Bool { self & 0xC0 == 0x80 }
}

extension String {
    /// The most bytes of a title: it is repeated in all chunks below it.
    private static let longestTitle = 240

    fileprivate static func clipped(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        guard bytes.count > longestTitle else { return String(decoding: bytes, as: UTF8.self) }
        var end = bytes.startIndex + longestTitle
        while bytes[end].isContinuation { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + "…"
    }
}

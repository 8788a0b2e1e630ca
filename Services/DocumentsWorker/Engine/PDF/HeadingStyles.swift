/// Tells headings from running text by their type, and their levels by the order of their sizes.
///
/// Larger type is a heading where it is short. Type of the size of running text is one where it is of another face, or wider as bold
/// type is, and stands alone.
struct HeadingStyles {
    private static let larger = 1.08
    private static let wider = 1.06
    private static let bold = 1.065
    /// Of fewer letters the width says less.
    private static let shortBold = 1.09
    private static let short = 16
    private static let shortest = 8
    private static let longest = 250
    private static let mostLines = 4
    /// Larger type looks larger in its widths, too, and another face of the same size is a little higher or lower.
    private static let leastWidth = 1.03
    private static let sameHeight = 0.03
    /// Sizes nearer to each other than this are of one level.
    private static let step = 0.96

    /// What blocks of one look have in common.
    private struct Style: Hashable {
        /// In fifths of a point.
        let size: Int
        let isEmphasised: Bool
    }

    private var bodySize = 0.0
    private var bodyWidthSize = 0.0
    /// Whether running text is set as by a typewriter.
    private(set) var isFixed = false
    private var levels: [Style: Int] = [:]

    /// Learns what running text looks like.
    init(_ blocks: [PageBlock]) {
        var sizes: [Int: (characters: Int, fixed: Int, width: Double, measured: Int)] = [:]
        for block in blocks where block.size > 0 {
            let count = block.text.utf8.count
            let size = Int((block.size * 10).rounded())
            var style = sizes[size] ?? (0, 0, 0, 0)
            style.characters += count
            if block.isFixed { style.fixed += count }
            if block.widthSize > 0 {
                style.width += block.widthSize * Double(count)
                style.measured += count
            }
            sizes[size] = style
        }
        guard let most = sizes.max(by: { ($0.value.characters, $0.key) < ($1.value.characters, $1.key) }) else {
            return
        }
        bodySize = Double(most.key) / 10
        bodyWidthSize = most.value.measured > 0 ? most.value.width / Double(most.value.measured) : 0
        isFixed = 2 * most.value.fixed > most.value.characters
    }

    /// Learns the levels from all blocks that may be headings.
    mutating func rank(_ blocks: some Sequence<PageBlock>) {
        var totals: [Style: (sum: Double, weight: Double)] = [:]
        for block in blocks {
            guard let style = style(block) else { continue }
            let weight = Double(block.text.utf8.count)
            totals[style, default: (0, 0)].sum += ratio(block) * weight
            totals[style, default: (0, 0)].weight += weight
        }
        var (level, last) = (0, Double.infinity)
        for (style, total) in totals.sorted(by: { $0.value.sum / $0.value.weight > $1.value.sum / $1.value.weight }) {
            let ratio = total.sum / total.weight
            if ratio < last * Self.step {
                level += 1
                last = ratio
            }
            levels[style] = min(level, 6)
        }
    }

    /// Whether a block is set in larger type than running text.
    func isLarge(_ block: PageBlock) -> Bool { bodySize > 0 && block.size > Self.larger * bodySize }

    /// The level of a heading, from 1; nil for what is none.
    func level(_ block: PageBlock) -> Int? { style(block).flatMap { levels[$0] } }

    /// How much larger than running text a block looks.
    private func ratio(_ block: PageBlock) -> Double {
        block.widthSize > 0 && bodyWidthSize > 0 ? block.widthSize / bodyWidthSize : block.size / bodySize
    }

    private func style(_ block: PageBlock) -> Style? {
        if case .table = block.content { return nil }
        let (text, count) = (block.text, block.text.utf8.count)
        guard bodySize > 0, block.size > 0, block.lines <= Self.mostLines, count <= Self.longest, !block.isFixed,
            text.unicodeScalars.contains(where: { $0.properties.isAlphabetic })
        else { return nil }
        let (height, ratio, size) = (block.size / bodySize, ratio(block), Int((block.size * 5).rounded()))
        if height > Self.larger && ratio > Self.leastWidth {
            return Style(size: size, isEmphasised: false)
        }
        let bold = count < Self.short ? Self.shortBold : Self.bold
        guard block.lines <= 2, count >= Self.shortest, !text.endsSentence,
            text.first.map({ $0.isUppercase || $0.isNumber }) == true,
            isMarkedAsTitle(block.content), ratio > bold || (abs(height - 1) > Self.sameHeight && ratio > Self.wider)
        else { return nil }
        return Style(size: size, isEmphasised: true)
    }

    /// A bullet is before items only; a number may be one of a chapter.
    private func isMarkedAsTitle(_ content: PageBlock.Content) -> Bool {
        if case .item(let mark, _, _) = content { return ListMark.number(mark) != nil }
        return true
    }
}

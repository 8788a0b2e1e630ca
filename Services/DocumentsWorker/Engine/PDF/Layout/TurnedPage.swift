/// A page whose text runs up or down, turned so that it runs from left to right.
struct TurnedPage {
    /// By how many quarters the page was turned against the clock: 0 for one that stands upright.
    let quarters: Int
    /// The page as it is read.
    let page: PageWords

    /// Turns a page when most of its longer words are higher than wide.
    init(_ page: PageWords) {
        let words = page.blocks.joined().joined().filter { $0.text.utf8.count > 3 }
        let upright = words.count { $0.box.width >= $0.box.height }
        guard words.count > 2 * upright else {
            (self.quarters, self.page) = (0, page)
            return
        }
        // Where the text runs down, the next word of a line stands lower.
        var (down, up) = (0, 0)
        for line in page.blocks.joined() {
            for (word, next) in zip(line, line.dropFirst()) {
                if next.box.middle > word.box.middle { down += 1 } else { up += 1 }
            }
        }
        let quarters = down >= up ? 1 : 3
        var turned = PageWords(width: page.height, height: page.width)
        turned.blocks = page.blocks.map { block in
            block.map { line in
                line.map { PageWords.Word(text: $0.text, box: Self.turned($0.box, quarters, page)) }.sorted {
                    $0.box.left < $1.box.left
                }
            }
        }
        turned.blocks = Self.fromTheTop(turned.blocks)
        (self.quarters, self.page) = (quarters, turned)
    }

    /// Blocks in the order in which they stand below each other, unless some stand beside each other: poppler's order is that of a page
    /// that stands upright.
    private static func fromTheTop(_ blocks: [[[PageWords.Word]]]) -> [[[PageWords.Word]]] {
        let placed = blocks.compactMap { block -> (block: [[PageWords.Word]], box: Box)? in
            Box(around: block.joined().lazy.map(\.box)).map { (block, $0) }
        }.sorted { $0.box.top < $1.box.top }
        let areApart = zip(placed, placed.dropFirst()).allSatisfy { !$0.box.isBeside($1.box) }
        return areApart ? placed.map(\.block) : blocks
    }

    /// Turns a place on a page by quarters against the clock.
    private static func turned(_ box: Box, _ quarters: Int, _ page: PageWords) -> Box {
        quarters == 1
            ? Box(left: box.top, top: page.width - box.right, right: box.bottom, bottom: page.width - box.left)
            : Box(left: page.height - box.bottom, top: box.left, right: page.height - box.top, bottom: box.right)
    }

    /// A place on the page as it is read as one on the page as it is.
    func original(_ box: Box) -> Box { quarters == 0 ? box : Self.turned(box, 4 - quarters, page) }
}

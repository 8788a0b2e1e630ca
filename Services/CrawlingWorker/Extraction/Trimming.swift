import Markup

/// What does not belong to the main text inside the element that holds it.
struct Trimming {
    private(set) var left: Set<Int> = []
    /// The blocks that stay.
    private(set) var blocks: [TextBlock] = []

    init(_ tree: PageTree, _ sums: TextSums, root: Int, blocks all: [TextBlock]) {
        let hasProse = sums.isProse(tree, root)
        let end = Int(tree.nodes[root].end)
        if hasProse { leaveLinkLists(tree, sums, root) }
        var inside = all.filter { $0.start > root && $0.start < end }
        if !left.isEmpty {
            let ranges = left.sorted().map { $0..<Int(tree.nodes[$0].end) }
            var next = 0
            inside = inside.filter { block in
                while next < ranges.count, ranges[next].upperBound <= block.start { next += 1 }
                return next == ranges.count || !ranges[next].contains(block.start)
            }
        }
        if hasProse { leaveEmptyHeadings(tree, &inside) }
        blocks = inside
    }

    /// Leaves out the outermost elements that are hardly more than links.
    private mutating func leaveLinkLists(_ tree: PageTree, _ sums: TextSums, _ root: Int) {
        var index = root + 1
        let last = Int(tree.nodes[root].end)
        while index < last {
            guard let tag = tree.nodes[index].tag, Self.mayBeLinkList(tag), !tree.nodes[index].hints.contains(.note)
            else {
                index += 1
                continue
            }
            let characters = sums.characters(tree, index)
            let linked = sums.linked(tree, index)
            let density = Double(linked) / Double(max(characters, 1))
            // What stands beside links in a table or a list of terms is said of them.
            let isSaid = tag == .table || tag == .tbody || tag == .dl || sums.blocks(tree, index) < 2
            if sums.prose(tree, index) == 0, density > (isSaid ? 0.8 : 0.65) {
                left.insert(index)
                index = Int(tree.nodes[index].end)
            } else {
                index += 1
            }
        }
    }

    /// Items and cells stay or go with their lists.
    private static func mayBeLinkList(_ tag: HTMLTag) -> Bool {
        switch tag {
        case .li, .tr, .td, .th, .pre, .p, .dt, .dd: false
        default: tag.isBlock && !tag.isHeading
        }
    }

    /// Leaves out headings that nothing follows before the next one of their level or the end.
    private mutating func leaveEmptyHeadings(_ tree: PageTree, _ blocks: inout [TextBlock]) {
        var kept: [TextBlock] = []
        // The level that a text was last seen for, from the end: 7 is a text.
        var below: UInt8 = 0
        for block in blocks.reversed() {
            guard let level = Self.headingLevel(tree, block) else {
                below = 7
                kept.append(block)
                continue
            }
            if below > level {
                kept.append(block)
                below = level
            } else if let heading = Self.heading(tree, block) {
                left.insert(heading)
            }
        }
        blocks = kept.reversed()
    }

    private static func heading(_ tree: PageTree, _ block: TextBlock) -> Int? {
        tree.nodes[block.container].tag?.isHeading == true ? block.container : nil
    }

    private static func headingLevel(_ tree: PageTree, _ block: TextBlock) -> UInt8? {
        guard let tag = tree.nodes[block.container].tag, tag.isHeading else { return nil }
        return tag.rawValue - HTMLTag.h1.rawValue + 1
    }
}

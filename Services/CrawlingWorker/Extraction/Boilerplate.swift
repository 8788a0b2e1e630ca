import Markup

/// The elements that their tags, roles and names call something else than the page's text.
struct Boilerplate {
    /// The outermost of them, as indices into the tree.
    private(set) var left: Set<Int> = []

    /// - Parameter isLenient: whether only tags count, not names.
    init(_ tree: PageTree, _ sums: TextSums, isLenient: Bool = false) {
        let titles = Self.aroundTitle(tree)
        let total = max(sums.prose(tree, tree.body), 1)
        var index = tree.body + 1
        let last = Int(tree.nodes[tree.body].end)
        while index < last {
            let node = tree.nodes[index]
            guard let tag = node.tag else {
                index += 1
                continue
            }
            let share = Double(sums.prose(tree, index)) / Double(total)
            if Self.isLeft(tag, node, share: share, hasTitle: titles.contains(index), isLenient: isLenient) {
                left.insert(index)
                index = Int(node.end)
            } else {
                index += 1
            }
        }
    }

    /// The elements around the only heading of the first level: it is the page's title, whatever it stands in.
    private static func aroundTitle(_ tree: PageTree) -> Set<Int> {
        let headings = tree.range(below: tree.body).filter { tree.nodes[$0].tag == .h1 }
        guard headings.count == 1, var index = headings.first else { return [] }
        var around: Set<Int> = []
        while index > tree.body {
            around.insert(index)
            index = Int(tree.nodes[index].parent)
        }
        return around
    }

    private static func isLeft(
        _ tag: HTMLTag, _ node: PageTree.Node, share: Double, hasTitle: Bool, isLenient: Bool
    ) -> Bool {
        // Some pages hide all of themselves until a script has run.
        if node.traits.contains(.hidden) { return share < 0.5 }
        switch tag {
        case .nav, .menu, .dir: return share < 0.5
        case .footer: return share < 0.3
        case .aside: if !node.hints.contains(.note) { return share < 0.3 }
        case .header: if share < 0.05, !isLenient, node.hints.contains(.boilerplate) { return true }
        case .body, .html, .main: return false
        case .h1, .h2, .h3: return false
        default: break
        }
        if node.traits.contains(.boilerplateRole) { return share < 0.3 }
        guard !isLenient else { return false }
        if node.traits.contains(.mainRole) || node.traits.contains(.articleBody) { return false }
        if node.hints.contains(.hidden) { return share < 0.3 }
        if node.hints.contains(.boilerplate), !node.hints.contains(.note) { return share < 0.3 && !hasTitle }
        if node.hints.contains(.comments) { return share < 0.6 }
        if node.hints.contains(.byline), !node.hints.contains(.body) { return share < 0.05 }
        return false
    }
}

import Markup

/// The innermost element that holds nearly all prose of a page.
struct MainRoot {
    private(set) var index: Int

    private let tree: PageTree
    private let sums: TextSums

    init(_ tree: PageTree, _ sums: TextSums) {
        self.tree = tree
        self.sums = sums
        index = tree.body
        let total = sums.prose(tree, tree.body)
        guard sums.isProse(tree, tree.body) else {
            named(total: sums.characters(tree, tree.body), measure: sums.characters)
            return
        }
        named(total: total, measure: sums.prose)
        descend()
    }

    /// Goes to the innermost element with a name or role of content that has enough of the text.
    private mutating func named(total: Int, measure: (PageTree, Int) -> Int) {
        var best = index
        var bestText = total
        for candidate in tree.range(below: tree.body) where isNamed(tree.nodes[candidate]) {
            let text = measure(tree, candidate)
            // It must lie in the one before it, or beat it.
            let isInside = candidate < Int(tree.nodes[best].end)
            if isInside, Double(text) >= (best == tree.body ? 0.5 : 0.85) * Double(bestText) {
                (best, bestText) = (candidate, text)
            }
        }
        index = best
    }

    private func isNamed(_ node: PageTree.Node) -> Bool {
        switch node.tag {
        case .main, .article: true
        case .div, .section, .td:
            node.hints.contains(.body) || node.traits.contains(.mainRole) || node.traits.contains(.articleBody)
        default: false
        }
    }

    /// Goes down while one child has nearly all.
    private mutating func descend() {
        while let child = heaviestChild(), holdsNearlyAll(child) { index = child }
    }

    private func holdsNearlyAll(_ child: Int) -> Bool {
        let tag = tree.nodes[child].tag
        guard
            tag == .div || tag == .section || tag == .article || tag == .main || tag == .td || tag == .table
                || tag == .tbody || tag == .tr || tag == .center || tag == .form || tag == .span || tag == .font
        else { return false }
        return Double(sums.prose(tree, child)) >= 0.92 * Double(sums.prose(tree, index))
    }

    private func heaviestChild() -> Int? {
        var best: Int?
        var most = 0
        var child = index + 1
        while child < Int(tree.nodes[index].end) {
            let prose = tree.nodes[child].tag == nil ? 0 : sums.prose(tree, child)
            if prose > most { (best, most) = (child, prose) }
            child = Int(tree.nodes[child].end)
        }
        return best
    }
}

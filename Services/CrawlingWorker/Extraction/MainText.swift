import Markup

/// Finds what a page is about among all that stands around it.
///
/// Texts are cut into blocks, and blocks that read like prose count. What the markup calls navigation, sharing and the like is left out,
/// unless most of the prose stands in it. Then the search goes down from the body while one element holds nearly all of the prose; of what
/// that element holds, lists of links and headings without a text are left out. Everything is a few passes over an array.
struct MainText {
    /// The element that holds it, as an index into the tree.
    private(set) var root: Int
    /// Elements inside it that do not belong to it, as indices into the tree.
    private(set) var left: Set<Int> = []
    /// The blocks of it.
    private(set) var blocks: [TextBlock] = []

    private let tree: PageTree

    init(_ tree: PageTree) {
        self.tree = tree
        root = tree.body
        let all = TextBlocks(tree, below: tree.body, isLeft: { _ in false }).blocks
        let whole = TextSums(all, count: tree.nodes.count)
        let strict = Boilerplate(tree, whole)
        choose(leaving: strict.left)
        if TextSums.prose(blocks) < Self.leastProse {
            // Little was found: perhaps what was left out is all there is.
            let few = (root, left, blocks)
            choose(leaving: Boilerplate(tree, whole, isLenient: true).left)
            let isMore = TextSums.prose(blocks) >= 2 * TextSums.prose(few.2) + Self.leastGain
            if !isMore, !few.2.isEmpty { (root, left, blocks) = few }
        }
    }

    /// Prose, in characters, that is enough to believe in.
    private static let leastProse = 250
    private static let leastGain = 100

    private mutating func choose(leaving boilerplate: Set<Int>) {
        let tree = tree
        let blocks = TextBlocks(tree, below: tree.body) { boilerplate.contains($0) }.blocks
        let sums = TextSums(blocks, count: tree.nodes.count)
        root = MainRoot(tree, sums).index
        let trimming = Trimming(tree, sums, root: root, blocks: blocks)
        left = boilerplate.union(trimming.left)
        self.blocks = trimming.blocks
    }
}

/// Characters, characters in links and characters of prose, from the beginning up to each node.
struct TextSums {
    private var characters: [Int32]
    private var linked: [Int32]
    private var prose: [Int32]
    private var blocks: [Int32]

    init(_ list: [TextBlock], count: Int) {
        characters = [Int32](repeating: 0, count: count + 1)
        linked = characters
        prose = characters
        blocks = characters
        for block in list {
            characters[block.start + 1] = Int32(clamping: block.characters)
            linked[block.start + 1] = Int32(clamping: block.linked)
            prose[block.start + 1] = block.isProse ? Int32(clamping: block.characters - block.linked) : 0
            blocks[block.start + 1] = 1
        }
        for index in 0..<count {
            characters[index + 1] &+= characters[index]
            linked[index + 1] &+= linked[index]
            prose[index + 1] &+= prose[index]
            blocks[index + 1] &+= blocks[index]
        }
    }

    func characters(_ tree: PageTree, _ index: Int) -> Int { Self.sum(characters, tree, index) }
    func linked(_ tree: PageTree, _ index: Int) -> Int { Self.sum(linked, tree, index) }
    func prose(_ tree: PageTree, _ index: Int) -> Int { Self.sum(prose, tree, index) }
    func blocks(_ tree: PageTree, _ index: Int) -> Int { Self.sum(blocks, tree, index) }

    /// Whether an element is for reading: it has prose, and more than a little beside its lists and tables.
    func isProse(_ tree: PageTree, _ index: Int) -> Bool {
        let prose = prose(tree, index)
        return prose > 0 && (prose >= Self.enough || prose * 8 >= characters(tree, index))
    }

    /// Prose, in characters, that no index has.
    private static let enough = 1500

    private static func sum(_ sums: [Int32], _ tree: PageTree, _ index: Int) -> Int {
        Int(sums[Int(tree.nodes[index].end)] &- sums[index])
    }

    /// Characters of prose in these blocks.
    static func prose(_ blocks: [TextBlock]) -> Int {
        blocks.reduce(0) { $0 + ($1.isProse ? $1.characters - $1.linked : 0) }
    }
}

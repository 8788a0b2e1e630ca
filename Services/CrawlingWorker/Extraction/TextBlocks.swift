import Markup

/// A run of text that is shown as one: a paragraph, a heading, an item, a cell, or what stands between two of them.
struct TextBlock {
    /// The index of its first text.
    var start: Int
    /// The index of the element around it that is a block.
    var container: Int
    /// Characters that are not blank.
    var characters = 0
    /// Of these, in links.
    var linked = 0
    var words = 0
    /// Commas, and signs that end sentences.
    var signs = 0
    /// Whether its last character ends a sentence.
    var endsSentence = false

    /// The share of its characters in links.
    var linkDensity: Double { Double(linked) / Double(max(characters, 1)) }

    /// Whether it reads like running text, whatever it stands in.
    var isProse: Bool {
        guard linkDensity < 0.4 else { return false }
        return words >= 20 || (words >= 8 && (endsSentence || signs >= 2)) || (words >= 5 && endsSentence && signs >= 2)
    }
}

/// Cuts the texts of a page into blocks.
struct TextBlocks {
    private(set) var blocks: [TextBlock] = []
    private var current = TextBlock(start: -1, container: 0)
    private var endsBlank = true
    private var isAtBreak = false

    /// - Parameter isLeft: which elements are left out with all that is in them.
    init(_ tree: PageTree, below root: Int, isLeft: (Int) -> Bool) {
        // Where elements end that are blocks or links.
        var open: [(end: Int, isBlock: Bool, isLink: Bool, container: Int)] = []
        var container = root
        var links = 0
        var index = root + 1
        let last = Int(tree.nodes[root].end)
        while index < last {
            while let top = open.last, index >= top.end {
                if top.isBlock {
                    flush()
                    container = top.container
                }
                if top.isLink { links -= 1 }
                open.removeLast()
            }
            let node = tree.nodes[index]
            guard let tag = node.tag else {
                read(node.node.textBytes, at: index, container: container, isLinked: links > 0)
                index += 1
                continue
            }
            if tag.holdsNoText || isLeft(index) {
                index = Int(node.end)
                continue
            }
            let isBlock = tag.isBlock
            if tag == .br {
                endsBlank = true
                if isAtBreak { flush() }
                isAtBreak = true
            }
            let isLink = node.traits.contains(.link)
            if isBlock || isLink {
                open.append((Int(node.end), isBlock, isLink, container))
                if isLink { links += 1 }
                if isBlock {
                    flush()
                    container = index
                }
            }
            index += 1
        }
        flush()
    }

    private mutating func flush() {
        if current.characters > 0 { blocks.append(current) }
        current = TextBlock(start: -1, container: 0)
        endsBlank = true
        isAtBreak = false
    }

    private mutating func read(_ text: UnsafeBufferPointer<UInt8>, at index: Int, container: Int, isLinked: Bool) {
        var characters = 0
        var words = 0
        var wide = 0
        var signs = 0
        var isBlank = endsBlank
        var ends = current.endsSentence
        for byte in text {
            if byte <= 0x20 {
                isBlank = true
                continue
            }
            if byte & 0xC0 == 0x80 { continue }
            characters += 1
            if isBlank { words += 1 }
            isBlank = false
            switch byte {
            case 0x2C: signs += 1
            case 0x2E, 0x21, 0x3F:
                signs += 1
                ends = true
            case 0x22, 0x27, 0x29, 0x5D: break
            // The scripts without blanks: from Thai (E0 B8) to the end of the ideographs.
            case 0xE3...0xED:
                wide += 1
                ends = false
            default: ends = false
            }
        }
        guard characters > 0 else {
            if !text.isEmpty { endsBlank = true }
            return
        }
        if wide > 0 {
            let (commas, isEnd) = Self.wideSigns(text)
            signs += commas
            ends = isEnd
        }
        if current.start < 0 { (current.start, current.container) = (index, container) }
        current.characters += characters
        current.words += max(words, words + wide / 2 - 1)
        if isLinked { current.linked += characters }
        current.signs += signs
        current.endsSentence = ends
        endsBlank = isBlank
        isAtBreak = false
    }

    /// Signs of Chinese and Japanese: `。` `、` are E3 80 82 and 81, `，` `！` `？` are EF BC 8C, 81 and 9F.
    private static func wideSigns(_ text: UnsafeBufferPointer<UInt8>) -> (count: Int, isEnd: Bool) {
        var count = 0
        var lastEnd = 0
        var index = 0
        while index + 2 < text.count {
            let (first, second, third) = (text[index], text[index + 1], text[index + 2])
            if first == 0xE3, second == 0x80, third == 0x82 || third == 0x81 {
                count += 1
                if third == 0x82 { lastEnd = index + 3 }
            } else if first == 0xEF, second == 0xBC, third == 0x8C || third == 0x81 || third == 0x9F {
                count += 1
                if third != 0x8C { lastEnd = index + 3 }
            }
            index += 1
        }
        // A closing bracket may follow.
        return (count, lastEnd > 0 && text.count - lastEnd <= 6)
    }
}

extension HTMLTag {
    /// Elements that stand in a line of their own.
    var isBlock: Bool {
        switch self {
        case .html, .body, .address, .article, .aside, .blockquote, .center, .dd, .details, .div, .dl, .dt, .fieldset,
            .figcaption, .figure, .footer, .form, .h1, .h2, .h3, .h4, .h5, .h6, .header, .hgroup, .hr, .li, .main, .ol,
            .p, .pre, .section, .summary, .table, .caption, .tr, .td, .th, .ul, .thead, .tbody, .tfoot, .nav, .menu,
            .dir:
            true
        default: false
        }
    }

    var isHeading: Bool {
        switch self {
        case .h1, .h2, .h3, .h4, .h5, .h6: true
        default: false
        }
    }

    /// Elements whose text is for programs, or for filling in.
    var holdsNoText: Bool {
        switch self {
        case .script, .style, .noscript, .template, .svg, .math, .iframe, .object, .button, .select, .textarea, .input,
            .canvas, .audio, .video, .head, .datalist, .progress, .meter, .embed, .applet, .map, .noembed, .noframes:
            true
        default: false
        }
    }
}

import Foundation
import Markup

/// A page's elements and texts in the order of the page, each with the place where what is in it ends: what a subtree holds is a
/// difference of two sums, and nothing needs recursion.
struct PageTree {
    struct Node {
        let node: HTMLNode
        /// Nil for a text.
        let tag: HTMLTag?
        let parent: Int32
        /// The index after all that is below.
        var end: Int32
        var hints: ClassHints = []
        var traits: Traits = []
    }

    /// What attributes other than class and id say.
    struct Traits: OptionSet {
        let rawValue: UInt8
        /// Not shown.
        static let hidden = Traits(rawValue: 1)
        /// A role of navigation, search and the like.
        static let boilerplateRole = Traits(rawValue: 2)
        /// `role=main`.
        static let mainRole = Traits(rawValue: 4)
        /// `itemprop=articleBody` and its like.
        static let articleBody = Traits(rawValue: 8)
        /// An `a` with a target.
        static let link = Traits(rawValue: 16)
        /// `role=article`.
        static let articleRole = Traits(rawValue: 32)
    }

    private(set) var nodes: [Node] = []
    /// The index of `body`; 0 when there is none.
    private(set) var body = 0

    init(_ root: HTMLNode) {
        nodes.reserveCapacity(4096)
        var stack: [(index: Int, next: Int)] = []
        if add(root, parent: -1) { stack.append((0, 0)) }
        while let top = stack.last {
            guard let child = nodes[top.index].node.child(top.next) else {
                nodes[top.index].end = Int32(nodes.count)
                stack.removeLast()
                continue
            }
            stack[stack.count - 1].next += 1
            if add(child, parent: top.index) { stack.append((nodes.count - 1, 0)) }
        }
    }

    /// Adds a node; answers whether it may have others below.
    private mutating func add(_ node: HTMLNode, parent: Int) -> Bool {
        guard let tag = node.kind else {
            if !node.textBytes.isEmpty {
                nodes.append(Node(node: node, tag: nil, parent: Int32(parent), end: Int32(nodes.count + 1)))
            }
            return false
        }
        var item = Node(node: node, tag: tag, parent: Int32(parent), end: Int32(nodes.count + 1))
        if tag == .body, body == 0 { body = nodes.count }
        if !Self.isOpaque(tag) { item.readAttributes() }
        nodes.append(item)
        return true
    }

    /// Elements whose attributes say nothing about text.
    private static func isOpaque(_ tag: HTMLTag) -> Bool {
        switch tag {
        case .script, .style, .meta, .link, .head, .title, .html, .img, .br, .svg, .source, .input, .iframe, .base: true
        default: false
        }
    }

    /// The nodes below one, without itself.
    func range(below index: Int) -> Range<Int> { index + 1..<Int(nodes[index].end) }
}

extension PageTree.Node {
    fileprivate mutating func readAttributes() {
        var (hints, traits) = (ClassHints(), PageTree.Traits())
        let isLink = tag == .a
        node.forEachAttribute { name, value in
            switch name.count {
            case 2 where name.isName("id"): hints.read(value)
            case 5 where name.isName("class"): hints.read(value)
            case 5 where name.isName("style"): if value.hidesElement { traits.insert(.hidden) }
            case 6 where name.isName("hidden"): traits.insert(.hidden)
            case 4 where name.isName("href"): if isLink { traits.insert(.link) }
            case 4 where name.isName("role"): traits.formUnion(.init(role: value))
            case 8 where name.isName("itemprop"): traits.formUnion(.init(property: value))
            case 11 where name.isName("aria-hidden"): if value.isName("true") { traits.insert(.hidden) }
            default: break
            }
        }
        (self.hints, self.traits) = (hints, traits)
    }
}

extension PageTree.Traits {
    fileprivate init(role: UnsafeBufferPointer<UInt8>) {
        switch String(decoding: role.prefix(20), as: UTF8.self).lowercased() {
        case "main": self = .mainRole
        case "article": self = .articleRole
        case "navigation", "banner", "contentinfo", "complementary", "search", "dialog", "alertdialog", "menu",
            "menubar",
            "toolbar", "tooltip", "progressbar", "button", "tablist", "alert":
            self = .boilerplateRole
        default: self = []
        }
    }

    fileprivate init(property: UnsafeBufferPointer<UInt8>) {
        switch String(decoding: property.prefix(20), as: UTF8.self).lowercased() {
        case "articlebody", "reviewbody", "text": self = .articleBody
        default: self = []
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether the bytes are this name, which is in lower case.
    func isName(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] | 0x20 != name.utf8Start[index] | 0x20 { return false }
        return true
    }

    /// Whether a text occurs, byte by byte; for short ones.
    func contains(_ text: String) -> Bool {
        text.utf8.span.withUnsafeBufferPointer { text in
            guard let base = baseAddress, let start = text.baseAddress else { return false }
            var index = 0
            while index + text.count <= count,
                let place = memchr(base + index, Int32(text[0]), count - text.count - index + 1)
            {
                if memcmp(place, start, text.count) == 0 { return true }
                index = UnsafeRawPointer(place) - UnsafeRawPointer(base) + 1
            }
            return false
        }
    }

    /// Whether a style has `display: none` or `visibility: hidden`.
    fileprivate var hidesElement: Bool {
        guard count >= 12, count < 1000 else { return false }
        let letters = String(decoding: filter { $0 > 0x20 }, as: UTF8.self).lowercased()
        return letters.contains("display:none") || letters.contains("visibility:hidden")
    }
}

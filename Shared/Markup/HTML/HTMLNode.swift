import CGumbo

/// A node of gumbo's tree, read only; valid while the tree lives, which is as long as the child.
package struct HTMLNode {
    private let node: UnsafePointer<GumboNode>

    package init(_ node: UnsafePointer<GumboNode>) { self.node = node }

    private var isElement: Bool {
        node.pointee.type == GUMBO_NODE_ELEMENT || node.pointee.type == GUMBO_NODE_TEMPLATE
    }

    /// The tag in lower case; empty for an unknown one, nil for what is not an element.
    package var tag: String? { isElement ? String(cString: gumbo_normalized_tagname(node.pointee.v.element.tag)) : nil }

    /// The characters of a text node.
    package var text: String? {
        switch node.pointee.type {
        case GUMBO_NODE_TEXT, GUMBO_NODE_CDATA, GUMBO_NODE_WHITESPACE: String(cString: node.pointee.v.text.text)
        default: nil
        }
    }

    package var childCount: Int { isElement ? Int(node.pointee.v.element.children.length) : 0 }

    package func child(_ index: Int) -> HTMLNode? {
        guard let data = node.pointee.v.element.children.data, let child = data[index] else { return nil }
        return HTMLNode(UnsafePointer(child.assumingMemoryBound(to: GumboNode.self)))
    }

    package subscript(name: String) -> String? {
        guard isElement else { return nil }
        var attributes = node.pointee.v.element.attributes
        return gumbo_get_attribute(&attributes, name).map { String(cString: $0.pointee.value) }
    }

    /// All text below, for elements such as `title` that hold nothing else.
    package var directText: String {
        (0..<childCount).compactMap { child($0)?.text }.joined()
    }
}

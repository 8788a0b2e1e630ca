import CGumbo
import Foundation

/// A node of gumbo's tree, read only; valid while its `HTMLTree` lives.
package struct HTMLNode: Hashable {
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

    /// A child, counted from 0; nil after the last.
    package func child(_ index: Int) -> HTMLNode? {
        guard index < childCount, let data = node.pointee.v.element.children.data, let child = data[index] else {
            return nil
        }
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

    /// The element; nil for what is none, such as text.
    package var kind: HTMLTag? {
        isElement ? HTMLTag(rawValue: UInt8(truncatingIfNeeded: node.pointee.v.element.tag.rawValue)) ?? .unknown : nil
    }

    /// The bytes of a text node, valid while the tree lives; empty for any other node.
    package var textBytes: UnsafeBufferPointer<UInt8> {
        switch node.pointee.type {
        case GUMBO_NODE_TEXT, GUMBO_NODE_CDATA, GUMBO_NODE_WHITESPACE: Self.bytes(node.pointee.v.text.text)
        default: UnsafeBufferPointer(start: nil, count: 0)
        }
    }

    /// Hands over the attributes in order, as bytes that are valid while the tree lives; names are in lower case.
    package func forEachAttribute(
        _ body: (_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard isElement, let list = node.pointee.v.element.attributes.data else { return }
        for index in 0..<Int(node.pointee.v.element.attributes.length) {
            guard let attribute = list[index]?.assumingMemoryBound(to: GumboAttribute.self).pointee else { continue }
            body(Self.bytes(attribute.name), Self.bytes(attribute.value))
        }
    }

    private static func bytes(_ text: UnsafePointer<CChar>?) -> UnsafeBufferPointer<UInt8> {
        guard let text else { return UnsafeBufferPointer(start: nil, count: 0) }
        let count = strlen(text)
        return UnsafeRawBufferPointer(start: text, count: count).bindMemory(to: UInt8.self)
    }
}

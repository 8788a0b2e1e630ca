/// What the head of an HTML document says about it.
package enum HTMLHead {
    private static let fields = [
        "author": "author", "dc.creator": "author", "description": "subject", "dc.title": "title",
        "dcterms.title": "title", "dcterms.creator": "author", "article:author": "author",
        "article:published_time": "created", "dcterms.created": "created", "date": "created",
        "article:modified_time": "modified", "dcterms.modified": "modified", "last-modified": "modified",
    ]

    package static func read(_ head: HTMLNode, into metadata: inout DocumentMetadata) {
        for index in 0..<head.childCount {
            guard let node = head.child(index) else { continue }
            if node.tag == "title" { metadata.set("title", node.directText) }
            guard node.tag == "meta", let name = (node["name"] ?? node["property"])?.lowercased(),
                let content = node["content"]
            else { continue }
            if let field = fields[name] { metadata.set(field, content) }
        }
    }

    /// A link worth keeping; scripts, embedded data and jumps inside the page are not.
    package static func safeLink(_ target: String) -> String? {
        let target = target.trimmingBlanks()
        guard !target.isEmpty, !target.hasPrefix("#") else { return nil }
        let scheme = target.prefix { $0 != ":" && $0 != "/" && $0 != "?" && $0 != "#" }
        guard target.dropFirst(scheme.count).hasPrefix(":") else { return target }
        return ["http", "https", "mailto", "tel", "ftp"].contains(scheme.lowercased()) ? target : nil
    }
}

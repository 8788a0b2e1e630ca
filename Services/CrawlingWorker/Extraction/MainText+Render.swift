import Markup

extension MainText {
    /// The main text as plain text and Markdown.
    ///
    /// - Parameter limit: in bytes, for both together.
    func render(_ tree: PageTree, limit: Int) throws(ExtractionError) -> ParsedDocument {
        let metadata = DocumentMetadata(mediaType: "text/html")
        var renderer = HTMLRenderer(
            builder: DocumentBuilder(limit: limit), metadata: metadata, leaving: Set(left.map { tree.nodes[$0].node }),
            keepsAlternatives: false)
        try renderer.walk(tree.nodes[root].node, part: "")
        return renderer.builder.finish(renderer.metadata)
    }
}

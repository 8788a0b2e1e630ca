/// A document that a child has read, before it goes to the worker.
package struct ParsedDocument {
    package var text: String
    package var markdown: String?
    package var metadata: DocumentMetadata
    package var headings: [Heading] = []
    package var pages: [Page] = []
    package var tables: [Table] = []

    package init(
        text: String, markdown: String?, metadata: DocumentMetadata, headings: [Heading] = [], pages: [Page] = [],
        tables: [Table] = []
    ) {
        self.text = text
        self.markdown = markdown
        self.metadata = metadata
        self.headings = headings
        self.pages = pages
        self.tables = tables
    }
}

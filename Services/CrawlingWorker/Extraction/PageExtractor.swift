import Markup

/// Reads HTML pages. It has no state but what it was told: one reads any number of pages.
struct PageExtractor: Sendable {
    /// The token by which robots rules may be for this crawler only.
    var product = "switchyard"
    /// What the tree of one page may cost.
    var limits = HTMLTree.Limits(memoryBytes: 256 << 20, milliseconds: 5000, depth: 512)
    /// Main text and Markdown together, in bytes.
    var outputBytes = 16 << 20

    /// Reads one page.
    ///
    /// - Parameters:
    ///   - contentType: the header, for the character encoding.
    ///   - robotsTag: the header `X-Robots-Tag`; several are joined by commas.
    /// - Throws: `out_of_memory`, `timed_out` or `too_large` for a page beyond the limits.
    func read(
        _ page: [UInt8], contentType: String?, robotsTag: String? = nil
    ) throws(ExtractionError) -> ExtractedPage {
        try page.span.withUnsafeBufferPointer { (bytes) throws(ExtractionError) in
            try read(bytes, contentType: contentType, robotsTag: robotsTag)
        }
    }

    /// Reads one page from memory that lives as long as the call.
    func read(
        _ page: UnsafeBufferPointer<UInt8>, contentType: String?, robotsTag: String? = nil
    ) throws(ExtractionError) -> ExtractedPage {
        let encoding = PageEncoding(of: page, contentType: contentType)
        var result = ExtractedPage(encoding: encoding.name)
        if let robotsTag { result.facts.robots.add(header: robotsTag, product: product) }
        if let decoded = encoding.decode(page) {
            try decoded.span.withUnsafeBufferPointer { (text) throws(ExtractionError) in try read(text, into: &result) }
        } else {
            try read(UnsafeBufferPointer(rebasing: page[encoding.markLength...]), into: &result)
        }
        return result
    }

    private func read(_ text: UnsafeBufferPointer<UInt8>, into page: inout ExtractedPage) throws(ExtractionError) {
        let html = try HTMLTree(text, limits: limits)
        let tree = PageTree(html.root)
        let main = MainText(tree)
        let document = try main.render(tree, limit: outputBytes)
        page.text = document.text
        page.markdown = document.markdown ?? ""
        page.wordCount = WordCount.of(page.text)
        page.links = PageLink.all(tree)
        page.facts.read(tree, product: product)
        if page.facts.language == nil { page.facts.language = TextLanguage.of(page.text) }
        page.verdict = ExtractedPage.Verdict(tree, page)
    }
}

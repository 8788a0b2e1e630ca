import Drawing

/// Fills the pages of a document from top to bottom.
struct PDFFlow {
    let document: PDFDocument
    /// What stands at the foot of every page.
    private let foot: String
    /// Where the next thing begins.
    private(set) var y = PDFLook.margin

    init(_ document: PDFDocument, foot: String) { (self.document, self.foot) = (document, foot) }

    static var left: Double { PDFLook.margin }
    static var width: Double { PDFLook.page.width - 2 * PDFLook.margin }
    private static var bottom: Double { PDFLook.page.height - PDFLook.margin - 14 }

    /// Goes to the next page where this one has less than so much left; answers whether it did.
    @discardableResult
    mutating func need(_ height: Double) -> Bool {
        guard y + height > Self.bottom, y > PDFLook.margin else { return false }
        endPage()
        return true
    }

    /// Leaves some room free, but not at the top of a page.
    mutating func skip(_ height: Double) { if y > PDFLook.margin { y += height } }

    /// Goes on below something of this height.
    mutating func advance(_ height: Double) { y += height }

    /// Sets a paragraph of up to so many lines.
    mutating func add(_ text: String, lines: Int, _ style: TextStyle, keeping following: Double = 0) {
        let height = document.measure(text, width: Self.width, lines: lines, style).height
        need(height + following)
        document.draw(text, at: Point(x: Self.left, y: y), width: Self.width, lines: lines, style)
        y += height
    }

    /// Ends the last page and the document.
    mutating func finish() throws(DrawingError) {
        drawFoot()
        try document.finish()
    }

    private mutating func endPage() {
        drawFoot()
        document.endPage()
        y = PDFLook.margin
    }

    private func drawFoot() {
        let y = PDFLook.page.height - PDFLook.margin
        document.draw(foot, at: Point(x: Self.left, y: y), width: Self.width - 80, PDFLook.null)
        document.draw(
            "\(document.page)", baseline: Point(x: Self.left + Self.width, y: y + 8), anchor: .end, PDFLook.null)
    }
}

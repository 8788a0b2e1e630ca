/// A page of a PDF on its way: the blocks that were found on it, and what went wrong.
struct PDFPage: Sendable, Codable {
    var blocks: [PageBlock] = []
    /// In points; those of the page as it is before it is turned for showing.
    var width = 0.0
    var height = 0.0
    /// How sure of its words their reader is, to a hundred.
    var confidence = 100.0
    var error: String?
    var isRecognized = false

    /// Whether there are no words.
    var isEmpty: Bool { blocks.allSatisfy { $0.text.isEmpty } }

    var textBytes: Int { blocks.reduce(0) { $0 + $1.text.utf8.count } }
}

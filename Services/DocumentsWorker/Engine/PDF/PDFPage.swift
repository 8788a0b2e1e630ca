/// A page of a PDF on its way: the blocks that were found on it, and what went wrong.
struct PDFPage: Sendable, Codable {
    var blocks: [PageBlock] = []
    /// In points.
    var height = 0.0
    var error: String?
    var isRecognized = false

    /// Whether there are no words.
    var isEmpty: Bool { blocks.allSatisfy { $0.text.isEmpty } }

    var textBytes: Int { blocks.reduce(0) { $0 + $1.text.utf8.count } }

    /// The words of a picture, as Tesseract writes them: an empty line stands between paragraphs.
    mutating func take(recognized text: String) {
        blocks = text.split(separator: "\n\n").map { paragraph in
            var lines = paragraph.split(separator: "\n").map { String($0).trimmingBlanks() }.filter { !$0.isEmpty }
            var whole = lines.isEmpty ? "" : lines.removeFirst()
            for line in lines { whole.appendLine(line) }
            return PageBlock(content: .text(whole), box: Box(left: 0, top: 0, right: 0, bottom: 0))
        }
        isRecognized = true
    }
}

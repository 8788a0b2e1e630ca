import Foundation
import Markup

/// A page as Tesseract has read it, set straight.
struct StraightPage {
    var words = PageWords()
    /// How much lower a line ends than it begins, as a part of its length.
    var slope = 0.0
    /// Whether it lies upside down.
    var isUpsideDown = false

    /// The block on the page as it is.
    func original(_ block: PageBlock) -> PageBlock {
        var block = block
        block.box = original(block.box)
        return block
    }

    /// A place on the page set straight as one on the page as it is.
    private func original(_ box: Box) -> Box {
        let (start, end) = (slope * box.left, slope * box.right)
        let leaning = Box(
            left: box.left, top: box.top + min(start, end), right: box.right, bottom: box.bottom + max(start, end))
        return isUpsideDown ? leaning.turnedOver(width: words.width, height: words.height) : leaning
    }
}

/// Reads what `tesseract` writes as hOCR: an element a line. Pixels become points.
struct PictureWords {
    /// What a picture has to the inch when nobody says, and up to which number it is believed.
    private static let usualResolution = 300.0
    private static let resolutions = 71.0...2400
    /// Points to the inch.
    private static let points = 72.0

    private var lines: LineReader
    private let pageSide: Double
    /// The page whose lines come.
    private var page: PictureLines?

    /// - Parameter pageSide: the longer one of each page, in points, which may be drawn turned; 0 to go by the resolution of its picture.
    init(_ file: Int32, pageSide: Double) {
        lines = LineReader(file)
        self.pageSide = pageSide
    }

    /// The next page that is whole; nil at the end.
    mutating func next() throws(ExtractionError) -> StraightPage? {
        var count = 0
        while let line = try lines.next() {
            let text = String(decoding: line, as: UTF8.self)
            if text.contains("class='ocr_page'") {
                let last = page
                page = newPage(text)
                if let last { return last.straight }
            } else if text.contains("class='ocrx_word'") {
                count += 1
                guard count <= BoxReader.mostWords else {
                    throw ExtractionError(.tooLarge, "a page has more than \(BoxReader.mostWords) words")
                }
                page?.addWord(text)
            } else if text.contains("class='ocr_carea'") {
                page?.blocks.append([])
            } else if text.contains("x_size ") {
                page?.beginLine(text)
            } else if text.hasPrefix(" </body>") {
                defer { page = nil }
                return page?.straight
            }
        }
        return nil
    }

    private func newPage(_ element: String) -> PictureLines {
        let box = Self.numbers(element, after: "bbox ", 4)
        let said = Self.numbers(element, after: "scan_res ", 1)[0]
        let resolution = Self.resolutions.contains(said) ? said : Self.usualResolution
        let side = max(box[2], box[3])
        let scale = pageSide > 0 && side > 0 ? pageSide / side : Self.points / resolution
        return PictureLines(scale: scale, width: box[2] * scale, height: box[3] * scale)
    }

    /// The numbers that follow a name; zero for what is none of sense.
    static func numbers(_ element: String, after name: String, _ count: Int) -> [Double] {
        let rest = element.firstRange(of: name).map { element[$0.upperBound...] } ?? ""
        let found = rest.prefix { $0.isNumber || " .-".contains($0) }.split(separator: " ").prefix(count).map {
            Double($0).flatMap { abs($0) < 1e6 ? $0 : nil } ?? 0
        }
        return found + Array(repeating: 0, count: count - found.count)
    }
}

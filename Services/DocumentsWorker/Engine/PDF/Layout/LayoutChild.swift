import Foundation
import Markup

/// The child that reads what `pdftotext -bbox-layout` writes, from standard input, and writes the blocks of each page as frames.
///
/// It is as confined as one that parses: what poppler and Tesseract write is under the control of the document.
enum LayoutChild {
    static func run() -> Never {
        write { writer throws(ExtractionError) in
            var reader = BoxReader(STDIN_FILENO)
            var (isFirst, sample) = (true, "")
            while let page = try reader.next() {
                if isFirst {
                    var metadata = DocumentMetadata(mediaType: "application/pdf")
                    PopplerHead.read(reader.head[...], into: &metadata)
                    writer.write(metadata)
                    isFirst = false
                }
                // Poppler shows the words of the page before where one is missing.
                let blocks = page.isMissing ? [] : blocks(of: page)
                for block in blocks where sample.utf8.count < TextLanguage.sampleLength { sample += block.text + "\n" }
                writer.write(page, blocks)
            }
            if let language = TextLanguage.of(sample) { writer.frame(.metadata, "language\0\(language)") }
        }
    }

    /// Does the same with what `tesseract` writes as hOCR.
    static func run(pageSide: Int) -> Never {
        write { writer throws(ExtractionError) in
            var reader = PictureWords(STDIN_FILENO, pageSide: Double(pageSide) / Double(ChildRequest.pointParts))
            while let page = try reader.next() {
                writer.write(page.words, blocks(of: page.words).map { page.original($0) })
            }
        }
    }

    /// Ends the child, with the error where there is one.
    private static func write(_ pages: (ResultWriter) throws(ExtractionError) -> Void) -> Never {
        let writer = ResultWriter()
        do throws(ExtractionError) { try pages(writer) } catch { writer.write(error) }
        writer.end()
        _exit(0)
    }

    private static func blocks(of page: PageWords) -> [PageBlock] {
        let turned = TurnedPage(page)
        return PageLayout.blocks(of: turned.page).map { block in
            var block = block
            block.box = turned.original(block.box)
            return block
        }
    }
}

extension ResultWriter {
    /// Writes the blocks of a page, then its end.
    fileprivate func write(_ page: PageWords, _ blocks: [PageBlock]) {
        for block in blocks { frame(.block, block.fields.joined(separator: "\0")) }
        let sides = page.isMissing ? (0, 0) : (page.width, page.height)
        frame(.layout, "\(sides.0)\0\(sides.1)\0\(page.confidence)")
    }
}

/// How a block travels: its kind, mark, depth, four sides, sizes, whether it is fixed, lines and text.
extension PageBlock {
    static let fieldCount = 12
    private static let longestMark = 64

    fileprivate var fields: [String] {
        let (kind, mark, depth) =
            switch content {
            case .text: ("text", "", 0)
            case .item(let mark, let depth, _): ("item", mark, depth)
            case .table: ("table", "", 0)
            }
        return [
            kind, mark, "\(depth)", "\(box.left)", "\(box.top)", "\(box.right)", "\(box.bottom)", "\(size)",
            "\(widthSize)", isFixed ? "1" : "0", "\(lines)",
            text,
        ]
    }

    /// Nil for what no layout writes.
    init?(fields: [String]) {
        let numbers = fields[2...10].compactMap { Double($0) }
        guard fields.count == Self.fieldCount, numbers.count == 9, numbers.allSatisfy({ abs($0) < 1e9 }) else {
            return nil
        }
        let text = fields[11]
        switch fields[0] {
        case "text": content = .text(text)
        case "item":
            guard fields[1].utf8.count <= Self.longestMark else { return nil }
            content = .item(mark: fields[1], depth: Int(numbers[0]), text)
        case "table":
            content = .table(
                text.split(separator: "\n", omittingEmptySubsequences: false).map {
                    $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                })
        default: return nil
        }
        box = Box(left: numbers[1], top: numbers[2], right: numbers[3], bottom: numbers[4])
        size = numbers[5]
        widthSize = numbers[6]
        isFixed = numbers[7] == 1
        lines = Int(numbers[8])
    }
}

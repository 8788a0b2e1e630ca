import Foundation
import Markup

/// The words of one page as poppler has put them into lines, and these into blocks, in reading order.
struct PageWords {
    struct Word {
        var text: String
        var box: Box
    }

    /// Poppler's blocks of lines of words.
    var blocks: [[[Word]]] = []
    /// In points; zero for a page that is missing from the file.
    var width = 0.0
    var height = 0.0

    /// How sure of the words their reader is, to a hundred.
    var confidence = 100.0

    /// Whether the file has no such page.
    var isMissing: Bool { width <= 0 || height <= 0 }
}

/// Reads what `pdftotext -bbox-layout` writes: an element a line, always of the same shape. An XML library takes several times as long
/// for it as poppler does to write it.
struct BoxReader {
    /// More words than a page can show.
    static let mostWords = 500_000

    private var lines: LineReader
    /// What stands before the first page.
    private(set) var head: [UInt8] = []

    init(_ file: Int32) { lines = LineReader(file) }

    /// The next page that is whole; nil at the end.
    mutating func next() throws(ExtractionError) -> PageWords? {
        var page: PageWords?
        var count = 0
        while let line = try lines.next() {
            guard let mark = line.first(where: { $0 != 0x20 }), mark == UInt8(ascii: "<") || page == nil else {
                continue
            }
            let element = line.drop { $0 == 0x20 }
            if page == nil {
                if Self.starts(element, "<page ") {
                    let numbers = Self.numbers(element, 2)
                    page = PageWords(width: numbers[0], height: numbers[1])
                } else if head.count < LineReader.longest {
                    head += line + [0x0A]
                }
            } else if Self.starts(element, "<word ") {
                count += 1
                guard count <= Self.mostWords else {
                    throw ExtractionError(.tooLarge, "a page has more than \(Self.mostWords) words")
                }
                if let word = Self.word(element), let block = page?.blocks.indices.last,
                    let last = page?.blocks[block].indices.last
                {
                    page?.blocks[block][last].append(word)
                }
            } else if Self.starts(element, "<line ") {
                if let block = page?.blocks.indices.last { page?.blocks[block].append([]) }
            } else if Self.starts(element, "<block ") {
                page?.blocks.append([])
            } else if Self.starts(element, "</page>") {
                return page
            }
        }
        return nil
    }

    static func starts(_ element: ArraySlice<UInt8>, _ name: StaticString) -> Bool {
        name.withUTF8Buffer { element.starts(with: $0) }
    }

    /// The first attributes of an element; zero for what is no number of sense.
    private static func numbers(_ element: ArraySlice<UInt8>, _ count: Int) -> [Double] {
        var numbers: [Double] = []
        var rest = element
        while numbers.count < count {
            guard let opening = rest.firstIndex(of: UInt8(ascii: "\"")) else { break }
            rest = rest[(opening + 1)...]
            guard let closing = rest.firstIndex(of: UInt8(ascii: "\"")) else { break }
            numbers.append(number(rest[..<closing]))
            rest = rest[(closing + 1)...]
        }
        return numbers + Array(repeating: 0, count: count - numbers.count)
    }

    /// A number as `%f` prints it, to a thousandth.
    private static func number(_ digits: ArraySlice<UInt8>) -> Double {
        var (value, decimals, isNegative) = (0, -1, false)
        for byte in digits {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): decimals = 0
            case 0x30...0x39 where decimals < 3 && value < 1 << 40:
                value = value * 10 + Int(byte - 0x30)
                if decimals >= 0 { decimals += 1 }
            default: break
            }
        }
        let scales = [1.0, 10, 100, 1000]
        return (isNegative ? -1 : 1) * Double(value) / scales[max(decimals, 0)]
    }

    private static func word(_ element: ArraySlice<UInt8>) -> PageWords.Word? {
        let end: StaticString = "</word>"
        guard let opening = element.firstIndex(of: UInt8(ascii: ">")),
            starts(element.suffix(end.utf8CodeUnitCount), end)
        else { return nil }
        let sides = numbers(element[..<opening], 4)
        let bytes = element[(opening + 1)..<(element.endIndex - end.utf8CodeUnitCount)]
        var text = String(decoding: bytes, as: UTF8.self)
        if bytes.contains(UInt8(ascii: "&")) { text = PopplerHead.unescaped(text[...]) }
        text = text.droppingControls()
        guard !text.isEmpty else { return nil }
        return PageWords.Word(
            text: text, box: Box(left: sides[0], top: sides[1], right: sides[2], bottom: sides[3]))
    }
}

import Markup

/// The footnotes and endnotes of a PDF: which raised numbers refer to which of the texts that begin with one.
///
/// A number refers to the text on its own page, or to the next one that begins with it, as where all notes stand at the end of a chapter.
/// Other raised numbers, such as exponents, stay numbers; other numbered texts stay what they are.
struct PDFNotes {
    /// Stands before a raised number until it is decided about.
    static let mark: Unicode.Scalar = "\u{3}"
    /// Of the type that refers to it, what the type of a note is at most where only its number tells it from other text.
    private static let smaller = 0.95

    /// The sizes of the type that refers to a number, by number and page.
    private var references: [Int: [Int: Double]] = [:]
    /// The pages on which a text begins with a number.
    private var pages: [Int: [Int]] = [:]
    /// The labels of notes, by number and page.
    private var labels: [Int: [Int: String]] = [:]

    init(_ document: [PDFPage]) {
        for (page, block) in Self.blocks(document) {
            for number in Self.numbers(in: block.text) { references[number, default: [:]][page] = block.size }
        }
        guard !references.isEmpty else { return }
        for (page, block) in Self.blocks(document) {
            if let number = numbered(block, page)?.number, pages[number]?.last != page {
                pages[number, default: []].append(page)
            }
        }
        for (number, sizes) in references {
            for target in Set(sizes.keys.compactMap { target(number, from: $0) }).sorted() {
                // Where numbers begin anew on each page, the page tells them apart.
                let isFirst = labels[number] == nil
                labels[number, default: [:]][target] = isFirst ? "\(number)" : "\(number)-\(target + 1)"
            }
        }
    }

    /// The label and the text of the note that a block is; nil for any other block.
    func note(_ block: PageBlock, onPage page: Int) -> (label: String, text: String)? {
        guard let (number, text) = numbered(block, page), let label = labels[number]?[page] else { return nil }
        return (label, text)
    }

    /// A text with the marks of the notes that it refers to.
    func inline(_ text: String, onPage page: Int) -> InlineText {
        guard Self.hasMark(text) else { return InlineText(text) }
        var result = InlineText()
        for (index, part) in Self.parts(text).enumerated() {
            let digits = index == 0 ? part.prefix(0) : part.prefix(while: \.isDigit)
            if let number = Int(String(digits)), let label = target(number, from: page).flatMap({ labels[number]?[$0] })
            {
                result.append(InlineText().marked("[^\(label)]"))
                result.append(String(part.dropFirst(digits.count)))
            } else {
                result.append(String(part))
            }
        }
        return result
    }

    /// The page of the text that a number refers to.
    private func target(_ number: Int, from page: Int) -> Int? {
        guard let pages = pages[number] else { return nil }
        var (low, high) = (0, pages.count)
        while low < high {
            let middle = (low + high) / 2
            if pages[middle] < page { low = middle + 1 } else { high = middle }
        }
        return low < pages.count ? pages[low] : nil
    }

    /// The number with which a block begins, and what follows.
    private func numbered(_ block: PageBlock, _ page: Int) -> (number: Int, text: String)? {
        switch block.content {
        case .item(let mark, _, let text) where ListMark.isNote(mark): return Int(mark).map { ($0, text) }
        case .text(let text):
            // One that is not raised has smaller type and its reference on the page.
            let digits = text.unicodeScalars.prefix(while: \.isDigit)
            guard ListMark.isNote(String(digits)), let number = Int(String(digits)),
                let size = references[number]?[page], block.size < Self.smaller * size
            else { return nil }
            let rest = text.unicodeScalars.dropFirst(digits.count).drop { $0 == " " }
            return rest.first?.properties.isAlphabetic == true ? (number, String(rest)) : nil
        default: return nil
        }
    }

    private static func blocks(_ document: [PDFPage]) -> some Sequence<(page: Int, block: PageBlock)> {
        document.enumerated().lazy.flatMap { page in page.element.blocks.lazy.map { (page.offset, $0) } }
    }

    private static func hasMark(_ text: String) -> Bool { text.utf8.contains(UInt8(mark.value)) }

    private static func parts(_ text: String) -> [Substring.UnicodeScalarView] {
        text.unicodeScalars.split(separator: mark, omittingEmptySubsequences: false)
    }

    private static func numbers(in text: String) -> [Int] {
        guard hasMark(text) else { return [] }
        return parts(text).dropFirst().compactMap { Int(String($0.prefix(while: \.isDigit))) }
    }
}

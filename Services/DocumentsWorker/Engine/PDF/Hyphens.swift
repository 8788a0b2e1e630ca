/// Decides about the hyphens at the ends of lines: one that only cuts a word goes, one that belongs to it stays.
///
/// A hyphen stays where the document has the word with it elsewhere, or another one before it, as in `state-of-the-art`. It goes
/// otherwise: most of them cut words.
struct Hyphens {
    /// Stands behind a hyphen at the end of a line until it is decided about.
    static let mark: Unicode.Scalar = "\u{1}"

    private var words: Set<Substring> = []

    /// The pages without marks.
    static func resolved(_ pages: [PDFPage]) -> [PDFPage] {
        let hyphens = Hyphens(pages)
        var pages = pages
        for page in pages.indices {
            for block in pages[page].blocks.indices where hasMark(pages[page].blocks[block].text) {
                pages[page].blocks[block].content = hyphens.resolved(pages[page].blocks[block].content)
            }
        }
        return pages
    }

    private static func hasMark(_ text: String) -> Bool { text.utf8.contains(UInt8(mark.value)) }

    private init(_ pages: [PDFPage]) {
        // Only words with a hyphen can decide.
        for text in pages.lazy.flatMap(\.blocks).map(\.text) {
            for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) where word.utf8.contains(0x2D) {
                words.insert(Self.core(word))
            }
        }
    }

    /// A word without the signs around it.
    private static func core(_ word: Substring) -> Substring {
        var core = word
        while let first = core.first, !first.isLetter { core.removeFirst() }
        while let last = core.last, !last.isLetter { core.removeLast() }
        return core
    }

    private func resolved(_ content: PageBlock.Content) -> PageBlock.Content {
        switch content {
        case .text(let text): .text(resolved(text))
        case .item(let mark, let depth, let text): .item(mark: mark, depth: depth, resolved(text))
        case .table(let rows): .table(rows.map { $0.map(resolved) })
        }
    }

    private func resolved(_ text: String) -> String {
        guard Self.hasMark(text) else { return text }
        return text.split(separator: " ", omittingEmptySubsequences: false).map { word in
            let parts = word.unicodeScalars.split(separator: Self.mark).map { Substring($0) }
            guard parts.count > 1 else { return String(word) }
            let whole = Self.core(parts.joined()[...])
            let isCompound = words.contains(whole) || parts[0].utf8.dropLast().contains(0x2D)
            return isCompound ? parts.joined() : parts.dropLast().map { $0.dropLast() }.joined() + (parts.last ?? "")
        }.joined(separator: " ")
    }
}

/// Writes plain PDF files with a real text layer: Helvetica, one page of about 2,500 characters after the other.
struct PDFWriter {
    private var bytes: [UInt8] = []
    private var offsets: [Int] = []
    private var random: UInt64
    private let number: Int

    /// A file of so many pages; another number gives another text.
    static func file(_ number: Int, pages: Int) -> [UInt8] {
        var writer = PDFWriter(number: number)
        writer.write(pages: pages)
        return writer.bytes
    }

    /// The line with which a page begins, by which its text is known again. It has the text's only capital letter and its only full stop.
    static func mark(file: Int, page: Int) -> String { "File \(file) page \(page)." }

    /// All marks in a text.
    static func marks(in text: [UInt8]) -> Set<String> {
        Set(
            text.split(separator: UInt8(ascii: "F")).map { piece in
                String(
                    decoding: "F".utf8 + piece.prefix(32).prefix { $0 != UInt8(ascii: ".") } + ".".utf8, as: UTF8.self)
            })
    }

    private init(number: Int) {
        self.number = number
        random = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 &+ 1
    }

    private mutating func write(pages: Int) {
        append("%PDF-1.4\n")
        let kids = (0..<pages).map { "\(4 + 2 * $0) 0 R" }.joined(separator: " ")
        object("<< /Type /Catalog /Pages 2 0 R >>")
        object("<< /Type /Pages /Count \(pages) /Kids [\(kids)] >>")
        object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
        for page in 0..<pages {
            object(
                """
                << /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents \(5 + 2 * page) 0 R \
                /Resources << /Font << /F1 3 0 R >> >> >>
                """)
            let content = content(page: page + 1)
            object("<< /Length \(content.utf8.count) >>\nstream\n\(content)\nendstream")
        }
        trailer()
    }

    private mutating func content(page: Int) -> String {
        var text = "BT /F1 11 Tf 16 TL 56 780 Td (\(Self.mark(file: number, page: page))) Tj T*"
        for _ in 0..<36 { text += "\n[\(line())] TJ T*" }
        return text + "\nET"
    }

    /// About 70 letters in words of one to four syllables, kerned between syllables as typesetting programs do.
    private mutating func line() -> String {
        var line = ""
        var letters = 0
        while letters < 66 {
            for syllable in 0..<1 + next(4) {
                let text = (syllable == 0 && letters > 0 ? " " : "") + Self.syllables[next(Self.syllables.count)]
                line += "(\(text))\(next(40) - 20)"
                letters += text.utf8.count
            }
        }
        return line
    }

    private static let syllables = [
        "an", "ber", "con", "da", "el", "for", "gra", "her", "in", "ker", "la", "men", "nor", "o", "par", "qui", "re",
        "sta", "ti", "ur", "ver", "wen", "xi", "yo", "zel",
    ]

    /// A number below `bound`, from a linear congruential generator (Knuth's MMIX): the same seed gives the same text everywhere.
    private mutating func next(_ bound: Int) -> Int {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((random >> 33) % UInt64(bound))
    }

    private mutating func object(_ content: String) {
        offsets.append(bytes.count)
        append("\(offsets.count) 0 obj\n\(content)\nendobj\n")
    }

    private mutating func trailer() {
        let start = bytes.count
        append("xref\n0 \(offsets.count + 1)\n0000000000 65535 f \n")
        for offset in offsets {
            let digits = String(offset)
            append("\(String(repeating: "0", count: 10 - digits.count))\(digits) 00000 n \n")
        }
        append("trailer\n<< /Size \(offsets.count + 1) /Root 1 0 R >>\nstartxref\n\(start)\n%%EOF\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

import Drawing

/// The sizes and colors of pages.
enum PDFLook {
    /// A4 across.
    static let page = Size(width: 841.89, height: 595.28)
    static let margin = 40.0

    static let text = Color(0x1C2126)
    static let soft = Color(0x5B6570)
    static let rule = Color(0xD5DAE0)
    static let band = Color(0xF4F6F8)
    static let accent = Color(0x2563A8)

    static let title = TextStyle(size: 22, isBold: true, color: text)
    static let section = TextStyle(size: 15, isBold: true, color: text)
    static let heading = TextStyle(size: 10.5, isBold: true, color: text)
    static let body = TextStyle(size: 9.5, color: soft)
    static let head = TextStyle(size: 8, isBold: true, color: text)
    static let cell = TextStyle(size: 8, color: text)
    static let null = TextStyle(size: 8, color: soft)
    static let label = TextStyle(size: ChartDrawing.letters, color: soft)
}

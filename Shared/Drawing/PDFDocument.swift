import CPangoCairo

/// A PDF that is drawn page by page: shapes by cairo, text of any script by Pango. Lengths are in points from the top left corner.
///
/// One thread at a time may use it. Fonts are those that fontconfig finds on the machine; what a page needs of them is put into the file.
public final class PDFDocument {
    /// The size of every page.
    public let size: Size
    /// The page that is being drawn, from 1.
    public private(set) var page = 1

    private let surface: OpaquePointer
    private let context: OpaquePointer
    private let layout: OpaquePointer

    /// Begins a document with its first page.
    ///
    /// - Parameters:
    ///   - path: of the file, which is whole after `finish`.
    ///   - created: when its content is from, as RFC 3339.
    /// - Throws: `DrawingError`, also where the machine has no font.
    public init(path: String, size: Size, title: String, created: String) throws(DrawingError) {
        guard Self.hasFonts else {
            throw DrawingError("this machine has no font: install one, such as Debian's fonts-dejavu-core")
        }
        let made = cairo_pdf_surface_create(path, size.width, size.height)
        guard let made, cairo_surface_status(made) == CAIRO_STATUS_SUCCESS else {
            let status = cairo_surface_status(made)
            cairo_surface_destroy(made)
            throw DrawingError(status)
        }
        guard let drawing = cairo_create(made), let text = pango_cairo_create_layout(drawing) else {
            cairo_surface_destroy(made)
            throw DrawingError("no memory is left")
        }
        (self.size, surface, context, layout) = (size, made, drawing, text)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, created)
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END)
        // Texts are lines here: whatever in them is taken for the end of a paragraph does not begin another one.
        pango_layout_set_single_paragraph_mode(layout, 1)
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(layout))
        cairo_destroy(context)
        cairo_surface_destroy(surface)
    }

    /// Goes on with the next page.
    public func endPage() {
        cairo_show_page(context)
        page += 1
    }

    /// Ends the last page and the file; nothing is drawn after it.
    public func finish() throws(DrawingError) {
        cairo_show_page(context)
        let drawn = cairo_status(context)
        cairo_surface_finish(surface)
        let written = cairo_surface_status(surface)
        for status in [drawn, written] where status != CAIRO_STATUS_SUCCESS { throw DrawingError(status) }
    }

    /// Adds an entry to the document's outline, which leads to the page that is being drawn.
    public func addOutline(_ name: String) {
        // 0 is the root of the outline.
        cairo_pdf_surface_add_outline(surface, 0, name, "page=\(page)", CAIRO_PDF_OUTLINE_FLAG_OPEN)
    }

    /// Fills a rectangle.
    public func fill(_ rectangle: Rectangle, _ color: Color) {
        use(color)
        cairo_rectangle(context, rectangle.x, rectangle.y, rectangle.width, rectangle.height)
        cairo_fill(context)
    }

    /// Draws a line through points.
    public func stroke(_ points: [Point], width: Double, _ color: Color) {
        guard let first = points.first else { return }
        use(color)
        cairo_set_line_width(context, width)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        cairo_set_line_cap(context, CAIRO_LINE_CAP_ROUND)
        cairo_move_to(context, first.x, first.y)
        // A point by itself is a line of no length, which has round ends.
        for point in points.count == 1 ? points[...] : points.dropFirst() { cairo_line_to(context, point.x, point.y) }
        cairo_stroke(context)
    }

    /// Draws text below a point in up to `lines` lines of a width; what does not fit ends in an ellipsis.
    ///
    /// - Returns: the height that it takes.
    @discardableResult
    public func draw(_ text: String, at corner: Point, width: Double, lines: Int = 1, _ style: TextStyle) -> Double {
        lay(text, width: width, lines: lines, style)
        use(style.color)
        cairo_move_to(context, corner.x, corner.y)
        pango_cairo_show_layout(context, layout)
        return laidSize.height
    }

    /// Draws a line of text whose baseline begins, ends, or has its middle at a point.
    public func draw(_ text: String, baseline point: Point, anchor: TextAnchor, _ style: TextStyle) {
        lay(text, width: nil, lines: 1, style)
        use(style.color)
        let shift =
            switch anchor {
            case .start: 0.0
            case .middle: laidSize.width / 2
            case .end: laidSize.width
            }
        let ascent = Double(pango_layout_get_baseline(layout)) / Double(PANGO_SCALE)
        cairo_move_to(context, point.x - shift, point.y - ascent)
        pango_cairo_show_layout(context, layout)
    }

    /// The size of a text in up to `lines` lines of a width, or in one of its own width.
    public func measure(_ text: String, width: Double? = nil, lines: Int = 1, _ style: TextStyle) -> Size {
        lay(text, width: width, lines: lines, style)
        return laidSize
    }

    private static var hasFonts: Bool {
        var families: UnsafeMutablePointer<UnsafeMutablePointer<PangoFontFamily>?>?
        var count: Int32 = 0
        pango_font_map_list_families(pango_cairo_font_map_get_default(), &families, &count)
        g_free(families)
        return count > 0
    }

    private func use(_ color: Color) { cairo_set_source_rgb(context, color.red, color.green, color.blue) }

    private func lay(_ text: String, width: Double?, lines: Int, _ style: TextStyle) {
        let font = pango_font_description_new()
        defer { pango_font_description_free(font) }
        pango_font_description_set_family_static(font, "Sans")
        pango_font_description_set_weight(font, style.isBold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL)
        pango_font_description_set_absolute_size(font, style.size * Double(PANGO_SCALE))
        pango_layout_set_font_description(layout, font)
        pango_layout_set_alignment(layout, style.isTrailing ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT)
        pango_layout_set_width(layout, width.map { Int32($0 * Double(PANGO_SCALE)) } ?? -1)
        // A negative height is a number of lines.
        pango_layout_set_height(layout, Int32(-lines))
        pango_layout_set_text(layout, text, Int32(text.utf8.count))
    }

    private var laidSize: Size {
        var (width, height): (Int32, Int32) = (0, 0)
        pango_layout_get_size(layout, &width, &height)
        return Size(width: Double(width) / Double(PANGO_SCALE), height: Double(height) / Double(PANGO_SCALE))
    }
}

/// Why a document could not be drawn; a part of a sentence.
public struct DrawingError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, and what to do where something can be done.
    public let description: String

    init(_ description: String) { self.description = description }

    init(_ status: cairo_status_t) { description = String(cString: cairo_status_to_string(status)) }
}

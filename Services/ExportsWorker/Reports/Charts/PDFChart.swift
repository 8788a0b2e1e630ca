import Drawing

extension ChartDrawing {
    /// Draws the chart with its top left corner at a point.
    func draw(in document: PDFDocument, at corner: Point) {
        func moved(_ point: Point) -> Point { Point(x: corner.x + point.x, y: corner.y + point.y) }
        for shape in shapes {
            switch shape {
            case .bar(let bar):
                let place = moved(Point(x: bar.x, y: bar.y))
                document.fill(
                    Rectangle(x: place.x, y: place.y, width: bar.width, height: bar.height), PDFLook.accent)
            case .line(let points): document.stroke(points.map(moved), width: 1.5, PDFLook.accent)
            case .rule(let from, let to): document.stroke([moved(from), moved(to)], width: 0.5, PDFLook.rule)
            case .text(let text, let point, let anchor):
                document.draw(text, baseline: moved(point), anchor: anchor, PDFLook.label)
            }
        }
    }
}

import Drawing
import Foundation

extension ChartDrawing {
    /// The chart as SVG within a page, whose style sheet has its colors.
    func svg(_ title: String) -> HTMLText {
        let shapes = shapes.map(Self.svg)
        return """
            <svg viewBox="0 0 \(size.width) \(size.height)" role="img" aria-label="\(title)"><title>\(title)</title>\(shapes)</svg>
            """
    }

    private static func svg(_ shape: Shape) -> HTMLText {
        switch shape {
        case .bar(let bar):
            "<rect class=\"bar\" x=\"\(bar.x)\" y=\"\(bar.y)\" width=\"\(bar.width)\" height=\"\(bar.height)\"/>"
        case .line(let points): "<path class=\"line\" d=\"\(path(points))\"/>"
        case .rule(let from, let to):
            "<line class=\"rule\" x1=\"\(from.x)\" y1=\"\(from.y)\" x2=\"\(to.x)\" y2=\"\(to.y)\"/>"
        case .text(let text, let point, let anchor):
            "<text x=\"\(point.x)\" y=\"\(point.y)\" text-anchor=\"\(anchor.rawValue)\">\(text)</text>"
        }
    }

    private static func path(_ points: [Point]) -> HTMLText {
        let steps: [HTMLText] = points.enumerated().map {
            "\($0.offset == 0 ? "M" : "L")\($0.element.x) \($0.element.y)"
        }
        return points.count == 1 ? "\(steps)h0" : "\(steps)"
    }
}

import Drawing
import Testing

@testable import ExportsWorker

@Suite struct ChartDrawingTests {
    private func drawing(_ form: Chart.Form, _ values: [Double?], labels: (Int) -> String = { "label \($0)" })
        -> ChartDrawing
    {
        ChartDrawing(SampleReport.chart(form, values.enumerated().map { (labels($0.offset), $0.element) }))
    }

    @Test(arguments: [Chart.Form.bars, .columns, .line])
    func everythingIsWithinThePicture(form: Chart.Form) {
        let series: [[Double?]] = [
            [], [nil], [0], [1], [-1], [1, nil, -1], [1e299, -1e299], [0.001, 0.002], Array(repeating: 5, count: 50),
            (0..<50).map { Double($0 * $0) - 600 },
        ]
        for values in series {
            let drawing = drawing(form, values) { $0.isMultiple(of: 2) ? "漢字漢字漢字漢字漢字漢字漢字漢字" : "x" }
            let picture = drawing.size
            for shape in drawing.shapes {
                let points: [Point] =
                    switch shape {
                    case .bar(let bar):
                        [
                            Point(x: bar.x, y: bar.y), Point(x: bar.x + bar.width, y: bar.y + bar.height),
                        ]
                    case .line(let points): points
                    case .rule(let from, let to): [from, to]
                    case .text(_, let point, _): [point]
                    }
                for point in points {
                    #expect(
                        (0...picture.width).contains(point.x) && (0...picture.height).contains(point.y),
                        "\(shape) of \(values)")
                }
            }
        }
    }

    @Test func barsAreAsLongAsTheirValues() {
        let bars = drawing(.bars, [100, 50, 0, nil, -25]).shapes.compactMap { shape -> Rectangle? in
            if case .bar(let bar) = shape { bar } else { nil }
        }
        #expect(bars.count == 3, "nothing has no bar")
        #expect(abs(bars[0].width - 2 * bars[1].width) < 1e-9 && abs(bars[1].width - 2 * bars[2].width) < 1e-9)
        #expect(abs(bars[2].x + bars[2].width - bars[0].x) < 1e-9, "below nothing is on the other side")
    }

    @Test func aLineHasGapsWhereNoFigureIs() {
        let lines = drawing(.line, [1, 2, nil, 4, nil, 6, 7]).shapes.compactMap { shape -> Int? in
            if case .line(let points) = shape { points.count } else { nil }
        }
        #expect(lines == [2, 1, 2])
    }

    @Test func labelsDoNotStandOnEachOther() {
        let labels = drawing(.columns, Array(repeating: 1, count: 300)) { "2026-01-01 \($0)" }.shapes.compactMap {
            shape in
            if case .text(let text, let point, .middle) = shape { (text, point.x) } else { nil }
        }
        #expect((2...6).contains(labels.count) && labels[0].0 == "2026-01-01 0")
        for (one, next) in zip(labels, labels.dropFirst()) { #expect(next.1 - one.1 > Double(one.0.count) * 5) }
    }
}

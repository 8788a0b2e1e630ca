import Drawing

/// A chart as shapes, of which a page of HTML and one of PDF are made alike. Colors are theirs.
struct ChartDrawing: Sendable {
    enum Shape: Sendable, Equatable {
        case bar(Rectangle)
        /// A line through points; one point by itself is a dot.
        case line([Point])
        /// A line of the grid, or of an axis.
        case rule(Point, Point)
        /// Text whose baseline is at the point.
        case text(String, Point, TextAnchor)
    }

    /// The size of letters, in points.
    static let letters = 9.0
    /// About how wide a letter is.
    private static let letter = 5.4
    private static let width = 370.0

    let size: Size
    private(set) var shapes: [Shape] = []

    init(_ chart: Chart) {
        switch chart.form {
        case .bars:
            size = Size(width: Self.width, height: max(1, Double(chart.figures.count)) * Self.barStep + 4)
            addBars(chart.figures)
        case .columns, .line:
            size = Size(width: Self.width, height: 190)
            addPlot(chart)
        }
    }

    // MARK: Bars

    private static let barStep = 18.0
    private static let barLabel = 20

    private mutating func addBars(_ figures: [Chart.Figure]) {
        let labels = figures.map { ShownText.line($0.label, most: Self.barLabel) }
        let values = figures.map { $0.value.map(ShownText.number) ?? "none" }
        let left = Self.room(for: labels)
        let right = size.width - Self.room(for: values)
        let drawn = figures.compactMap(\.value)
        let (least, most) = (min(0, drawn.min() ?? 0), max(0, drawn.max() ?? 0))
        let unit = most > least ? (right - left) / (most - least) : 0
        let zero = left - least * unit
        for (index, figure) in figures.enumerated() {
            let top = Double(index) * Self.barStep + 2
            let baseline = top + 11
            shapes.append(.text(labels[index], Point(x: left - 6, y: baseline), .end))
            let end = zero + (figure.value ?? 0) * unit
            let bar = Rectangle(x: min(zero, end), y: top + 1, width: abs(end - zero), height: Self.barStep - 5)
            if bar.width > 0 { shapes.append(.bar(bar)) }
            shapes.append(.text(values[index], Point(x: max(zero, end) + 5, y: baseline), .start))
        }
        shapes.append(.rule(Point(x: zero, y: 0), Point(x: zero, y: size.height)))
    }

    // MARK: Along an axis

    private mutating func addPlot(_ chart: Chart) {
        let values = chart.figures.compactMap(\.value)
        guard let low = values.min(), let high = values.max() else {
            shapes.append(.text("No figures", Point(x: size.width / 2, y: size.height / 2), .middle))
            return
        }
        let scale = AxisScale(
            from: chart.form == .columns ? min(0, low) : low >= 0 && low < high * 0.9 ? 0 : low,
            to: chart.form == .columns ? max(0, high) : high, isWhole: values.allSatisfy { $0 == $0.rounded() })
        let ticks = scale.ticks.map { ($0, ShownText.number($0)) }
        let left = Self.room(for: ticks.map(\.1))
        let area = Rectangle(x: left, y: 8, width: size.width - left - 8, height: size.height - 32)
        func height(_ value: Double) -> Double { area.y + area.height * (1 - scale.part(of: value)) }
        for (value, label) in ticks {
            let y = height(value)
            shapes.append(.rule(Point(x: area.x, y: y), Point(x: area.x + area.width, y: y)))
            shapes.append(.text(label, Point(x: area.x - 6, y: y + 3), .end))
        }
        let places = Self.places(of: chart, in: area)
        switch chart.form {
        case .line: addLine(zip(places, chart.figures).map { ($0, $1.value.map(height)) })
        case .columns, .bars:
            let width = max(0.5, area.width / Double(chart.figures.count) * 0.8)
            let zero = height(0)
            for (place, figure) in zip(places, chart.figures) {
                guard let value = figure.value, value != 0 else { continue }
                let end = height(value)
                shapes.append(
                    .bar(Rectangle(x: place - width / 2, y: min(zero, end), width: width, height: abs(end - zero))))
            }
        }
        addLabels(chart.figures.map(\.label), places, below: area)
    }

    /// Where figures stand: columns side by side, points by their positions.
    private static func places(of chart: Chart, in area: Rectangle) -> [Double] {
        let count = Double(chart.figures.count)
        let positions = chart.figures.map(\.position)
        guard chart.form == .line, let first = positions.first, let last = positions.last, last > first else {
            return chart.figures.indices.map { area.x + (Double($0) + 0.5) / count * area.width }
        }
        return positions.map { area.x + ($0 - first) / (last - first) * area.width }
    }

    private mutating func addLine(_ points: [(x: Double, y: Double?)]) {
        var run: [Point] = []
        for point in points {
            if let y = point.y {
                run.append(Point(x: point.x, y: y))
            } else if !run.isEmpty {
                shapes.append(.line(run))
                run = []
            }
        }
        if !run.isEmpty { shapes.append(.line(run)) }
    }

    /// As many labels as have room, in even steps, the first among them.
    private mutating func addLabels(_ labels: [String], _ places: [Double], below area: Rectangle) {
        let widest = labels.map { Self.width(of: $0) }.max() ?? 0
        let room = max(1, Int(area.width / (widest + 14)))
        let step = max(1, (labels.count + room - 1) / room)
        for index in stride(from: 0, to: labels.count, by: step) {
            // Those at the ends must not leave the picture.
            let half = Self.width(of: labels[index]) / 2
            let x = min(max(places[index], half), size.width - half)
            shapes.append(.text(labels[index], Point(x: x, y: area.y + area.height + 15), .middle))
        }
    }

    private static func width(of text: String) -> Double {
        // Letters of East Asia, and pictures, are about twice as wide.
        text.unicodeScalars.reduce(0) { $0 + ($1.value < 0x1100 ? letter : 2 * letter) }
    }

    private static func room(for labels: [String]) -> Double { (labels.map { width(of: $0) }.max() ?? 0) + 10 }
}

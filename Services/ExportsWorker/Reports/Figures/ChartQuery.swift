import Foundation
import Postgres
import WorkerKit

/// The figures of one chart, by one statement.
struct ChartQuery {
    /// The most points along an axis.
    static let most = 1000

    private let x: ReportColumn
    private let y: ReportColumn?
    private let spec: Export.Chart
    private let step: TimeStep

    /// - Parameters:
    ///   - span: of the times of `x`, where it is known; in seconds.
    /// - Throws: `JobFailure` `invalid_report`.
    init(_ spec: Export.Chart, columns: [ReportColumn], source: String, spans: [String: Double]) throws(JobFailure) {
        func column(_ name: String) throws(JobFailure) -> ReportColumn {
            guard let column = columns.first(where: { $0.name == name }) else {
                let known = columns.map(\.name).joined(separator: ", ")
                throw Self.invalid("The source \(source) has no column \(name) for a chart; it has \(known).")
            }
            return column
        }
        self.spec = spec
        x = try column(spec.x)
        y = if let name = spec.y { try column(name) } else { nil }
        step = spec.by ?? TimeStep(span: spans[spec.x] ?? 0)
        guard x.kind != .opaque else {
            throw Self.invalid("A chart cannot stand along \(x.name): values of the type \(x.type) are not compared.")
        }
        guard spec.kind == .bar || x.kind == .time || x.kind == .number else {
            throw Self.invalid("A line needs times or numbers along it; \(x.name) is \(x.type). Ask for `bar`.")
        }
        guard spec.by == nil || x.kind == .time else {
            throw Self.invalid("`by` is a step of times; \(x.name) is \(x.type).")
        }
        if spec.aggregate != .count, y?.kind != .number {
            throw Self.invalid(
                "`\(spec.aggregate.rawValue)` needs a column of numbers as `y`"
                    + (y.map { "; \($0.name) is \($0.type)." } ?? "."))
        }
    }

    /// - Throws: `JobFailure` `invalid_report` for a chart with too many points, or `PostgresError`.
    func chart(of query: SQLText, _ session: Session) throws -> Chart {
        if x.kind == .time { return try times(query, session) }
        return try spec.kind == .line ? numbers(query, session) : bars(query, session)
    }

    private var title: String {
        if let title = spec.title { return ShownText.line(title, most: 200) }
        let of =
            switch (spec.aggregate, y) {
            case (.count, nil): "Rows"
            case (.count, let y?): "Values of \(y.name)"
            case (let aggregate, let y): "\(aggregate.word) of \(y?.name ?? "")"
            }
        return ShownText.line("\(of) by \(x.name)" + (x.kind == .time ? ", by \(step.rawValue)" : ""), most: 200)
    }

    private var value: SQLText {
        switch (spec.aggregate, y) {
        case (.count, nil): "count(*)"
        case (.count, let y?): "count(\(y.sql))"
        case (let aggregate, let y): "\(SQLText(stringLiteral: aggregate.rawValue))(\(y?.number ?? "0"))"
        }
    }

    private func bars(_ query: SQLText, _ session: Session) throws -> Chart {
        let rows = try session.once(
            """
            SELECT label, CAST(value AS text) AS value, CAST(sum(value) OVER () AS text) AS total, count(*) OVER () AS bars
            FROM (SELECT \(x.text(most: Frequencies.characters)) AS label, \(value) AS value
                FROM (\(query)) AS source GROUP BY 1) AS bars
            ORDER BY bars.value DESC NULLS LAST, label LIMIT \(number: spec.limit)
            """)
        var figures: [Chart.Figure] = []
        for row in rows {
            figures.append(
                Chart.Figure(
                    label: ShownText.label(try row.decode("label")), position: Double(figures.count),
                    value: try Self.number(row)))
        }
        return Chart(title: title, form: .bars, figures: figures, note: try note(rows, figures))
    }

    /// What the bars that are left out amount to.
    private func note(_ rows: Rows, _ figures: [Chart.Figure]) throws -> String? {
        guard let first = rows.first else { return nil }
        let others = try first.decode("bars", as: Int.self) - rows.count
        guard others > 0 else { return nil }
        let left = "\(ShownText.count(others, "more value")) not shown"
        guard spec.aggregate == .count || spec.aggregate == .sum,
            let total = try first.decode("total", as: String?.self).flatMap(Double.init)
        else { return left + "." }
        return "\(left), with \(ShownText.number(total - figures.reduce(0) { $0 + ($1.value ?? 0) })) in all."
    }

    private func times(_ query: SQLText, _ session: Session) throws -> Chart {
        let width: SQLText = "CAST(\(constant: "1 " + step.rawValue) AS interval)"
        let none: SQLText = spec.aggregate == .count || spec.aggregate == .sum ? "coalesce(value, 0)" : "value"
        let rows = try session.once(
            """
            WITH figures AS (
                SELECT date_trunc(\(constant: step.rawValue), \(x.time)) AS at, \(value) AS value
                FROM (\(query)) AS source WHERE isfinite(\(x.sql)) GROUP BY 1
            ), steps AS (
                SELECT generate_series(min(at), least(max(at), min(at) + \(number: Self.most) * \(width)), \(width)) AS at
                FROM figures
            )
            SELECT to_char(at, \(constant: step.pattern)) AS label, CAST(extract(epoch FROM at) AS text) AS position,
                CAST(\(none) AS text) AS value
            FROM steps LEFT JOIN figures USING (at) ORDER BY at
            """)
        guard rows.count <= Self.most else {
            throw Self.invalid(
                "The chart along \(x.name) has over \(Self.most) points by \(step.rawValue): take a longer step (`by`), or filter the rows."
            )
        }
        return Chart(
            title: title, form: spec.kind == .line ? .line : .columns, figures: try Self.figures(rows), note: nil)
    }

    private func numbers(_ query: SQLText, _ session: Session) throws -> Chart {
        let rows = try session.once(
            """
            SELECT CAST(x AS text) AS label, CAST(x AS text) AS position, CAST(value AS text) AS value
            FROM (SELECT \(x.sql) AS x, \(value) AS value FROM (\(query)) AS source WHERE \(x.sql) IS NOT NULL GROUP BY 1)
                AS points
            ORDER BY x LIMIT \(number: Self.most + 1)
            """)
        guard rows.count <= Self.most else {
            throw Self.invalid(
                "The chart along \(x.name) has over \(Self.most) points: filter the rows, or ask for `bar`.")
        }
        return Chart(title: title, form: .line, figures: try Self.figures(rows), note: nil)
    }

    /// Those that have a place on the axis.
    private static func figures(_ rows: Rows) throws -> [Chart.Figure] {
        try rows.compactMap { row in
            guard let position = Double(try row.decode("position", as: String.self)), position.isFinite else {
                return nil
            }
            return Chart.Figure(
                label: ShownText.label(try row.decode("label")),
                position: position, value: try number(row))
        }
    }

    /// The value, nil where it is null or no number that can be drawn: the difference of two is one, too.
    private static func number(_ row: Row) throws -> Double? {
        guard let value = try row.decode("value", as: String?.self).flatMap(Double.init), abs(value) < 1e300 else {
            return nil
        }
        return value
    }

    static func invalid(_ message: String) -> JobFailure { JobFailure(code: "invalid_report", message: message) }
}

extension Export.Chart.Aggregate {
    fileprivate var word: String {
        switch self {
        case .count: "Number"
        case .sum: "Sum"
        case .avg: "Mean"
        case .min: "Least"
        case .max: "Greatest"
        }
    }
}

import JSON
import Jobs

extension Export {
    /// What a report shows beside the summaries.
    struct Report: Decodable, Sendable {
        /// The export's name when nil.
        let title: String?
        /// How many rows of each source are shown.
        let rows: Int
        /// Chosen by the columns when nil.
        let charts: [Chart]?
    }

    /// A chart of a source.
    struct Chart: Decodable, Sendable {
        enum Kind: String, Decodable, CaseIterable { case bar, line }

        enum Aggregate: String, Decodable, CaseIterable { case count, sum, avg, min, max }

        /// The name of a source; the only one when nil.
        let source: String?
        let kind: Kind
        /// The column along which the figures stand.
        let x: String
        /// The column that the figures are of; rows are counted when nil.
        let y: String?
        let aggregate: Aggregate
        /// The step of times.
        let by: TimeStep?
        /// The most bars.
        let limit: Int
        let title: String?
    }
}

/// The step in which times are taken together.
enum TimeStep: String, Decodable, CaseIterable {
    case hour, day, week, month, year

    /// The one in which a span has some tens of points.
    init(span seconds: Double) {
        let days = seconds / 86_400
        self = days <= 3 ? .hour : days <= 120 ? .day : days <= 730 ? .week : days <= 7300 ? .month : .year
    }

    /// How the server writes a time of this step.
    var pattern: String {
        switch self {
        case .hour: "YYYY-MM-DD HH24:MI"
        case .day, .week: "YYYY-MM-DD"
        case .month: "YYYY-MM"
        case .year: "YYYY"
        }
    }
}

extension Export.Report {
    /// The most rows of a source that are shown.
    static let maxRows = 1000

    static let schema: JSON = [
        "type": "object", "additionalProperties": false, "default": [:],
        "description": "For `markdown`, `html` and `pdf`: a summary of each source, charts, and its first rows.",
        "properties": [
            "title": Schema.text(max: 200).described("The export's name without it."),
            "rows": Schema.integer(0...maxRows).defaulting(to: 20).described("How many rows of each source are shown."),
            "charts": Schema.list(Export.Chart.schema, 0...20).described("Without it they are chosen by the columns."),
        ],
    ]
}

extension Export.Chart {
    static let schema: JSON = [
        "type": "object", "additionalProperties": false, "required": ["x"],
        "properties": [
            "source": Schema.text(max: 110).described("The name of a source; needed where there are several."),
            "kind": Schema.word(Kind.allCases.map(\.rawValue)).defaulting(to: "bar"),
            "x": Schema.text(max: 200).described(
                "The column along which the figures stand; for lines, times or numbers."),
            "y": Schema.text(max: 200).described("The column that the figures are of; rows are counted without it."),
            "aggregate": Schema.word(Aggregate.allCases.map(\.rawValue)).defaulting(to: "count"),
            "by": Schema.word(TimeStep.allCases.map(\.rawValue)).described(
                "The step of times; without it one by their span."),
            "limit": Schema.integer(1...50).defaulting(to: 12).described("The most bars of what is no time."),
            "title": Schema.text(max: 200),
        ],
    ]
}

/// What a report begins with.
struct ReportHead: Sendable {
    let title: String
    /// When the snapshot was taken (RFC 3339).
    let snapshotAt: String
    /// The names of the sections to come.
    let sections: [String]
}

/// The figures of one source. All texts are as they are shown (`ShownText`).
struct ReportSection: Sendable {
    let name: String
    /// What the rows are: sentences.
    let description: [String]
    let rows: Int
    let columns: [ColumnSummary]
    let charts: [Chart]
    /// The first rows.
    let table: ReportTable
    /// What to know of the figures: sentences.
    let notes: [String]
}

/// What is in a column.
struct ColumnSummary: Sendable {
    /// A value that stands more than once.
    struct Frequent: Sendable {
        let value: String
        let count: Int
    }

    let name: String
    let type: String
    let nulls: Int
    /// How many values differ; nil where they cannot be compared.
    let distinct: Int?
    let least: String?
    let most: String?
    let mean: Double?
    let frequent: [Frequent]
}

/// Rows as they are shown.
struct ReportTable: Sendable {
    struct Column: Sendable {
        let name: String
        let isNumber: Bool
    }

    let columns: [Column]
    /// Nil for null.
    let rows: [[String?]]
}

/// The figures of a chart.
struct Chart: Sendable {
    enum Form: Sendable {
        /// A bar for each value, the longest first.
        case bars
        /// Columns along an axis.
        case columns
        case line
    }

    struct Figure: Sendable {
        let label: String
        /// Its place on the axis.
        let position: Double
        /// Nil where there is none.
        let value: Double?
    }

    let title: String
    let form: Form
    let figures: [Figure]
    /// What the chart leaves out.
    let note: String?
}

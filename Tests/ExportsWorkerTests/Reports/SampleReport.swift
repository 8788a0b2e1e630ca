@testable import ExportsWorker

/// A report of values that must not be taken for markup.
enum SampleReport {
    static let hostile = [
        "</script><svg onload=alert(1)>", "<img src=x onerror=y>", "a|b", "`x` *y* _z_", "&amp;", "\"'",
        "![i](http://e.vil)",
        "https://e.vil www.e.vil @me #1 $x$", "\\|", "</style></title>",
    ]

    static let section = ReportSection(
        name: "<b>rows</b>", description: ["Dataset: t. <i>Rows</i>."], rows: 1234,
        columns: [
            ColumnSummary(
                name: "a|b", type: "text", nulls: 3, distinct: 10, least: nil, most: nil, mean: nil,
                frequent: [ColumnSummary.Frequent(value: "<u>", count: 5)]),
            ColumnSummary(
                name: "n", type: "integer", nulls: 0, distinct: nil, least: "1", most: "9", mean: 4.5, frequent: []),
        ],
        charts: [
            chart(.bars, [("<g>", 10), ("none", nil), ("less", -5)], note: "2 more values not shown."),
            chart(.line, [("2026-01", 1), ("2026-02", nil), ("2026-03", 3), ("2026-04", 4)]),
            chart(.columns, [("2026-01", 1), ("2026-02", 2)]), chart(.line, []), chart(.bars, []),
        ],
        table: ReportTable(
            columns: [
                ReportTable.Column(name: "<text>", isNumber: false), ReportTable.Column(name: "n", isNumber: true),
            ], rows: hostile.map { [$0, nil] } + [["", "1"], ["漢字 שלום мир", "2"]]), notes: ["A note."])

    static func chart(_ form: Chart.Form, _ figures: [(String, Double?)], note: String? = nil) -> Chart {
        Chart(
            title: "Chart </svg>", form: form,
            figures: figures.enumerated().map { index, figure in
                Chart.Figure(label: figure.0, position: Double(index), value: figure.1)
            }, note: note)
    }

    /// What a form writes of it.
    static func written(_ form: (KeptFiles) throws -> any ReportForm) throws -> [UInt8] {
        let files = KeptFiles()
        try files.begin(table: nil)
        let form = try form(files)
        try form.begin(
            ReportHead(
                title: "A & <title>", snapshotAt: "2026-11-22T10:00:00.000Z", sections: [section.name, section.name]))
        try form.add(section)
        try form.add(section)
        try form.finish()
        return files.files[0].bytes
    }
}

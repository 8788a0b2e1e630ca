/// Writes a report in one format, section by section. It works on the thread of the connection.
protocol ReportForm: AnyObject {
    /// Begins the report.
    func begin(_ head: ReportHead) throws
    /// Adds a section.
    func add(_ section: ReportSection) throws
    /// Ends the report; all of its bytes are given out.
    func finish() throws
}

/// Texts on their way to a file, in pieces of a bounded size.
struct PieceBuffer {
    private static let most = 256 << 10

    private let output: any FileOutput
    private var bytes: [UInt8] = []

    init(_ output: any FileOutput) { self.output = output }

    mutating func append(_ text: String) throws {
        bytes += text.utf8
        if bytes.count >= Self.most { try flush() }
    }

    mutating func flush() throws {
        guard !bytes.isEmpty else { return }
        try output.append(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}

extension ReportHead {
    /// When and of what the report is.
    var subtitle: String {
        "Snapshot of \(snapshotAt) with \(ShownText.count(sections.count, "source")). Texts are cut at \(ShownText.cell) characters, by which values are told apart."
    }
}

extension ColumnSummary {
    /// What the summary's columns are.
    static let headings = ["Column", "Type", "Nulls", "Different", "Least", "Mean", "Greatest", "Most frequent"]
    /// Which of them hold numbers.
    static let numbers: Set = [2, 3, 4, 5, 6]

    /// What stands below the headings.
    var cells: [String] {
        [
            name, type, ShownText.count(nulls), distinct.map { ShownText.count($0) } ?? "", least ?? "",
            mean.map(ShownText.number) ?? "", most ?? "",
            frequent.map { "\($0.value) (\(ShownText.count($0.count)))" }.joined(separator: ", "),
        ]
    }
}

extension ReportTable {
    /// What stands above the rows.
    func caption(of rows: Int) -> String {
        self.rows.count == rows
            ? "All \(ShownText.count(rows, "row"))"
            : "The first \(ShownText.count(self.rows.count)) of \(ShownText.count(rows, "row"))"
    }
}

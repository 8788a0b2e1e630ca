/// A part of the bench that can be asked for alone.
enum BenchPart: String, CaseIterable, Sendable {
    case submits
    case endToEnd = "end_to_end"
    case latency, fairness, reads, pdf, memory
    /// All about documents: PDF pages, OCR, DOCX, and memory by the length of a PDF. Takes minutes, so only when it is asked for.
    case documents
    /// Fills the database with millions of jobs, so it is only measured when it is asked for.
    case lists
    /// Fills the frontier of a crawl with a million URLs, so it is only measured when it is asked for.
    case frontier
}

/// What the command line asks of the bench.
struct BenchOptions: Sendable {
    /// The options as the command line has them.
    static let declared: [Command.Option] = [
        Command.Option("--json", nil, "print JSON, and the table on standard error"),
        Command.Option("--quick", nil, "a short run to see that everything works; its figures mean little"),
        Command.Option(
            "--only", "PARTS",
            BenchPart.allCases.map(\.rawValue).joined(separator: ",")
                + " (default all but documents, lists and frontier)"),
        Command.Option(
            "--slots", "N",
            "how many documents the worker takes at a time, and so how many processes of pdftotext or python-docx run at a time (default 2)"
        ),
        Command.Option(
            "--rows", "N,N",
            "for the part lists: how many jobs the database is filled up to, step by step; they stay "
                + "there (default 10000,5000000); for frontier: URLs (default 10000,1000000)"),
    ]

    let wantsJSON: Bool
    let isQuick: Bool
    let parts: Set<BenchPart>
    let slots: Int
    let rows: [Int]?

    /// Reads what was given; the error says what is wrong.
    init(_ arguments: Arguments) throws(UsageError) {
        wantsJSON = arguments.has("--json")
        isQuick = arguments.has("--quick")
        slots = try arguments.int("--slots", in: 1...64) ?? 2
        var parts =
            try arguments.value("--only").map(Self.parts)
            ?? Set(BenchPart.allCases).subtracting([.lists, .documents, .frontier])
        // Memory under load needs a load.
        if parts == [.memory] { parts.insert(.endToEnd) }
        if parts.contains(.documents) { parts.insert(.pdf) }
        self.parts = parts
        rows = try arguments.value("--rows").map(Self.rows)
    }

    private static func parts(_ list: String) throws(UsageError) -> Set<BenchPart> {
        var parts: Set<BenchPart> = []
        for word in list.split(separator: ",") {
            guard let part = BenchPart(rawValue: String(word)) else {
                let known = BenchPart.allCases.map(\.rawValue)
                throw UsageError("unknown part: \(word)", suggestion: nearest(to: String(word), in: known))
            }
            parts.insert(part)
        }
        guard !parts.isEmpty else { throw UsageError("--only needs the names of parts") }
        return parts
    }

    private static func rows(_ list: String) throws(UsageError) -> [Int] {
        let rows = list.split(separator: ",").map { Int($0) ?? 0 }
        guard !rows.isEmpty, rows.allSatisfy({ (1...100_000_000).contains($0) }), rows == rows.sorted() else {
            throw UsageError("--rows needs numbers in growing order, such as 10000,5000000")
        }
        return rows
    }
}

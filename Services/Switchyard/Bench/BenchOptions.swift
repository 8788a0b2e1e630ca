/// A part of the bench that can be asked for alone.
enum BenchPart: String, CaseIterable, Sendable {
    case submits
    case endToEnd = "end_to_end"
    case latency, reads, pdf, memory
    /// Fills the database with millions of jobs, so it is only measured when it is asked for.
    case lists
}

/// What the command line asks of the bench.
struct BenchOptions: Sendable {
    static let usage = """
        usage: switchyard bench [--json] [--quick] [--only PART[,PART…]] [--slots N] [--rows N,N]
          --json   JSON on stdout, the table on stderr
          --quick  a short run to see that everything works; its figures mean little
          --only   \(BenchPart.allCases.map(\.rawValue).joined(separator: ", "))
          --slots  how many documents the worker takes at a time, and so how many pdftotext run at a time (default 2)
          --rows   for the part lists, which is left out unless it is named: how many jobs the database is filled up to, step by step;
                   they stay there (default 10000,5000000)
        """

    private(set) var wantsJSON = false
    private(set) var isQuick = false
    private(set) var parts = Set(BenchPart.allCases).subtracting([.lists])
    private(set) var slots = 2
    private(set) var rows = [10_000, 5_000_000]

    /// Reads the arguments after `bench`; the error says what is wrong and how it is used.
    init(_ arguments: [String]) throws(BenchError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--json": wantsJSON = true
            case "--quick": isQuick = true
            case "--only": parts = try Self.parts(rest.popFirst())
            case "--slots":
                guard let slots = rest.popFirst().flatMap({ Int($0) }), (1...64).contains(slots) else {
                    throw Self.misuse("--slots needs a number from 1 to 64")
                }
                self.slots = slots
            case "--rows":
                let rows = (rest.popFirst() ?? "").split(separator: ",").map { Int($0) ?? 0 }
                guard !rows.isEmpty, rows.allSatisfy({ (1...100_000_000).contains($0) }), rows == rows.sorted() else {
                    throw Self.misuse("--rows needs numbers in growing order, such as 10000,5000000")
                }
                self.rows = rows
            default: throw Self.misuse("unknown option: \(argument)")
            }
        }
        // Memory under load needs a load.
        if parts == [.memory] { parts.insert(.endToEnd) }
    }

    private static func parts(_ list: String?) throws(BenchError) -> Set<BenchPart> {
        var parts: Set<BenchPart> = []
        for word in (list ?? "").split(separator: ",") {
            guard let part = BenchPart(rawValue: String(word)) else { throw misuse("unknown part: \(word)") }
            parts.insert(part)
        }
        guard !parts.isEmpty else { throw misuse("--only needs the names of parts") }
        return parts
    }

    private static func misuse(_ problem: String) -> BenchError { BenchError("\(problem)\n\(usage)") }
}

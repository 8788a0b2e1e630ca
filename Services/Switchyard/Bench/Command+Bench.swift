extension Command {
    /// `switchyard bench`
    static let bench = Command(
        name: "bench", summary: "Measures the running stack and prints a table.",
        options: [
            Option("--json", nil, "print JSON, and the table on standard error"),
            Option("--quick", nil, "a short run to see that everything works; its figures mean little"),
            Option("--only", "PARTS", BenchPart.allCases.map(\.rawValue).joined(separator: ",")),
            Option("--slots", "N", "how many documents the worker takes at a time (default 2)"),
            Option("--rows", "N,N", "for the part lists: how many jobs the database is filled up to, step by step"),
        ],
        run: { arguments in
            let switches = ["--json", "--quick"].filter(arguments.has)
            let values = ["--only", "--slots", "--rows"].flatMap { name in
                arguments.value(name).map { [name, $0] } ?? []
            }
            try await Bench.run(switches + values)
            return 0
        })
}

extension Command {
    /// `switchyard bench`
    static let bench = Command(
        name: "bench", summary: "Measures the running stack and prints a table.", options: BenchOptions.declared,
        run: { arguments in
            try await Bench.run(BenchOptions(arguments))
            return 0
        })
}

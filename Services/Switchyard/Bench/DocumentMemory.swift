import Foundation

/// What a PDF of so many pages costs in resident memory, in MB of 2²⁰ bytes.
struct DocumentMemory: Sendable {
    let pages: Int
    /// The worker before it read the file, and the most while it did.
    let idle: Double
    let worker: Double
    /// The largest process below it of each program, largest first. The worker's own program is there too: its helper, which stays,
    /// and the children that the helper forks.
    let children: [(program: String, size: Double)]

    /// Has the worker read a short PDF some times, so that a look falls into the short lives of its children, and then a long one.
    ///
    /// Answers nothing where the run folder names no documents worker.
    static func measure(on target: BenchTarget, isQuick: Bool) async throws -> [DocumentMemory] {
        note("memory of the documents worker and its children …")
        let memory = ResidentMemory(runFolder: target.runFolder)
        var figures: [DocumentMemory] = []
        for (pages, times) in [(10, 10), (isQuick ? 100 : 1000, 2)] {
            guard let idle = memory.family(of: kind)[kind] else {
                note("\(target.runFolder) names no living documents worker: its memory is not measured")
                return []
            }
            let (_, peak) = try await ResidentMemory.peak(
                every: .milliseconds(3), of: { memory.family(of: kind) },
                during: { try await onThread("memory") { try read(pages: pages, times: times, on: target) } })
            let children = peak.filter { $0.key != kind }.sorted { $0.value > $1.value }
            guard !children.isEmpty else {
                throw BenchError("no child of the documents worker was seen in \(times) PDFs of \(pages) pages")
            }
            figures.append(
                DocumentMemory(
                    pages: pages, idle: idle, worker: max(idle, peak[kind] ?? 0),
                    children: children.map { ($0.key, $0.value) }))
        }
        return figures
    }

    private static let kind = "documents"

    private static func read(pages: Int, times: Int, on target: BenchTarget) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/memory-\(pages).pdf"
        try Data(PDFWriter.file(pages, pages: pages)).write(to: URL(filePath: path))
        let jobs = try DocumentJobs([path], perJob: 1, on: target)
        for _ in 0..<times { _ = try jobs.run() }
    }
}

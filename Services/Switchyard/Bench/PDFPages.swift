import Foundation
import JSON

/// Pages per second of the whole stack and of `pdftotext` alone, on the same files in the same minutes.
struct PDFPages: Sendable {
    /// Pages per second of each round.
    private(set) var stack: [Double] = []
    private(set) var pdftotext: [Double] = []
    let pages: Int
    /// The jobs of the stack's last round, in the order of the files.
    private var jobs: [UUID] = []

    /// The stack's median as a share of pdftotext's.
    var ratio: Double { median(stack) / median(pdftotext) }

    private static let rounds = 3
    private static let pagesPerFile = 25
    private static let filesPerJob = 5

    /// Makes the files, uploads them once, and measures both sides in turn, three times.
    ///
    /// A round of the stack lasts from the first POST of a job until the last job is answered as completed, with its parsing in limited child
    /// processes, its artifacts and its rows. A round of pdftotext is one process per file that writes one text file; as many run
    /// at a time as the worker has slots.
    static func measure(
        on target: BenchTarget, ledger: JobLedger, slots: Int, isQuick: Bool
    ) async throws -> PDFPages {
        note("PDF pages against pdftotext …")
        let result = try await onThread("pdf") { try run(on: target, slots: slots, isQuick: isQuick) }
        try await result.checkText(on: target, ledger: ledger)
        return result
    }

    private static func run(on target: BenchTarget, slots: Int, isQuick: Bool) throws -> PDFPages {
        let folder = try TemporaryFolder()
        let paths = try writeFiles(count: isQuick ? 10 : 40, in: folder)
        let connection = try WireConnection(host: target.host, port: target.port)
        let ids = try paths.map { try upload($0, over: connection, to: target) }
        let jobs = stride(from: 0, to: ids.count, by: filesPerJob).map { start in
            submission(of: ids[start..<min(start + filesPerJob, ids.count)], to: target)
        }
        var result = PDFPages(pages: paths.count * pagesPerFile)
        for round in 0..<rounds {
            // Whoever goes first finds a warmer or colder machine, so the sides take turns at that too.
            for isStack in round % 2 == 0 ? [false, true] : [true, false] {
                let start = monotonicNanoseconds()
                if isStack {
                    result.jobs = try runStack(jobs, pages: result.pages, over: connection, to: target)
                } else {
                    try CommandPool.run(paths.map { ["pdftotext", "-q", $0, "\($0).txt"] }, width: slots)
                }
                let rate = Double(result.pages) / seconds(from: start, to: monotonicNanoseconds())
                if isStack { result.stack.append(rate) } else { result.pdftotext.append(rate) }
            }
        }
        return result
    }

    private init(pages: Int) { self.pages = pages }

    private static func writeFiles(count: Int, in folder: TemporaryFolder) throws -> [String] {
        try (0..<count).map { index in
            let path = "\(folder.path)/bench-\(index).pdf"
            try Data(PDFWriter.file(index, pages: pagesPerFile)).write(to: URL(filePath: path))
            return path
        }
    }

    private static func upload(_ path: String, over connection: WireConnection, to target: BenchTarget) throws -> UUID {
        let name = URL(filePath: path).lastPathComponent
        let body = Array(try Data(contentsOf: URL(filePath: path)))
        let request = target.request(
            "POST", "/api/v1/files?name=\(name)", body: body, mediaType: "application/pdf", status: 201)
        return try connection.exchange(request).createdID()
    }

    private static func submission(of files: ArraySlice<UUID>, to target: BenchTarget) -> WireRequest {
        let inputs = files.map { #"{"file_id":"\#($0.text)"}"# }.joined(separator: ",")
        return target.submission(#"{"type":"document_processing","spec":{"inputs":[\#(inputs)]}}"#)
    }

    private static func runStack(
        _ jobs: [WireRequest], pages: Int, over connection: WireConnection, to target: BenchTarget
    ) throws -> [UUID] {
        let ids = try jobs.map { try connection.exchange($0).createdID() }
        var done = 0
        for id in ids { done += try pagesOfJob(id, over: connection, to: target) }
        guard done == pages else { throw BenchError("the jobs' results tell of \(done) pages, not \(pages)") }
        return ids
    }

    /// Waits up to two minutes for the job and answers the pages that its result tells of.
    private static func pagesOfJob(_ id: UUID, over connection: WireConnection, to target: BenchTarget) throws -> Int {
        let deadline = ContinuousClock.now + .seconds(120)
        var answer: WireResponse
        repeat {
            answer = try connection.exchange(target.waiting(for: id))
            if try JSON.parse(answer.body)["finished_at"] != .null { break }
        } while ContinuousClock.now < deadline
        let result = try answer.requireCompleted()
        guard let pages = result["pages"]?.intValue else { throw BenchError("a result without pages: \(answer.text)") }
        return pages
    }
}

extension PDFPages {
    /// Checks, after the clock has stopped, that the artifacts of the last round hold the text of every page.
    private func checkText(on target: BenchTarget, ledger: JobLedger) async throws {
        for (index, job) in jobs.enumerated() {
            let artifacts = try await ledger.artifacts(of: job)
            let text = try await onThread("artifacts") {
                let connection = try WireConnection(host: target.host, port: target.port)
                return try artifacts.flatMap {
                    try connection.exchange(target.request("GET", "/api/v1/artifacts/\($0.text)")).body
                }
            }
            let found = PDFWriter.marks(in: text)
            let first = index * Self.filesPerJob
            for file in first..<min(first + Self.filesPerJob, pages / Self.pagesPerFile) {
                for page in 1...Self.pagesPerFile where !found.contains(PDFWriter.mark(file: file, page: page)) {
                    throw BenchError(
                        "the text of file \(file), page \(page) is in none of the \(artifacts.count) artifacts of job \(job.text)"
                    )
                }
            }
        }
    }
}

/// A folder that goes away with its owner.
final class TemporaryFolder {
    let path: String

    init() throws(BenchError) {
        var template = Array("\(NSTemporaryDirectory())/switchyard-bench-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw .system("mkdtemp") }
        path = String(cString: made)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            note("\(path) is left behind: \(error)")
        }
    }
}

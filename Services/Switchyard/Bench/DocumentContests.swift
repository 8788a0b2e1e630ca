import Foundation

/// The documents worker beside the programs that read documents alone.
///
/// A round of the stack lasts from the first POST of a job until the last job is answered as completed, with its parsing in limited child
/// processes, its artifacts and its rows. The other side writes one text file for each file, or for each page that it reads as a picture.
struct DocumentContests: Sendable {
    let target: BenchTarget
    let ledger: JobLedger
    /// How many documents the worker takes at a time, and so how many processes the other side has.
    let slots: Int
    let isQuick: Bool

    /// What both sides read.
    private struct Work: Sendable {
        let files: Int
        var pagesPerFile = 1
        let filesPerJob: Int
        var spec = ""
        var units: Int { files * pagesPerFile }
    }

    /// Pages of PDF with a text layer, against one process of pdftotext for each file.
    func pdf() async throws -> Contest {
        note("PDF pages against pdftotext …")
        return try await contest(
            Work(files: isQuick ? 10 : 40, pagesPerFile: 25, filesPerJob: 5), "pdftotext -v", make: writePDF
        ) { paths, _ in
            try seconds {
                try CommandPool.run(paths.map { ["pdftotext", "-q", $0, "\($0).txt"] }, width: slots)
            }
        }
    }

    /// The same kind of pages, all read as pictures, against the command of Tesseract behind the same call of pdftoppm.
    ///
    /// Both sides have as many pages under way as there are cores, and give Tesseract one thread for each.
    func recognition() async throws -> Contest {
        note("OCR pages against tesseract …")
        let work = Work(
            files: 2, pagesPerFile: isQuick ? 1 : 4, filesPerJob: 1, spec: #","ocr":{"mode":"always"}"#)
        return try await contest(work, "tesseract --version", make: writePDF) { paths, work in
            let commands = paths.flatMap { path in
                (1...work.pagesPerFile).map { page in
                    let picture = "pdftoppm -gray -scale-to 3500 -f \(page) -l \(page) '\(path)'"
                    let line = "\(picture) | OMP_THREAD_LIMIT=1 tesseract stdin '\(path)-\(page)' -l eng 2>/dev/null"
                    return ["sh", "-c", line]
                }
            }
            return try seconds {
                try CommandPool.run(commands, width: ProcessInfo.processInfo.activeProcessorCount)
            }
        }
    }

    /// DOCX files, made by python-docx, against python-docx in long-lived processes, one for each slot.
    func word(_ python: PythonDOCX) async throws -> Contest {
        note("DOCX files against python-docx …")
        return try await contest(
            Work(files: isQuick ? 20 : 200, filesPerJob: 20), python.version,
            make: { work, folder in try python.make(work.files, in: folder) },
            other: { paths, _ in try python.read(paths, width: slots) })
    }

    /// - Parameters:
    ///   - version: a line of the shell that prints the program's name and version.
    ///   - make: writes the files into a folder and answers their paths.
    ///   - other: the program's round; answers its seconds.
    private func contest(
        _ work: Work, _ version: String, make: @escaping @Sendable (Work, String) throws -> [String],
        other: @escaping @Sendable ([String], Work) throws -> Double
    ) async throws -> Contest {
        let (contest, jobs) = try await onThread("documents") {
            let folder = try TemporaryFolder()
            let paths = try make(work, folder.path)
            let jobs = try DocumentJobs(paths, perJob: work.filesPerJob, spec: work.spec, on: target)
            var last: [UUID] = []
            let contest = try Contest(
                units: work.units, against: try CommandPool.line(of: version, in: folder.path),
                stack: { try seconds { last = try jobs.run() } }, other: { try other(paths, work) })
            return (contest, last)
        }
        try await checkText(of: jobs, work)
        return contest
    }

    private func writePDF(_ work: Work, _ folder: String) throws -> [String] {
        try (0..<work.files).map { index in
            let path = "\(folder)/bench-\(index).pdf"
            try Data(PDFWriter.file(index, pages: work.pagesPerFile)).write(to: URL(filePath: path))
            return path
        }
    }

    /// Checks, after the clock has stopped, that the artifacts of the last round hold the text of every page.
    private func checkText(of jobs: [UUID], _ work: Work) async throws {
        for (index, job) in jobs.enumerated() {
            let artifacts = try await ledger.artifacts(of: job)
            let text = try await onThread("artifacts") {
                let connection = try WireConnection(host: target.host, port: target.port)
                return try artifacts.flatMap {
                    try connection.exchange(target.request("GET", "/api/v1/artifacts/\($0.text)")).body
                }
            }
            let found = PDFWriter.marks(in: text)
            let first = index * work.filesPerJob
            for file in first..<min(first + work.filesPerJob, work.files) {
                for page in 1...work.pagesPerFile where !found.contains(PDFWriter.mark(file: file, page: page)) {
                    throw BenchError(
                        "the text of file \(file), page \(page) is in none of the \(artifacts.count) artifacts of job \(job.text)"
                    )
                }
            }
        }
    }
}

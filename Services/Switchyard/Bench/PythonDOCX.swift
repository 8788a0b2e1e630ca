import Foundation

/// python-docx, by which the DOCX files are made, and which reads them beside the worker.
struct PythonDOCX: Sendable {
    /// The variable that names a Python that has it; `compose/bench` sets it.
    static let variable = "PYTHON_DOCX"

    private let python: String

    /// Nil where there is none.
    init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let python = environment[Self.variable], !python.isEmpty else { return nil }
        self.python = python
    }

    /// A line of the shell that prints its version and Python's.
    var version: String {
        "'\(python)' -c 'import docx, sys; print(\"python-docx\", docx.__version__, \"on Python\", sys.version.split()[0])'"
    }

    /// Makes so many files of headings, paragraphs, a list and a table in a folder, each with a text of its own; answers their paths.
    func make(_ count: Int, in folder: String) throws -> [String] {
        let paths = (0..<count).map { "\(folder)/bench-\($0).docx" }
        try CommandPool.run([[python, "-c", Self.writer] + paths], width: 1)
        return paths
    }

    /// Reads the text of paragraphs and cells in `width` processes, each of which has its share of the files and takes one after the other.
    ///
    /// Answers the seconds of the slowest, from its first file to its last: that Python starts and loads the library is not counted,
    /// because the worker is a process that has started too.
    func read(_ paths: [String], width: Int) throws -> Double {
        let shares = (0..<width).map { share in paths.indices.filter { $0 % width == share }.map { paths[$0] } }
            .filter { !$0.isEmpty }
        try CommandPool.run(shares.map { [python, "-c", Self.reader] + $0 }, width: width)
        return try shares.map { share in
            let text = try String(contentsOfFile: "\(share[0]).seconds", encoding: .utf8)
            guard let seconds = Double(text), seconds > 0 else { throw BenchError("python-docx took \(text) s") }
            return seconds
        }.max() ?? 0
    }

    private static let writer = """
        import random, sys
        from docx import Document

        SYLLABLES = "an ber con da el for gra her in ker la men nor o par qui re sta ti ur ver wen xi yo zel".split()

        def words(rng, count):
            return " ".join("".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(count))

        for number, path in enumerate(sys.argv[1:]):
            rng = random.Random(number)
            document = Document()
            document.add_paragraph(f"File {number} page 1.")
            for section in range(4):
                document.add_heading(words(rng, 4), 1 + section % 2)
                for _ in range(8):
                    paragraph = document.add_paragraph(words(rng, 40) + " ")
                    paragraph.add_run(words(rng, 3)).bold = True
                    paragraph.add_run(" " + words(rng, 20))
                for _ in range(4):
                    document.add_paragraph(words(rng, 8), style="List Bullet")
            table = document.add_table(rows=0, cols=4)
            for _ in range(10):
                for cell in table.add_row().cells:
                    cell.text = words(rng, 2)
            document.save(path)
        """

    private static let reader = """
        import sys, time
        from docx import Document

        start = time.perf_counter()
        for path in sys.argv[1:]:
            document = Document(path)
            lines = [paragraph.text for paragraph in document.paragraphs]
            for table in document.tables:
                for row in table.rows:
                    lines.append("\\t".join(cell.text for cell in row.cells))
            with open(path + ".txt", "w", encoding="utf-8") as file:
                file.write("\\n".join(lines))
        with open(sys.argv[1] + ".seconds", "w") as file:
            file.write(str(time.perf_counter() - start))
        """
}

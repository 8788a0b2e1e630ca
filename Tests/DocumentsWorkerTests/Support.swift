import DocumentsWorker
import Foundation
import Testing

/// Where things are, and one extractor for all tests that do not break it.
enum Fixture {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The worker's program stands beside the test bundle, unless the caller names another.
    static let executable: String = {
        if let named = ProcessInfo.processInfo.environment["SWITCHYARD_TEST_DOCUMENTS_WORKER"] { return named }
        let test = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        let beside = test.appending(path: "DocumentsWorker").path
        return FileManager.default.isExecutableFile(atPath: beside)
            ? beside : root.appending(path: ".build/debug/DocumentsWorker").path
    }()

    static let extractor = Extractor(executable: executable)

    static func path(_ sample: String) -> String { root.appending(path: "compose/samples/\(sample)").path }

    static func bytes(_ sample: String) throws -> Data { try Data(contentsOf: URL(filePath: path(sample))) }
}

/// A file that is removed with its last reference.
final class ScratchFile: Sendable {
    let path: String

    init(_ data: Data) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "documents-\(UUID().uuidString)").path
        try data.write(to: URL(filePath: path))
    }

    deinit { unlink(path) }
}

extension Extractor {
    func sample(_ name: String, limits: ExtractionLimits = ExtractionLimits()) async throws(ExtractionError)
        -> Extracted
    {
        try await extract(path: Fixture.path(name), name: name, limits: limits)
    }

    /// The code of the error with which an extraction must end.
    func failure(
        _ path: String, name: String = "", limits: ExtractionLimits = ExtractionLimits()
    ) async -> ExtractionError? {
        do {
            _ = try await extract(path: path, name: name, limits: limits)
            return nil
        } catch {
            return error
        }
    }
}

/// What `/proc` says of processes.
enum Processes {
    static func children(of parent: pid_t) -> [pid_t] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { pid_t($0) }.filter { parentID(of: $0) == parent }
    }

    /// Nil when there is no such process or it is a zombie.
    static func parentID(of pid: pid_t) -> pid_t? {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(end, offsetBy: 2)...].split(separator: " ")
        return fields[0] == "Z" ? nil : pid_t(fields[1])
    }

    static func isAlive(_ pid: pid_t) -> Bool { parentID(of: pid) != nil }

    static func residentBytes() -> Int {
        let fields = ((try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? "").split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }
}

/// Waits until a condition holds, for at most `limit`.
func eventually<Value>(_ what: String, limit: Duration = .seconds(20), _ condition: () -> Value?) async throws -> Value
{
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let value = condition() { return value }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw NotSeen(what: what)
}

struct NotSeen: Error { let what: String }

/// A PDF whose pages show the given content streams. `/Deep Do` in one of them draws `leaf` a hundred million times.
func makePDF(_ contents: [String], leaf: String = "0 0 m") -> Data {
    let depth = 8
    let (bold, fixed) = (4 + depth + 1, 4 + depth + 2)
    let firstPage = fixed + 1
    let kids = contents.indices.map { "\(firstPage + 2 * $0) 0 R" }.joined(separator: " ")
    var objects = [
        "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count \(contents.count) /Kids [\(kids)] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    func stream(_ content: String, _ dictionary: String = "") -> String {
        "<< /Length \(content.utf8.count) \(dictionary) >>\nstream\n\(content)\nendstream"
    }
    func resources(_ form: Int) -> String {
        "/Resources << /Font << /F 3 0 R /B \(bold) 0 R /C \(fixed) 0 R >> /XObject << /Deep \(form) 0 R >> >>"
    }
    for level in 0...depth {
        let form = "/Type /XObject /Subtype /Form /BBox [0 0 595 842] " + resources(5 + level)
        let calls = String(repeating: "1 0 0 1 3 1 cm /Deep Do ", count: 10)
        objects.append(stream(level == depth ? leaf : calls, form))
    }
    for name in ["Helvetica-Bold", "Courier"] {
        objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /\(name) >>")
    }
    for (index, content) in contents.enumerated() {
        let number = firstPage + 2 * index
        let box = "/MediaBox [0 0 595 842] "
        objects.append("<< /Type /Page /Parent 2 0 R /Contents \(number + 1) 0 R \(box)\(resources(4)) >>")
        objects.append(stream(content))
    }
    var file = "%PDF-1.4\n"
    var table = "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
    for (index, object) in objects.enumerated() {
        let digits = String(file.utf8.count)
        table += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
        file += "\(index + 1) 0 obj\n\(object)\nendobj\n"
    }
    let start = file.utf8.count
    table += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R >>\nstartxref\n\(start)\n%%EOF\n"
    return Data((file + table).utf8)
}

/// A page that shows one line.
func page(_ text: String) -> String { "BT /F 12 Tf 72 700 Td (\(text)) Tj ET" }

/// A line on a page, from the left and from the bottom in points; the font is `F`, `B` for bold or `C` for code.
func line(_ x: Double, _ y: Double, _ text: String, size: Double = 11, font: String = "F") -> String {
    "BT /\(font) \(size) Tf \(x) \(y) Td (\(text)) Tj ET\n"
}

/// A page that keeps a reader busy for longer than any test waits.
let slowPage = "/Deep Do"

/// What stands between the offsets of each page.
func pageTexts(of document: Extracted) -> [String] {
    let scalars = Array(document.text.unicodeScalars)
    return document.pages.map { String(String.UnicodeScalarView(scalars[$0.start..<$0.end])) }
}

/// Whether each heading's text stands in the document's text where the heading says so.
func expectHeadingsInPlace(_ document: Extracted) {
    let scalars = Array(document.text.unicodeScalars)
    #expect(!document.headings.isEmpty)
    for heading in document.headings {
        let title = Array(heading.title.unicodeScalars)
        #expect(Array(scalars[heading.start...].prefix(title.count)) == title)
    }
}

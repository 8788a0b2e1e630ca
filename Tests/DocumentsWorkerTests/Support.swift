import CMalloc
import DocumentsWorker
import Foundation
import Markup
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

/// One document of a tree, as the worker would walk it.
struct Leaf {
    /// The places from the outermost document on: `0/3`.
    let path: String
    let name: String
    let result: Result<Extracted, ExtractionError>

    var code: ExtractionError.Code? {
        guard case .failure(let error) = result else { return nil }
        return error.code
    }

    var document: Extracted? {
        guard case .success(let document) = result else { return nil }
        return document
    }

    var shortfall: ExtractionError.Code? { document?.contents?.shortfall?.code }
}

extension Extractor {
    /// A document and all inside it, each container before its members.
    func tree(_ path: String, name: String = "", limits: ExtractionLimits = ExtractionLimits()) async -> [Leaf] {
        var leaves: [Leaf] = []
        await walk("0", name, into: &leaves) { () async throws(ExtractionError) in
            try await extract(path: path, name: name, limits: limits)
        }
        return leaves

        func walk(
            _ place: String, _ name: String, into leaves: inout [Leaf],
            _ extract: () async throws(ExtractionError) -> Extracted
        ) async {
            let result = await Result { () async throws(ExtractionError) in try await extract() }
            let leaf = Leaf(path: place, name: name, result: result)
            leaves.append(leaf)
            for (ordinal, member) in (leaf.document?.contents?.members ?? []).enumerated() {
                await walk("\(place)/\(ordinal)", member.name, into: &leaves) {
                    () async throws(ExtractionError) in
                    let document = try member.open().document
                    return try await self.extract(
                        document, name: member.name, declaredType: member.declaredType, limits: limits)
                }
            }
        }
    }
}

extension Result {
    /// The outcome of an asynchronous operation.
    init(_ operation: () async throws(Failure) -> Success) async {
        do throws(Failure) { self = .success(try await operation()) } catch { self = .failure(error) }
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

    /// What the process holds, without what is free already and waits for its next use.
    static func residentBytes() -> Int {
        malloc_trim(0)
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

/// One header of a TAR for a regular file, with the size that it says (POSIX.1, ustar interchange format).
func tarHeader(_ name: String, size: String) -> Data {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at place: Int) {
        header.replaceSubrange(place..<place + text.utf8.count, with: Array(text.utf8))
    }
    put(name, at: 0)
    put("0000644\u{0}0000000\u{0}0000000\u{0}\(size)\u{0}00000000000\u{0}        0", at: 100)
    put("ustar\u{0}00", at: 257)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ", at: 148)
    return Data(header)
}

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

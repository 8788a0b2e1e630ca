import Foundation
import Sandbox
import Testing

/// Where the parser stands that does what its pages say, and what `/proc` says of it.
enum Probe {
    /// It is built beside the test bundle.
    static let executable: String = {
        let test = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        let beside = test.appending(path: "ParserProbe").path
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return FileManager.default.isExecutableFile(atPath: beside)
            ? beside : root.appending(path: ".build/debug/ParserProbe").path
    }()

    static func pool(children: Int = 1, _ limits: ParserLimits = ParserLimits()) -> ParserPool {
        ParserPool(executable: executable, children: children, limits: limits)
    }

    /// Children of this process that run the probe. Zombies are among them: a pool reaps what it started.
    static func children() throws -> Set<pid_t> {
        let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }
        return Set(all.filter { stat($0)?.parent == getpid() })
    }

    /// Nil where the process is no probe, or gone while it is looked at (proc(5), `stat`).
    private static func stat(_ pid: pid_t) -> (state: Substring, parent: pid_t)? {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = stat.range(of: "(ParserProbe) ")?.upperBound
        else { return nil }
        let fields = stat[end...].split(separator: " ")
        return (fields[0], pid_t(fields[1]) ?? 0)
    }

    /// Whether a child is at the page that stops its process.
    static func hasStoppedChild() throws -> Bool { try children().contains { stat($0)?.state == "T" } }

    static func residentBytes(of pid: pid_t) throws -> Int {
        let fields = try String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(fields[1])) * Int(getpagesize())
    }

    static func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}

extension ParserPool {
    /// Sends a page of a command and its argument.
    func text(_ page: String) async throws(ParserFault) -> String {
        String(decoding: try await read(Array(page.utf8)), as: UTF8.self)
    }

    /// A page of no harm must come back.
    func expectEcho(_ page: String) async throws {
        let answer = try await text("e" + page)
        #expect(answer == page)
    }

    func pid() async throws -> pid_t { try #require(pid_t(try await text("p"))) }

    /// The fault with which a page must end.
    func fault(_ page: String) async -> ParserFault? {
        do throws(ParserFault) {
            _ = try await read(Array(page.utf8))
            return nil
        } catch {
            return error
        }
    }
}

/// Waits until a condition holds.
func eventually(_ what: String, limit: Duration = .seconds(20), _ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw NotSeen(what: what) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

struct NotSeen: Error { let what: String }

import Foundation
import LocalServers

/// The resident memory of the stack's processes, by service, in MB of 2²⁰ bytes.
struct ResidentMemory: Sendable {
    /// The folder with a `<service>.pid` of each process.
    let runFolder: String

    /// What each service holds now. A service without a living process is left out.
    func read() -> [String: Double] { pids.compactMapValues { Self.megabytes("VmRSS", of: $0) } }

    /// What the largest process of a kind of worker holds now, under `worker`, and the most that each process below them has held so far,
    /// under its program's name.
    func family(of worker: String) -> [String: Double] {
        var sizes: [String: Double] = [:]
        for (service, pid) in pids where service.hasPrefix("\(worker)-") {
            guard let own = Self.megabytes("VmRSS", of: pid) else { continue }
            sizes[worker] = max(own, sizes[worker] ?? 0)
            var rest = Self.children(of: pid)
            while let child = rest.popLast() {
                rest += Self.children(of: child)
                // It may have ended since.
                guard let size = Self.megabytes("VmHWM", of: child), let path = ProcessTable.executable(of: child)
                else { continue }
                let program = URL(filePath: path).lastPathComponent
                sizes[program] = max(size, sizes[program] ?? 0)
            }
        }
        return sizes
    }

    /// Runs the body and answers, with its output, the most that each service held meanwhile, looking every 100 ms.
    func peak<Output: Sendable>(
        during body: @Sendable () async throws -> Output
    ) async throws -> (output: Output, peak: [String: Double]) {
        // The pid files are read each time: the supervisor may have started a service again.
        try await Self.peak(every: .milliseconds(100), of: read, during: body)
    }

    /// Runs the body and answers, with its output, the most that each figure was at these looks.
    static func peak<Output: Sendable>(
        every pause: Duration, of look: @escaping @Sendable () -> [String: Double],
        during body: @Sendable () async throws -> Output
    ) async throws -> (output: Output, peak: [String: Double]) {
        let sampler = Task {
            var peak = look()
            while !Task.isCancelled {
                do { try await Task.sleep(for: pause) } catch { break }
                peak.merge(look(), uniquingKeysWith: max)
            }
            return peak
        }
        defer { sampler.cancel() }
        let output = try await body()
        sampler.cancel()
        return (output, await sampler.value)
    }

    /// By service; what is not there, nobody can tell of.
    private var pids: [String: Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runFolder)) ?? []
        var pids: [String: Int32] = [:]
        for name in names where name.hasSuffix(".pid") {
            let text = try? String(contentsOfFile: "\(runFolder)/\(name)", encoding: .utf8)
            pids[String(name.dropLast(4))] = text?.split(separator: "\n").first.flatMap { Int32($0) }
        }
        return pids
    }

    private static func children(of pid: Int32) -> [Int32] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.flatMap { task in
            let line = try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/children", encoding: .utf8)
            return line?.split(separator: " ").compactMap { Int32($0) } ?? []
        }
    }

    /// A line of `/proc/<pid>/status`; nil when the process has ended, as it may between two looks.
    static func megabytes(_ field: String, of pid: Int32) -> Double? {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("\(field):") }),
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
        else { return nil }
        return Double(kilobytes).map { $0 / 1024 }
    }
}

import Foundation

/// The resident memory of the stack's processes, by service, in MB of 2²⁰ bytes.
struct ResidentMemory: Sendable {
    /// The folder with a `<service>.pid` of each process.
    let runFolder: String

    /// What each service holds now. A service without a living process is left out.
    func read() -> [String: Double] {
        var sizes: [String: Double] = [:]
        // Without the folder there is nothing to tell.
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: runFolder) else { return [:] }
        for name in names where name.hasSuffix(".pid") {
            sizes[String(name.dropLast(4))] = Self.residentMegabytes(pidFile: "\(runFolder)/\(name)")
        }
        return sizes
    }

    /// Runs the body and answers, with its output, the most that each service held meanwhile, looking every 100 ms.
    func peak<Output: Sendable>(
        during body: @Sendable () async throws -> Output
    ) async throws -> (output: Output, peak: [String: Double]) {
        // The pid files are read each time: the supervisor may have started a service again.
        let sampler = Task {
            var peak = read()
            while !Task.isCancelled {
                do { try await Task.sleep(for: .milliseconds(100)) } catch { break }
                peak.merge(read(), uniquingKeysWith: max)
            }
            return peak
        }
        defer { sampler.cancel() }
        let output = try await body()
        sampler.cancel()
        return (output, await sampler.value)
    }

    private static func residentMegabytes(pidFile: String) -> Double? {
        // A process may end between two looks; then it has no size.
        guard let pid = try? String(contentsOfFile: pidFile, encoding: .utf8).split(separator: "\n").first,
            let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
        else { return nil }
        return Double(kilobytes).map { $0 / 1024 }
    }
}

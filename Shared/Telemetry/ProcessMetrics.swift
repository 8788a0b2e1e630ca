import Foundation

extension Metrics {
    /// Adds what Prometheus clients tell about their process, under the names that they share.
    func addProcessMetrics() {
        gauge("process_resident_memory_bytes", help: "Resident memory in bytes.") { ProcessStatistics.residentBytes() }
        counter("process_cpu_seconds_total", help: "Processor time of user and system in seconds.") {
            ProcessStatistics.cpuSeconds()
        }
        gauge("process_open_fds", help: "Open file descriptors.") { ProcessStatistics.openDescriptors() }
        gauge("process_start_time_seconds", help: "Start of the process in seconds since 1970.") {
            ProcessStatistics.startTime
        }
        counter("log_lines_lost_total", help: "Log lines that were given up because nobody read them.") {
            Double(LogOutput.lost.load(ordering: .relaxed))
        }
    }
}

/// What the kernel says about this process. What it does not say reads as not a number.
public enum ProcessStatistics {
    /// Resident memory in bytes, from `/proc/self/statm`.
    public static func residentBytes() -> Double {
        let fields = text(of: "/proc/self/statm").split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return .nan }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Processor time of all threads, user and system, in seconds.
    public static func cpuSeconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// How many file descriptors are open.
    public static func openDescriptors() -> Double {
        guard let folder = opendir("/proc/self/fd") else { return .nan }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Not counted: the entries for the folder and its parent, and the descriptor of this very look.
        return Double(count - 3)
    }

    /// When the process began, in seconds since 1970, from `/proc/self/stat` and the boot time.
    static let startTime: Double = {
        // The second field is the name in parentheses, which may hold spaces; the start is the 20th field after it.
        let fields = text(of: "/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        let boot = text(of: "/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }?.dropFirst(6)
        guard fields.count > 19, let ticks = Double(fields[19]), let booted = boot.flatMap({ Double($0) }) else {
            return .nan
        }
        return booted + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    /// Files of `/proc` have no size beforehand, so they are read until they end.
    private static func text(of path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { content += buffer[..<count] }
        return String(decoding: content, as: UTF8.self)
    }
}

import Foundation

/// What `/proc` says about processes.
public enum ProcessTable {
    /// Whether the process runs; a zombie does not, and one that is our child is collected on the way.
    public static func isRunning(_ pid: Int32) -> Bool {
        waitpid(pid, nil, WNOHANG)
        guard let state = stat(pid)?.first else { return false }
        return state != "Z" && state != "X"
    }

    /// When the process started, in clock ticks since the machine did: with the pid, it names one process for ever.
    public static func startTime(of pid: Int32) -> String? {
        // Field 22 of the line; the first one here is field 3.
        guard let fields = stat(pid), fields.count > 19 else { return nil }
        return String(fields[19])
    }

    /// The absolute path of the process's executable, also when it has been replaced since.
    public static func executable(of pid: Int32) -> String? {
        guard let path = link("/proc/\(pid)/exe") else { return nil }
        return path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
    }

    /// The processes that work in this folder and whose executable has one of these names.
    ///
    /// A PostgreSQL backend and an Erlang node stay in their data folder, so this finds what no pid file tells of.
    static func running(in folder: String, named names: Set<String>) -> [Int32] {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else { return [] }
        return entries.compactMap { Int32($0) }.filter { pid in
            guard link("/proc/\(pid)/cwd") == folder, let executable = executable(of: pid) else { return false }
            return names.contains(String(executable.split(separator: "/").last ?? "")) && isRunning(pid)
        }
    }

    /// The fields after the program's name, which is the only one that may hold spaces.
    private static func stat(_ pid: Int32) -> [Substring]? {
        guard let line = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = line.lastIndex(of: ")")
        else { return nil }
        return line[line.index(after: end)...].split(separator: " ")
    }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}

/// Kills processes until none is left, for 10 s at the most: a killed process holds its port and its memory for a moment.
func killAll(_ processes: () -> [Int32]) {
    let deadline = ContinuousClock.now + .seconds(10)
    while case let left = processes(), !left.isEmpty, ContinuousClock.now < deadline {
        for process in left { kill(process, SIGKILL) }
        usleep(2000)
    }
}

import CSpawn
import Glibc
import LocalServers

/// Runs a program to its end, with input, on the thread of the caller.
enum Program {
    /// What a run left behind.
    struct Outcome {
        let status: Int32
        let output: [UInt8]
        let errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        /// The first line of the output.
        var line: String { text.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init) ?? "" }
    }

    /// How long one run may take, in seconds.
    private static let limit = "60"

    /// Runs a command line; it finds `input` as its standard input.
    static func run(
        _ command: [String], input: [UInt8] = [], environment: [String: String] = [:]
    ) throws(GitError) -> Outcome {
        // Files in memory instead of pipes: the program cannot block on them.
        let files = ["input", "output", "errors"].map { (name: String) in memfd_create(name, MEMFD_CLOSE_ON_EXEC) }
        defer { for file in files where file >= 0 { close(file) } }
        guard files.allSatisfy({ $0 >= 0 }) else {
            throw GitError(description: "cannot make a file in memory: \(lastSystemError())")
        }
        try fill(files[0], input)
        var variables = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "TZ": "UTC"]
        variables.merge(environment) { $1 }
        // The child gets its input as descriptor 3, which the shell makes its standard input.
        let launch = ChildProcess.Launch(
            "/bin/sh", ["-c", "exec timeout \(limit) \"$@\" <&3", "sh"] + command, environment: variables,
            output: files[1], errors: files[2], extra: files[0])
        let process: Int32
        do { process = try ChildProcess.spawn(launch) } catch { throw GitError(description: "\(error)") }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return Outcome(
            status: ChildProcess.exitCode(status), output: contents(files[1]),
            errors: String(decoding: contents(files[2]), as: UTF8.self))
    }

    private static func fill(_ file: Int32, _ bytes: [UInt8]) throws(GitError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw GitError(description: "cannot hand over the input: \(lastSystemError())") }
            rest = rest.dropFirst(count)
        }
        lseek(file, 0, SEEK_SET)
    }

    private static func contents(_ file: Int32) -> [UInt8] {
        let size = Int(lseek(file, 0, SEEK_END))
        guard size > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            // A file in memory is read whole.
            count = max(0, pread(file, buffer.baseAddress, size, 0))
        }
    }
}

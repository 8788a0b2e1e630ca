import Foundation

// @unchecked: the process is started before it is shared, and Process guards its own state.
/// A service of this package as a real process, to be killed, stopped and started by tests.
public final class ServiceProcess: @unchecked Sendable {
    /// The executable.
    public let name: String
    private let process = Process()
    /// Where it listens.
    public let port: UInt16
    /// The file that it logs to.
    public let log: String

    /// Starts an executable of this build; its log goes to a file in `folder`.
    ///
    /// - Parameter launcher: a program and its arguments that becomes the service, whose path is its last argument; it must keep the
    ///   process.
    public init(
        _ name: String, folder: String, port: UInt16, environment: [String: String], launcher: [String] = []
    ) throws {
        self.name = name
        self.port = port
        log = "\(folder)/\(name)-\(UUID().uuidString.prefix(8)).log"
        guard FileManager.default.createFile(atPath: log, contents: nil), let handle = FileHandle(forWritingAtPath: log)
        else {
            throw TestKitError("cannot write \(log)")
        }
        let command = launcher + [try Self.products() + "/" + name]
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        // A sanitizer's report in a service counts like one in the tests.
        let sanitizers = ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }
        process.environment = ["PATH": "/usr/bin:/bin", "LOG_LEVEL": "info"].merging(sanitizers) { $1 }
            .merging(environment) { $1 }
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Its process.
    public var pid: Int32 { process.processIdentifier }
    /// Whether it has not ended.
    public var isRunning: Bool { process.isRunning }

    /// `kill -9`, and waits until it is gone.
    public func kill() {
        Foundation.kill(pid, SIGKILL)
        waitUntilExit()
    }

    /// SIGTERM, and waits for the drain to end.
    public func terminate() {
        Foundation.kill(pid, SIGTERM)
        waitUntilExit()
    }

    /// Foundation's own wait needs a run loop, which a task's thread does not have.
    private func waitUntilExit() {
        while process.isRunning { usleep(5000) }
    }

    /// Sends a signal, such as SIGSTOP.
    public func send(_ signal: Int32) { Foundation.kill(pid, signal) }

    /// Waits until `/readyz` answers 200.
    public func waitUntilReady() async throws {
        let client = HTTPClient(port: port, key: nil, timeout: 5)
        try await poll(
            "\(name) to be ready", details: { (try? String(contentsOfFile: self.log, encoding: .utf8)) ?? "" }
        ) {
            do { return try await client.get("/readyz").status == 200 } catch { return false }
        }
    }

    /// The folder of this build's executables.
    public static func products() throws -> String {
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        while folder.path != "/" {
            if FileManager.default.isExecutableFile(atPath: folder.path + "/Gateway") { return folder.path }
            folder.deleteLastPathComponent()
        }
        // The runner of Swift Testing lives in the toolchain: the bundle's path is among its arguments.
        for argument in CommandLine.arguments where argument.contains(".build") {
            let folder = URL(fileURLWithPath: argument).deletingLastPathComponent().path
            if FileManager.default.isExecutableFile(atPath: folder + "/Gateway") { return folder }
        }
        throw TestKitError("the executables are not built; run `swift build --build-tests`")
    }
}

/// A failure of the test's own set-up.
public struct TestKitError: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String

    /// Makes it.
    public init(_ description: String) { self.description = description }
}

/// Asks again and again until the condition holds; throws after the limit, which is generous: it is no assertion on timing.
public func poll(
    _ what: String, within limit: Duration = .seconds(90), details: () -> String = { "" },
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw TestKitError("waited \(limit) for \(what)\n\(details().suffix(4000))")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// A TCP port that nobody listens on right now.
public func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return try withUnsafeMutablePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            guard bind(descriptor, $0, length) == 0, getsockname(descriptor, $0, &length) == 0 else {
                throw TestKitError("no free port")
            }
        }
        return UInt16(bigEndian: pointer.pointee.sin_port)
    }
}

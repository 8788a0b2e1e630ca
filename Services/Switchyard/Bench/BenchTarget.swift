import Config
import Foundation

/// The running stack: where it listens and what opens it.
struct BenchTarget: Sendable {
    /// The gateway's host, from `SWITCHYARD_URL`.
    let host: String
    /// The gateway's port, from `SWITCHYARD_URL`.
    let port: UInt16
    /// `DATABASE_URL`: the stack's own database, for counts that the API does not give.
    let databaseURL: String
    /// `AMQP_URL`, only to read the broker's version; nil when it is not set.
    let brokerURL: URL?
    /// `SWITCHYARD_RUN`: the folder with a `<service>.pid` of each process.
    let runFolder: String
    private var key: String

    /// Reads the environment; what it lacks comes from `.switchyard/env`, which the running stack has written.
    init(_ process: [String: String] = ProcessInfo.processInfo.environment) throws {
        let environment = Environment(try Self.written(at: ".switchyard/env").merging(process) { $1.isEmpty ? $0 : $1 })
        let url = try environment.url("SWITCHYARD_URL", schemes: ["http"])
        host = url.host ?? "127.0.0.1"
        port = UInt16(exactly: url.port ?? 80) ?? 80
        key = try environment.secret("SWITCHYARD_KEY")
        databaseURL = try environment.secret("DATABASE_URL")
        let hasBroker = environment.contains("AMQP_URL")
        brokerURL = hasBroker ? try environment.url("AMQP_URL", schemes: ["amqp", "amqps"]) : nil
        runFolder = try environment.string("SWITCHYARD_RUN", default: ".switchyard/run")
    }

    /// The same stack for the holder of another key.
    func with(key: String) -> BenchTarget {
        var target = self
        target.key = key
        return target
    }

    /// The variables of a file of `NAME=value` lines as a shell reads them, without expansion; none if there is no file.
    private static func written(at path: String) throws -> [String: String] {
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        var variables: [String: String] = [:]
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let assignment = line.hasPrefix("export ") ? line.dropFirst(7) : line
            let parts = assignment.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, !parts[0].hasPrefix("#") else { continue }
            variables[String(parts[0])] = parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "'\""))
        }
        return variables
    }

    /// A request as the bytes that go over the wire.
    ///
    /// - Parameters:
    ///   - status: the only status that counts as success.
    ///   - id: the id that the answer must carry; nil if any will do.
    func request(
        _ method: String, _ path: String, body: [UInt8]? = nil, mediaType: String = "application/json",
        status: Int = 200, id: UUID? = nil
    ) -> WireRequest {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\nAuthorization: Bearer \(key)\r\n"
        if let body { head += "Content-Type: \(mediaType)\r\nContent-Length: \(body.count)\r\n" }
        return WireRequest(
            name: "\(method) \(path)", bytes: Array("\(head)\r\n".utf8) + (body ?? []), status: status, id: id)
    }

    /// `POST /api/v1/jobs` with this body.
    func submission(_ body: String) -> WireRequest {
        request("POST", "/api/v1/jobs", body: Array(body.utf8), status: 201)
    }
}

import AMQP
import Foundation
import JSON
import Jobs
import Synchronization
import TestKit
import Testing

/// Runs a test on a stack of its own and takes the stack down whatever happens.
func withStack(
    settings: [String: String] = [:], _ name: String = #function, _ body: (Stack) async throws -> Void
) async throws {
    let stack = try await Stack(String(name.prefix { $0.isLetter }), settings: settings)
    do {
        try await body(stack)
    } catch {
        Issue.record("\(error)\n\(stack.logs)")
    }
    try await stack.tearDown()
}

extension Stack {
    /// Waits until the jobs are completed, and checks that each ended once and with its result.
    func expectCompleted(
        _ ids: [UUID], within limit: Duration = .seconds(180), sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await wait(for: ids, toBe: .completed, within: limit)
        let violations = try await violations(of: ids)
        #expect(violations.isEmpty, "\(violations.prefix(5))", sourceLocation: sourceLocation)
    }

    /// Restarts the broker in good order and waits until jobs flow again.
    ///
    /// RabbitMQ 3.10 writes the registration of a new quorum queue with a delay: one that is killed within seconds of the queue's
    /// creation comes back with a queue that takes nothing until it is deleted. The tests are about queues that exist.
    func settleBroker() async throws {
        try await broker.stop(immediate: false)
        _ = try await broker.start()
        try await expectCompleted(try await submitNoop(1))
    }

    /// Submits a job that kills the worker that runs it.
    func submitKiller() async throws -> UUID {
        let response = try await api.post("/api/v1/jobs", ["type": "noop", "spec": ["crash": true, "sleep_ms": 200]])
        guard let id = response.json["id"]?.stringValue.flatMap(UUID.init(text:)) else {
            throw TestKitError("submit answered \(response.status): \(response.text)")
        }
        return id
    }

    /// Submits a job of a type.
    func submit(_ type: String, _ spec: JSON, by client: HTTPClient? = nil) async throws -> UUID {
        let answer = try await (client ?? api).post("/api/v1/jobs", ["type": .string(type), "spec": spec])
        return try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
    }

    /// The job when it is completed or failed.
    func ended(_ job: UUID, by client: HTTPClient? = nil) async throws -> JSON {
        var last = JSON.null
        try await poll("the job to end", within: .seconds(120), details: { logs }) {
            last = try await (client ?? api).get("/api/v1/jobs/\(job.text)").json
            return ["completed", "failed"].contains(last["status"]?.stringValue)
        }
        return last
    }

    /// A job of a type when it has ended.
    func end(_ type: String, _ spec: JSON) async throws -> JSON { try await ended(submit(type, spec)) }

    /// Publishes as a stranger would: straight to the broker.
    func withPublisher(_ body: (Publisher) async throws -> Void) async throws {
        let publisher = Publisher(
            try AMQPConfiguration(url: amqpURL, connectionName: "stranger"), topology: Topology())
        let running = Task { try await publisher.run() }
        try await poll("the stranger to connect") { publisher.isConnected }
        do {
            try await body(publisher)
        } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        _ = await running.result
    }
}

extension ServiceProcess {
    /// The most memory that it has had, in bytes.
    func residentPeak() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) }) << 10
    }
}

/// A command for a no-op job as another service writes it.
func stranger(id: UUID, type: String = "noop", spec: JSON = [:], more: JSONObject = [:]) -> [UInt8] {
    var command: JSONObject = [
        "schema": 1, "id": .string(id.text), "namespace": "default", "type": .string(type), "spec": spec,
    ]
    for (name, value) in more { command[name] = value }
    return JSON.object(command).serialized()
}

/// Runs lines of bash and answers what they print, errors too; throws when they fail.
func runScript(_ script: String, in folder: String, seconds: Int = 90) async throws -> String {
    let log = folder + "/\(UUID().uuidString).out"
    guard FileManager.default.createFile(atPath: log, contents: nil), let output = FileHandle(forWritingAtPath: log)
    else {
        throw TestKitError("cannot write \(log)")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments = [String(seconds), "bash", "-c", script]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardOutput = output
    process.standardError = output
    try process.run()
    try await poll("the script to end", within: .seconds(seconds + 30)) { !process.isRunning }
    let text = try String(contentsOfFile: log, encoding: .utf8)
    guard process.terminationStatus == 0 else { throw TestKitError("the script failed:\n\(text)") }
    return text
}

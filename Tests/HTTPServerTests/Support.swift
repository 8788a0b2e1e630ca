import Foundation
import HTTPServer
import Testing

/// A handler made of closures.
struct TestHandler: HTTPHandler {
    var policy: @Sendable (RequestHead) -> BodyPolicy = { _ in .collect(limit: 1 << 20) }
    var answer: @Sendable (HTTPRequest) async -> HTTPResponse = { _ in .text("ok") }

    func bodyPolicy(for head: RequestHead) -> BodyPolicy { policy(head) }
    func respond(to request: HTTPRequest) async -> HTTPResponse { await answer(request) }
    func response(to error: RequestError) -> HTTPResponse {
        HTTPResponse(
            status: error.status, headers: [("Content-Type", "application/problem+json")],
            body: .string("{\"detail\":\"\(error)\"}"))
    }
}

/// Runs `body` against a server of its own, which is drained afterwards.
func withServer(
    _ configuration: HTTPServerConfiguration = HTTPServerConfiguration(), _ handler: TestHandler = TestHandler(),
    body: (HTTPServer) async throws -> Void
) async throws {
    let server = HTTPServer(configuration, handler: handler)
    try server.start()
    do {
        try await body(server)
    } catch {
        await server.drain(deadline: .zero)
        throw error
    }
    await server.drain(deadline: .zero)
}

/// Counts events, and lets a test wait for them.
final class Events: Sendable {
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func record(_ event: String) { continuation.yield(event) }

    /// Waits for the next event, at most 10 s; nil then.
    func next() async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask { [stream] in
                for await event in stream { return event }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(10))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}

/// Polls until the condition holds, at most 8 s: less than the server's default timeouts.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(8)
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// What `curl` prints for these arguments.
func curl(_ arguments: String...) async throws -> String {
    try await onThread {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        process.arguments = ["-s", "-m", "20"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }
}

/// Waits until the task is cancelled; true when that came within 30 s.
func untilCancelled() async -> Bool {
    do {
        try await Task.sleep(for: .seconds(30))
        return false
    } catch {
        return true
    }
}

import Foundation
import LocalServers
import Testing

/// A folder of a test's own, with servers that are gone when the test is.
func withStack(_ body: (LocalStack, String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/switchyard-tests-\(UUID().uuidString.prefix(8))"
    let stack = LocalStack(folder: folder)
    do { try await body(stack, folder) } catch {
        try await stack.stop(immediate: true)
        throw error
    }
    try await stack.stop(immediate: true)
    #expect(stack.postgres.pid == nil)
    #expect(stack.rabbitMQ.pid == nil)
    try FileManager.default.removeItem(atPath: folder)
}

/// Runs SQL through `psql`, another client than the one that the product uses.
func query(_ url: String, _ sql: String) async throws -> String {
    let launch = ChildProcess.Launch(
        "/usr/bin/psql", ["--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql],
        environment: ["PATH": "/usr/bin:/bin", "PGCONNECT_TIMEOUT": "10"])
    let outcome = try await ChildProcess.run(launch, limit: .seconds(30))
    guard outcome.status == 0 else { throw ServerError(.unhealthy, outcome.errors) }
    return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
}

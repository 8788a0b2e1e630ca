import Foundation
import TestKit
import Testing

@testable import HTTPClient

/// Against a server that speaks HTTP/2 alone.
@Suite struct HTTP2Tests {
    @Test func manyTransfersShareAServerOfHTTP2() async throws {
        let authority = try #require(ProcessInfo.processInfo.environment["AMQPS_CA"])
        let certificates = URL(fileURLWithPath: authority).deletingLastPathComponent().path
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let page = String(repeating: "a page of HTTP/2\n", count: 10_000)
        try page.write(to: folder.appendingPathComponent("page.html"), atomically: true, encoding: .utf8)

        let port = try freePort()
        let server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/sbin/nghttpd")
        server.arguments = [
            "--no-content-length", "-a", "127.0.0.1", "-d", folder.path, "\(port)", "\(certificates)/server-key.pem",
            "\(certificates)/server.pem",
        ]
        server.standardOutput = FileHandle.nullDevice
        server.standardError = FileHandle.nullDevice
        try server.run()
        // It does not end for less.
        defer {
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }

        let policy = try #require(AddressPolicy(["127.0.0.1", "::1"]))
        let client = WebClient(addresses: policy, concurrency: 8, authorities: authority)
        func get(_ path: String) async throws -> WebResponse {
            try await client.send(WebRequest("GET", try WebURL("https://localhost:\(port)/\(path)")))
        }
        try await poll("the server to listen") {
            do { return try await get("page.html").status == 200 } catch { return false }
        }
        try await withThrowingTaskGroup(of: WebResponse.self) { group in
            for _ in 0..<50 { group.addTask { try await get("page.html") } }
            for try await answer in group {
                #expect(answer.status == 200 && answer.body == Array(page.utf8))
                #expect(answer.head.statusLine.hasPrefix("HTTP/2 200"))
                #expect(answer.head.address == "127.0.0.1")
                #expect(answer.head["content-type"]?.hasPrefix("text/html") == true)
            }
        }
        #expect(try await get("none").status == 404)
    }
}

import Foundation
import JSON
import TestKit
import Testing

/// The generated site as a process of its own, and what it knows: what is to be fetched, and what was.
final class CrawlSiteProcess {
    /// A request that the site has had.
    struct Request: Sendable {
        let time: Int
        let url: String
        let status: Int
        /// Whether the host's robots.txt forbids it.
        let isForbidden: Bool
    }

    static let hosts = [
        "www.shop.localhost", "docs.shop.localhost", "blog.shop.localhost", "forum.other.localhost",
        "slow.other.localhost",
    ]

    let port: UInt16
    private let process = Process()
    private let pages: Int
    private let mode: String

    /// Starts a site of about so many pages.
    init(pages: Int, mode: String = "full", folder: String) async throws {
        self.pages = pages
        self.mode = mode
        let log = folder + "/crawl-site.log"
        guard FileManager.default.createFile(atPath: log, contents: nil), let output = FileHandle(forWritingAtPath: log)
        else { throw TestKitError("cannot write \(log)") }
        port = try freePort()
        process.executableURL = URL(fileURLWithPath: try ServiceProcess.products() + "/CrawlSite")
        process.arguments = ["serve", "--pages", "\(pages)", "--mode", mode, "--port", "\(port)"]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try await poll("the site to listen") {
            try String(contentsOfFile: log, encoding: .utf8).contains("\"port\"")
        }
    }

    func stop() { process.terminate() }

    var seeds: JSON { .array(Self.hosts.map { .string("http://\($0):\(port)/") }) }

    /// What a correct crawl does with each URL: what it is, and how it ends.
    func expected() async throws -> [String: (kind: String, state: String)] {
        let command =
            "\(try ServiceProcess.products())/CrawlSite expected --pages \(pages) --mode \(mode) --port \(port)"
        var rows: [String: (kind: String, state: String)] = [:]
        for line in try await runScript(command, in: "/tmp").split(separator: "\n") {
            let fields = line.split(separator: "\t").map(String.init)
            if fields.count == 3 { rows[fields[0]] = (fields[1], fields[2]) }
        }
        return rows
    }

    /// The requests so far, in their order, but those for a robots.txt.
    func requests() async throws -> [Request] {
        try await control("__log").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count >= 5, let time = Int(fields[0]), let status = Int(fields[4]),
                !fields[3].hasSuffix("/robots.txt")
            else { return nil }
            let host = fields[1].hasSuffix(":\(port)") ? fields[1] : "\(fields[1]):\(port)"
            return Request(time: time, url: "http://\(host)\(fields[3])", status: status, isForbidden: fields.count > 5)
        }
    }

    /// How often each URL was asked for.
    func counts() async throws -> [String: Int] {
        Dictionary(try await requests().map { ($0.url, 1) }, uniquingKeysWith: +)
    }

    /// What was measured of each host: the smallest gap between two requests, the most at a time, the most in a second.
    func rates() async throws -> JSON { try JSON.parse(Array(try await control("__rates").utf8)) }

    func reset() async throws { _ = try await control("__reset", "-X POST") }

    private func control(_ path: String, _ options: String = "") async throws -> String {
        try await runScript(
            "curl -sS --fail \(options) -H 'Host: control.localhost' http://127.0.0.1:\(port)/\(path)", in: "/tmp")
    }
}

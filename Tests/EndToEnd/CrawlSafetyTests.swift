import Foundation
import HTTPServer
import JSON
import Jobs
import TestKit
import Testing

/// A crawl of a site that does all it can to send the crawler inside, with a name server of its own.
@Suite(.serialized) struct CrawlSafetyTests {
    private static let nameServer = "127.0.53.53"

    /// A mount namespace of the worker's own and the name server's port are for root alone.
    @Test(.enabled(if: getuid() == 0), .timeLimit(.minutes(10)))
    func whatIsNotPublicIsOutOfReachByAnyWay() async throws {
        try await withStack { stack in
            let place = try Place()
            let names = try NameServer(address: Self.nameServer, script: CrawlSafetyNames.script)
            defer { names.stop() }
            try await stack.startGateway()
            try await stack.startWorker(
                "CrawlingWorker", ["SWITCHYARD_FETCH_ALLOW": CrawlSafetySite.address],
                launcher: try Self.resolving(with: Self.nameServer, folder: stack.folder))
            let job = try await stack.crawl(from: place.site.start)
            try await stack.wait(for: [job], toBe: .completed, within: .seconds(400))

            expectRecordErrors(try await stack.recordErrors(of: job), of: place.site)
            expectAllowedRequests(place.receiver.requests, of: place.site)
            expectRebinding(names, place.receiver.requests)
            for (host, listener) in place.listeners {
                #expect(listener.takeCalls() == 0, "somebody has connected to \(host)")
                _ = try await runScript("exec 3<>/dev/tcp/\(host)/\(place.site.port)", in: stack.folder)
                #expect(listener.takeCalls() == 1, "it would not have been seen at \(host)")
            }
            await place.receiver.stop()
        }
    }

    private func expectRecordErrors(_ errors: [(code: String, url: String)], of site: CrawlSafetySite) {
        let found = Dictionary(grouping: errors) {
            String($0.url[($0.url.lastIndex(of: "/") ?? $0.url.startIndex)...].dropFirst())
        }
        for (name, expected) in site.expected {
            let codes = (found[name] ?? []).map(\.code)
            #expect(codes == [expected.code], "\(expected.group), \(name): \(found[name] ?? [])")
            // What fails is where the redirect or link leads, unless it leads to no URL.
            let isAtSite = found[name]?.first?.url.hasPrefix(site.start) ?? false
            #expect(isAtSite == (expected.code == "bad_redirect" && name != "robots.txt"), "\(found[name] ?? [])")
        }
        let others = errors.filter { error in !site.expected.keys.contains { error.url.hasSuffix("/" + $0) } }
        #expect(others.isEmpty)
    }

    /// The site itself has seen nothing of what was refused either, but the pages that redirect.
    private func expectAllowedRequests(_ requests: [HTTPRequest], of site: CrawlSafetySite) {
        let refused = requests.filter { request in
            let name = request.path.split(separator: "/").last.map(String.init) ?? ""
            return name.hasPrefix("case-") && !request.path.hasPrefix("/go-")
        }
        #expect(refused.isEmpty, "\(refused.map { ($0.headers["Host"] ?? "") + $0.path })")
        for name in CrawlSafetyNames.both.keys {
            let visits = requests.filter { $0.headers["Host"] == "\(name):\(site.port)" }.map(\.path)
            #expect(visits == ["/robots.txt", "/both"], "\(name): its allowed address is used")
        }
    }

    /// Each name was looked up twice: it led to the site for robots.txt, and inside for the page.
    private func expectRebinding(_ names: NameServer, _ requests: [HTTPRequest]) {
        for name in CrawlSafetyNames.rebinding.keys.sorted() + CrawlSafetyNames.rebindingLists.keys {
            #expect(names.lookups(of: name) == 2, "\(name)")
            let visits = requests.filter { ($0.headers["Host"] ?? "").hasPrefix(name + ":") }.map(\.path)
            #expect(visits == ["/robots.txt"], "\(name)")
        }
    }

    /// What starts a service so that it asks this name server: it sees other files of the resolver than everybody else.
    private static func resolving(with address: String, folder: String) throws -> [String] {
        let files = [
            ("resolv.conf", "nameserver \(address)\noptions timeout:5 attempts:1\n"),
            ("nsswitch.conf", "hosts: files dns\n"),
        ]
        for (name, text) in files { try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8) }
        let mounts = files.map { "mount --bind '\(folder)/\($0.0)' /etc/\($0.0)" }.joined(separator: " && ")
        return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mounts + " && exec \"$0\""]
    }
}

/// The site, and on its port the addresses beside it, at which nobody may call.
private struct Place {
    let site: CrawlSafetySite
    let receiver: Receiver
    let listeners: [(host: String, listener: SilentListener)]

    init() throws {
        var tries = 0
        while true {
            do {
                (site, receiver, listeners) = try Self.make()
                return
            } catch {
                // One of the ports is somebody's.
                tries += 1
                guard tries < 20 else { throw error }
            }
        }
    }

    private static func make() throws -> (CrawlSafetySite, Receiver, [(host: String, listener: SilentListener)]) {
        let port = try freePort()
        let site = CrawlSafetySite(port: port)
        let listeners = try ["127.0.0.1", "127.0.0.3", "::1"].map { ($0, try SilentListener(host: $0, port: port)) }
        // A connection that stays open would need no address.
        let configuration = HTTPServerConfiguration(
            host: CrawlSafetySite.address, port: port, idleTimeout: .seconds(5))
        return (site, try Receiver(configuration) { request, _ in site.answer(request) }, listeners)
    }
}

extension Stack {
    fileprivate func crawl(from seed: String) async throws -> UUID {
        let answer = try await api.post(
            "/api/v1/jobs",
            [
                "type": "web_crawling",
                "spec": [
                    "seeds": [.string(seed)], "scope": ["within": "anywhere"],
                    "per_host": ["concurrency": 8, "delay_ms": 0], "page": ["max_seconds": 20],
                ],
            ])
        return try #require(answer.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(answer.text)")
    }

    fileprivate func recordErrors(of job: UUID) async throws -> [(code: String, url: String)] {
        let rows = try await store.errors(
            of: job, level: nil, operatorName: nil, attempt: nil, after: (0, 0), limit: 2000)
        return try rows.map { error in
            let details = try JSON.parse(error.details ?? [])
            return (
                try #require(details["code"]?.stringValue), try #require(details["url"]?.stringValue)
            )
        }
    }
}

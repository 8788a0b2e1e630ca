import Foundation
import HTTPClient
import HTTPServer

/// Starts the site, asks for everything that the list of expected URLs has, and compares how it ends.
struct Check {
    private let server: HTTPServer
    private let model: SiteModel
    private let client: WebClient
    private let agent: String

    init(_ options: Options) throws {
        (server, model) = try CrawlSite.start(options)
        agent = options.agent
        client = WebClient(
            addresses: AddressPolicy(hosts: Set(Host.allCases.map(\.name))), concurrency: 16, maxQueued: 100_000)
    }

    /// Prints what differs; false when anything does.
    func run() async throws -> Bool {
        var faults = robotsFaults()
        let rows = Expected(model, agent: agent).rows
        let fetched = rows.filter(\.outcome.isFetched)
        await withTaskGroup(of: String?.self) { group in
            var rest = fetched[...]
            for row in rest.prefix(16) { group.addTask { await fault(row) } }
            rest = rest.dropFirst(16)
            for await fault in group {
                if let fault { faults.append(fault) }
                if let row = rest.popFirst() { group.addTask { await self.fault(row) } }
            }
        }
        faults += try await conditionalFaults()
        var counts: [String: Int] = [:]
        for row in rows { counts[row.outcome.rawValue, default: 0] += 1 }
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) { CrawlSite.write("\(name)\t\(count)\n") }
        for fault in faults { CrawlSite.write("differs: \(fault)\n") }
        CrawlSite.write("\(fetched.count) URLs, \(faults.count) differ\n")
        await server.drain(deadline: .seconds(1))
        return faults.isEmpty
    }

    /// What a person reads in the rules against what the matcher does.
    private func robotsFaults() -> [String] {
        guard model.mode == .full else { return [] }
        return RobotsCase.all.compactMap { rule in
            let isAllowed = model.robots(rule.host, agent: "switchyard").allows(rule.target)
            return isAllowed == rule.isAllowed
                ? nil : "robots: \(rule.host.name)\(rule.target) should be \(rule.isAllowed)"
        }
    }

    private func request(_ url: SiteURL) throws(WebError) -> WebRequest {
        let slow = model.page(at: url)?.outcome == .timeout
        return WebRequest(
            "GET", try WebURL(url.absolute(port: model.port)), headers: [("User-Agent", agent)],
            limits: WebLimits(total: .seconds(slow ? 2 : 30), body: 8 << 20, acceptsCompression: true))
    }

    /// What is wrong with one URL; nil when it ends as expected, if need be after some tries.
    private func fault(_ row: Expected.Row) async -> String? {
        var ending = ""
        for _ in 0..<3 {
            ending = await end(row)
            if ending == "" { return nil }
        }
        return "\(row.url.host.name)\(row.url.target) (\(row.outcome.rawValue)): \(ending)"
    }

    private func end(_ row: Expected.Row) async -> String {
        do throws(WebError) {
            return mismatch(row, try await client.send(try request(row.url)))
        } catch {
            switch (row.outcome, error.kind) {
            case (.timeout, .timeout), (.tooLarge, .tooLarge), (.headersTooLarge, _): return ""
            default: return "\(error)"
            }
        }
    }

    private func mismatch(_ row: Expected.Row, _ response: WebResponse) -> String {
        let page = model.page(at: row.url)
        let wanted: [Int] =
            switch row.outcome {
            case .missing: [404]
            case .gone: [410]
            case .serverError: [500]
            case .redirect, .redirectLimit, .redirectLoop, .redirectOut, .redirectBroken: [301, 302, 303, 307, 308]
            case .botwall: [200, 403, 503]
            case .timeout, .tooLarge, .headersTooLarge: []
            default: [200]
            }
        guard wanted.contains(response.status) else { return "status \(response.status)" }
        guard case .document(let document)? = page?.body, document.charset == .utf8 else { return "" }
        return contentMismatch(document, page?.links ?? [], String(decoding: response.body, as: UTF8.self))
    }

    /// All links and the whole text must be there.
    private func contentMismatch(_ document: Document, _ links: [Link], _ html: String) -> String {
        let count = html.ranges(of: "<a class=\"link\" href=").count
        guard count == links.count else { return "\(count) links instead of \(links.count)" }
        guard let last = document.paragraphs.last else { return "" }
        // Links stand around the first words only.
        let tail = last.suffix(last.count / 2)
        return html.contains(tail) ? "" : "its text is missing"
    }

    /// A page that is known is not sent again.
    private func conditionalFaults() async throws -> [String] {
        let url = model.articleURL(.www, 0)
        let first = try await client.send(try request(url))
        var again = try request(url)
        again.headers.append(("If-None-Match", first.head["ETag"] ?? ""))
        let second = try await client.send(again)
        return second.status == 304 && second.body.isEmpty ? [] : ["an ETag is answered with \(second.status)"]
    }
}

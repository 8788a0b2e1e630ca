import Foundation
import JSON
import TestKit
import Testing

/// What a crawl's spec can ask for, each seen on a site.
@Suite(.serialized) struct CrawlOptionTests {
    private static func spec(_ seeds: JSON, _ more: JSONObject) -> JSON {
        var spec: JSONObject = ["seeds": seeds, "per_host": ["concurrency": 4, "delay_ms": 0]]
        for (name, value) in more { spec[name] = value }
        return .object(spec)
    }

    private func withSite(_ body: (Stack, CrawlSiteProcess) async throws -> Void) async throws {
        try await withStack { stack in
            let site = try await CrawlSiteProcess(pages: 200, mode: "bench", folder: stack.folder)
            defer { site.stop() }
            try await stack.startGateway()
            try await stack.startWorker("CrawlingWorker", CrawlJobTests.allowed)
            try await body(stack, site)
        }
    }

    @Test func aDomainIsCrawledFromOneSeedAndItsExchangesAreArchived() async throws {
        try await withSite { stack, site in
            let expected = try await site.expected().filter { $0.key.contains(".shop.localhost:") }
            let seed = "http://www.shop.localhost:\(site.port)/"
            let job = try await stack.crawl(
                Self.spec([.string(seed)], ["scope": ["within": "domain"], "archive": "warc"]))
            try await stack.expectCompleted([job], within: .seconds(200))
            let fetched = Set(try await site.requests().map(\.url))
            #expect(fetched == Set(expected.keys))
            #expect(fetched.count > 100)

            let lines = try await stack.archive(of: job)
            #expect(lines.first == "warcinfo" && lines.filter { $0 == "warcinfo" }.count == 1)
            let statuses = Dictionary(
                lines.filter { $0.hasPrefix("response ") }.map { line in
                    let fields = line.split(separator: " ").map(String.init)
                    return (fields[2], fields[1])
                }, uniquingKeysWith: { "\($0) and \($1)" })
            #expect(Set(statuses.keys) == fetched)
            let answered = Dictionary(
                try await site.requests().map { ($0.url, "\($0.status)") }, uniquingKeysWith: { "\($0) and \($1)" })
            #expect(statuses == answered)
            let bytes = lines.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
            let counted = try await stack.result(of: job)["bytes"]?.intValue
            #expect(counted == bytes)
        }
    }

    @Test func whatHasNotChangedIsTakenOverFromAnEarlierCrawl() async throws {
        try await withSite { stack, site in
            let first = try await stack.crawl(Self.spec(site.seeds, [:]))
            try await stack.expectCompleted([first], within: .seconds(200))
            let before = try await stack.pageTexts(of: first)
            try await site.reset()
            let second = try await stack.crawl(Self.spec(site.seeds, ["revisit": ["job_id": .string(first.text)]]))
            try await stack.expectCompleted([second], within: .seconds(200))
            #expect(try await stack.pageTexts(of: second) == before)
            let unchanged = try await site.requests().filter { $0.status == 304 }.count
            let result = try await stack.result(of: second)
            #expect(result["not_modified"]?.intValue == unchanged)
            // The articles have tags, the few other pages have none.
            #expect(unchanged > before.count / 2 && unchanged < before.count)
        }
    }

    @Test func pagesInOtherLanguagesAreFollowedAndNotKept() async throws {
        try await withSite { stack, site in
            let expected = try await site.expected()
            for (language, isKept) in [("en", true), ("de", false)] {
                try await site.reset()
                let job = try await stack.crawl(Self.spec(site.seeds, ["languages": [.string(language)]]))
                try await stack.expectCompleted([job], within: .seconds(200))
                #expect(Set(try await site.requests().map(\.url)) == Set(expected.keys))
                let result = try await stack.result(of: job)
                let skipped = result["skips"]?["language"]?.intValue ?? 0
                let pages = result["pages"]?.intValue ?? 0
                #expect(isKept ? skipped == 0 && pages > 100 : pages == 0 && skipped > 100, "\(language)")
            }
        }
    }

    @Test func anExpressionThatIsNoneIsNamed() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("CrawlingWorker", CrawlJobTests.allowed)
            let job = try await stack.crawl(
                Self.spec(["http://a.localhost/"], ["scope": ["deny": ["fine", "a(b"]]]))
            try await stack.wait(for: [job], toBe: .failed, within: .seconds(60))
            let failure = try await stack.api.get("/api/v1/jobs/\(job.text)").json["error"]
            #expect(failure?["code"]?.stringValue == "invalid_expression")
            #expect(failure?["message"]?.stringValue?.hasPrefix("scope/deny/1 is no regular expression") == true)
        }
    }
}

extension Stack {
    fileprivate func result(of job: UUID) async throws -> JSON {
        try #require(try await api.get("/api/v1/jobs/\(job.text)").json["result"])
    }

    /// The lines that a reader of WARC files prints of a job's archive, when all of it is sound.
    fileprivate func archive(of job: UUID) async throws -> [String] {
        let artifacts = try await result(of: job)["artifacts"]?.arrayValue ?? []
        let ids = artifacts.filter { $0["kind"]?.stringValue == "archive" }.compactMap { $0["id"]?.stringValue }
        var paths: [String] = []
        for id in ids {
            let path = "\(folder)/\(id).warc.gz"
            try await Data(api.get("/api/v1/artifacts/\(id)").body).write(to: URL(fileURLWithPath: path))
            paths.append(path)
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("CrawlSite/readwarc.py").path
        return try await runScript("python3 '\(script)' \(paths.joined(separator: " "))", in: folder)
            .split(separator: "\n").map(String.init)
    }

    /// The main text of each page of a crawl by its URL.
    fileprivate func pageTexts(of job: UUID) async throws -> [String: String] {
        let rows = try await database.query(
            "SELECT p.url, p.markdown FROM crawls c JOIN crawl_pages p ON p.crawl = c.number WHERE c.job_id = \(job)")
        return Dictionary(
            try rows.map { (try $0.decode("url"), try $0.decode("markdown")) }, uniquingKeysWith: { $0 + $1 })
    }
}

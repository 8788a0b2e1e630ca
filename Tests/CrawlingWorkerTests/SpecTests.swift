import Foundation
import JSON
import Jobs
import Testing
import WorkerKit

@testable import CrawlingWorker

/// The spec of `web_crawling`: what the gateway refuses, what it fills in, and what the worker makes of it.
@Suite struct SpecTests {
    private static let seeds: JSON = ["http://a.test/"]

    /// The spec as a worker gets it: held to the schema, with its defaults.
    private func spec(_ members: JSONObject = [:]) throws -> WebCrawling {
        var spec: JSONObject = ["seeds": Self.seeds]
        for (name, value) in members { spec[name] = value }
        let type = try WebCrawling.jobType()
        let violations = type.validator.validate(.object(spec))
        try #require(violations.isEmpty, "\(violations)")
        return try type.validator.applyingDefaults(to: .object(spec)).decode(WebCrawling.self)
    }

    private func violations(_ spec: JSON) throws -> [String] {
        try WebCrawling.jobType().validator.validate(spec).map { "\($0.pointer) \($0.keyword)" }
    }

    @Test func whatIsNotSaidHasItsDefault() throws {
        let spec = try spec()
        #expect(spec.seeds == ["http://a.test/"])
        #expect(
            spec.scope.within == .host && spec.scope.hosts.isEmpty && spec.scope.allow.isEmpty
                && spec.scope.deny.isEmpty)
        #expect(
            spec.maxPages == 10_000 && spec.maxDepth == 50 && spec.maxBytes == 10 << 30 && spec.maxSeconds == 86_400)
        #expect(spec.concurrency == 32 && spec.perHost.concurrency == 2 && spec.perHost.delayMilliseconds == 500)
        #expect(spec.page.maxBytes == 4 << 20 && spec.page.maxSeconds == 60)
        #expect(spec.sitemaps && !spec.keepsTracking && spec.userAgent == "Switchyard/1.0")
        #expect(spec.credentials.isEmpty && spec.languages.isEmpty && spec.revisit == nil && spec.helps == nil)
        #expect(spec.contentTypes == ["text/html", "application/xhtml+xml"])
    }

    @Test func aPartOfAnObjectLeavesTheRestAtItsDefault() throws {
        let spec = try spec([
            "scope": ["within": "domain"], "per_host": ["delay_ms": 0], "page": ["max_seconds": 5],
            "credentials": [["host": "a.test"]],
        ])
        #expect(spec.scope.within == .domain && spec.scope.deny.isEmpty)
        #expect(spec.perHost.concurrency == 2 && spec.perHost.delayMilliseconds == 0)
        #expect(spec.page.maxBytes == 4 << 20 && spec.page.maxSeconds == 5)
        #expect(spec.credentials.first?.headers == [:] && spec.credentials.first?.cookies == [:])
    }

    @Test func everythingThatCanBeSaidIsRead() throws {
        let job = UUID()
        let plan = try CrawlPlan(
            try spec([
                "seeds": ["https://A.test:443/x/../a?utm_source=b#c", "HTTP://b.test"],
                "scope": ["within": "anywhere", "hosts": ["C.test"], "allow": ["/a"], "deny": ["/secret", "\\.pdf$"]],
                "max_pages": 1, "max_depth": 0, "max_bytes": 1, "max_seconds": 1, "concurrency": 256,
                "per_host": ["concurrency": 64, "delay_ms": 600_000],
                "page": ["max_bytes": 1024, "max_seconds": 600], "sitemaps": false, "keep_tracking": true,
                "user_agent": "example-bot/2.0 (+https://example.com/bot)", "render": "none",
                "content_types": ["text/html"], "languages": ["de", "gsw"],
                "credentials": [
                    ["host": "A.test", "headers": ["X-Key": "k"], "cookies": ["b": "2", "a": "1"]],
                    ["host": "b.test"],
                ],
                "revisit": ["job_id": .string(job.uuidString)],
            ]))
        #expect(plan.seeds.map(\.text) == ["https://a.test/a?utm_source=b", "http://b.test/"])
        #expect(plan.maxPages == 1 && plan.maxDepth == 0 && plan.maxBytes == 1 && plan.time == .seconds(1))
        #expect(plan.concurrency == 256 && plan.pace.concurrency == 64 && plan.pace.minimumDelay == .seconds(600))
        #expect(plan.pageBytes == 1024 && plan.pageTime == .seconds(600))
        #expect(!plan.usesSitemaps && plan.keepsTracking && plan.userAgent.hasPrefix("example-bot/2.0"))
        #expect(plan.mediaTypes == ["text/html"] && plan.languages == ["de", "gsw"] && plan.revisited == job)
        #expect(plan.headers(for: plan.seeds[0]).map { "\($0.name): \($0.value)" } == ["X-Key: k", "Cookie: a=1; b=2"])
        #expect(plan.headers(for: plan.seeds[1]).isEmpty)
    }

    @Test(arguments: [
        ("ftp://a.test/", "pattern"), ("file:///etc/passwd", "pattern"), ("javascript:alert(1)", "pattern"),
        ("a.test", "pattern"), ("//a.test/", "pattern"), ("http:/a.test", "pattern"), ("http://", "pattern"),
        ("http:///x", "pattern"), ("http://?x", "pattern"), ("http://user:password@a.test/", "pattern"),
        ("http://user@a.test", "pattern"), ("http://a.test\\@b.test/", "pattern"), (" http://a.test/", "pattern"),
        ("http://a b/", "pattern"), ("http://a.test\n", "pattern"),
        ("http://a.test/" + String(repeating: "x", count: 4083), "maxLength"),
    ]) func aSeedThatIsNoneIsRefusedByItsPlace(seed: String, rule: String) throws {
        #expect(try violations(["seeds": ["http://a.test/", .string(seed)]]) == ["/seeds/1 \(rule)"])
    }

    @Test(arguments: [
        "http://a.test", "HTTPS://A.TEST/", "http://a.test:8080?x@y", "http://a.test/x@y", "http://[::1]/",
        "http://bücher.test#x",
        "http://a.test/" + String(repeating: "x", count: 4082),
    ]) func aSeedIsAnyURLOfTheWeb(seed: String) throws {
        #expect(try CrawlPlan(try spec(["seeds": [.string(seed)]])).seeds.count == 1)
    }

    /// What the schema cannot see the worker refuses, with the seed's place.
    @Test(arguments: ["http://a.test:99999/", "http://[::g]/", "http://256.1.1.1/", "http://a%00b/", "http://[1:2]/"])
    func aSeedThatOnlyLooksLikeAURLFailsTheJob(seed: String) throws {
        let failure = try failure(try spec(["seeds": ["http://a.test/", .string(seed)]]))
        #expect(failure?.code == "invalid_seed" && failure?.message.hasPrefix("seeds/1 ") == true, "\(failure as Any)")
    }

    @Test(arguments: [("allow", "("), ("deny", "[a"), ("deny", "*"), ("allow", "\\C")])
    func anExpressionThatIsNoneFailsTheJob(list: String, expression: String) throws {
        let failure = try failure(try spec(["scope": .object([list: [.string(expression)]])]))
        #expect(failure?.code == "invalid_expression", "\(failure as Any)")
    }

    private static let outOfBounds: [(members: String, expected: String)] = [
        (#""seeds": []"#, "/seeds minItems"),
        (#""seeds": "http://a.test/""#, "/seeds type"),
        (#""nonsense": 1"#, "/nonsense additionalProperties"),
        (#""scope": {"within": "planet"}"#, "/scope/within enum"),
        (#""scope": {"depth": 1}"#, "/scope/depth additionalProperties"),
        (#""scope": {"hosts": [""]}"#, "/scope/hosts/0 minLength"),
        (#""scope": {"deny": ["a", ""]}"#, "/scope/deny/1 minLength"),
        (#""max_pages": 0"#, "/max_pages minimum"),
        (#""max_pages": 100000001"#, "/max_pages maximum"),
        (#""max_pages": 1.5"#, "/max_pages type"),
        (#""max_depth": -1"#, "/max_depth minimum"),
        (#""max_depth": 1001"#, "/max_depth maximum"),
        (#""max_bytes": 0"#, "/max_bytes minimum"),
        (#""max_seconds": 31536001"#, "/max_seconds maximum"),
        (#""concurrency": 257"#, "/concurrency maximum"),
        (#""per_host": {"concurrency": 0}"#, "/per_host/concurrency minimum"),
        (#""per_host": {"delay_ms": 600001}"#, "/per_host/delay_ms maximum"),
        (#""page": {"max_bytes": 1023}"#, "/page/max_bytes minimum"),
        (#""page": {"max_bytes": 16777217}"#, "/page/max_bytes maximum"),
        (#""page": {"max_seconds": 601}"#, "/page/max_seconds maximum"),
        (#""sitemaps": "yes""#, "/sitemaps type"),
        (#""user_agent": """#, "/user_agent pattern"),
        (#""user_agent": "a\r\nX: y""#, "/user_agent pattern"),
        (#""render": "browser""#, "/render enum"),
        (#""content_types": []"#, "/content_types minItems"),
        (#""content_types": ["html"]"#, "/content_types/0 pattern"),
        (#""languages": ["en-GB"]"#, "/languages/0 pattern"),
        (#""credentials": [{"headers": {}}]"#, "/credentials/0 required"),
        (
            #""credentials": [{"host": "a.test", "headers": {"X-A": "a\r\nX-B: b"}}]"#,
            "/credentials/0/headers/X-A pattern"
        ),
        (#""credentials": [{"host": "a.test", "headers": {"X A": "a"}}]"#, "/credentials/0/headers/X A propertyNames"),
        (#""credentials": [{"host": "a.test", "cookies": {"a=b": "c"}}]"#, "/credentials/0/cookies/a=b propertyNames"),
        (#""revisit": {}"#, "/revisit required"),
        (#""revisit": {"job_id": "last"}"#, "/revisit/job_id format"),
        (#""helps": "me""#, "/helps format"),
    ]

    @Test(arguments: outOfBounds) func whatIsOutOfBoundsIsRefusedByItsPlace(members: String, expected: String) throws {
        let rest = members.hasPrefix(#""seeds""#) ? "" : #", "seeds": ["http://a.test/"]"#
        #expect(try violations(try JSON.parse(Array("{\(members)\(rest)}".utf8))) == [expected])
    }

    @Test func aCrawlNeedsASeed() throws { #expect(try violations([:]) == [" required"]) }

    private func failure(_ spec: WebCrawling) throws -> JobFailure? {
        do throws(JobFailure) {
            _ = try CrawlPlan(spec)
            return nil
        } catch {
            return error
        }
    }
}

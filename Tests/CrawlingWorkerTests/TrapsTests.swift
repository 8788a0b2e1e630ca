import Testing

@testable import CrawlingWorker

@Suite struct TemplateTests {
    @Test(arguments: [
        ("/a/1", "/a/22"), ("/item-17.html", "/item-3.html"), ("/2024/01/31/x", "/1999/12/1/x"),
        ("/cal/2024-01-02", "/cal/2025-11-30"), ("/v1a22b", "/v33a4b"),
        ("/u/550e8400-e29b-41d4-a716-446655440000", "/u/ffffffff-eeee-dddd-cccc-bbbbbbbbbbbb"),
        ("/f/550E8400-e29b-41d4-a716-446655440000.pdf", "/f/deadbeef-dead-beef-dead-beefdeadbeef.pdf"),
        ("/h/5d41402abc4b2a76", "/h/7D793037a0760186"), ("/s/aZ3kQ9xYpq77mnbv", "/s/9ZzkQ9xYpq7abcdefghi"),
        ("/x?a=1&b=2", "/x?b=9&a="), ("/x?a=1&a=2", "/x?a"), ("/x?f[0]=a", "/x?f[12]=b"), ("/x?", "/x"),
        ("/x?&&a=1", "/x?a=2"), ("/a//b", "/a/b"), ("/", "/"),
    ]) func sameTemplate(one: String, other: String) {
        #expect(Template(one).hash == Template(other).hash)
    }

    @Test(arguments: [
        ("/a/1", "/b/1"), ("/a/1", "/a/one"), ("/a/1", "/a/1/2"), ("/a/1", "/a/1/"), ("/facade", "/decade"),
        ("/x?a=1", "/x?b=1"), ("/x?a=1", "/x?a=1&b=1"), ("/x", "/x?a=1"), ("/item-17", "/item17"),
        ("/550e8400-e29b-41d4-a716-446655440000x", "/1"), ("/x?a=1", "/x/a"), ("/my-post", "/your-post"),
        ("/deadbeef", "/12345678"),
    ]) func otherTemplate(one: String, other: String) {
        #expect(Template(one).hash != Template(other).hash)
    }

    /// They are stored, so they must never change.
    @Test(
        arguments: [
            ("/", 0x7FAC_E396_F52A_15E9), ("/shop/item-17.html?page=2&id=9", 0xCE97_8A52_232C_A8EF),
        ] as [(String, UInt64)]) func hashesStay(target: String, hash: UInt64)
    {
        #expect(Template(target).hash == hash)
    }
}

@Suite struct TrapLedgerTests {
    private func limits(base: Int = 3, perNewPage: Int = 2) -> TrapLimits {
        var limits = TrapLimits()
        limits.base = base
        limits.perNewPage = perNewPage
        return limits
    }

    private func decisions(_ ledger: inout TrapLedger, _ targets: [String]) -> [TrapLedger.Decision] {
        targets.map { ledger.decide(Template($0), pending: 0) }
    }

    @Test func aTemplateHasItsBase() {
        var ledger = TrapLedger()
        for day in 0..<100 { #expect(ledger.decide(Template("/calendar?day=\(day)"), pending: 0) == .fetch) }
        #expect(ledger.decide(Template("/calendar?day=100"), pending: 1) == .wait)
        #expect(ledger.decide(Template("/calendar?day=100"), pending: 0) == .skip(.template))
        #expect(ledger.decide(Template("/calendar"), pending: 0) == .fetch)
        #expect(ledger.count(of: Template("/calendar?day=7")) == TrapLedger.Count(fetched: 100, new: 0))
    }

    @Test func newPagesEarnMore() {
        var ledger = TrapLedger(limits())
        let template = Template("/a/1")
        for _ in 0..<3 { #expect(ledger.decide(template, pending: 0) == .fetch) }
        #expect(ledger.decide(template, pending: 0) == .skip(.template))
        ledger.noteNew(template)
        for _ in 0..<2 { #expect(ledger.decide(template, pending: 0) == .fetch) }
        #expect(ledger.decide(template, pending: 0) == .skip(.template))
    }

    @Test func whatIsNewEverywhereHasNoEnd() {
        var ledger = TrapLedger()
        for number in 0..<10_000 {
            #expect(ledger.decide(Template("/article/\(number)"), pending: 0) == .fetch)
            ledger.noteNew(Template("/article/\(number)"))
        }
    }

    @Test func aRestoredLedgerGoesOn() {
        var random = SplitMix(state: 3)
        let templates = (0..<6).map { Template("/path\(["a", "b", "c"][$0 % 3])\($0 > 2 ? "?x=1" : "")") }
        var ledger = TrapLedger(limits())
        for _ in 0..<200 {
            let template = templates[Int.random(in: 0..<6, using: &random)]
            let decision = ledger.decide(template, pending: 0)
            if decision == .fetch, Bool.random(using: &random) { ledger.noteNew(template) }
            var restored = TrapLedger(limits())
            for template in templates.reversed() {
                let count = ledger.count(of: template)
                restored.restore(template: template.hash, fetched: count.fetched, new: count.new)
            }
            var copy = ledger
            #expect(templates.map { copy.decide($0, pending: 0) } == templates.map { restored.decide($0, pending: 0) })
        }
    }

    @Test(
        arguments: [
            ("/" + String(repeating: "x", count: 1999), nil), ("/" + String(repeating: "x", count: 2000), .length),
            ((1...20).map { "/\($0)" }.joined(), nil), ((1...21).map { "/\($0)" }.joined(), .depth),
            ((1...20).map { "/\($0)" }.joined() + "/", nil),
            ("/a/b/a/b/a/b", nil), ("/a/b/a/b/a/b/a", .repetition), ("/1/1/1/1", .repetition), ("/1/2/3/4", nil),
            ("/x?a&b&c&d&e&f&g&h", nil), ("/x?a&b&c&d&e&f&g&h&i", .parameters), ("/x?a&a&a&a&a&a&a&a&a", .parameters),
        ] as [(String, TrapReason?)]) func boundsOfOneURL(target: String, reason: TrapReason?)
    {
        var ledger = TrapLedger()
        #expect(ledger.decide(Template(target), pending: 5) == reason.map { .skip($0) } ?? .fetch)
    }

    @Test func combinationsOfParametersAreLimited() {
        var ledger = TrapLedger()
        let names = (0..<51).map { "/shop/1?\(Character(Unicode.Scalar(UInt8(65 + $0))))=1" }
        #expect(decisions(&ledger, Array(names[..<50])).allSatisfy { $0 == .fetch })
        #expect(
            decisions(&ledger, [names[50], "/shop/2", names[0], "/other"]) == [
                .skip(.combinations), .skip(.combinations), .fetch, .fetch,
            ])
    }

    @Test func templatesBeyondTheLimitShareOne() {
        var limits = limits()
        limits.templates = 2
        var ledger = TrapLedger(limits)
        #expect(
            decisions(&ledger, ["/a", "/b", "/c", "/d", "/e", "/f", "/a"]) == [
                .fetch, .fetch, .fetch, .fetch, .fetch, .skip(.template), .fetch,
            ])
        ledger.noteNew(Template("/g"))
        #expect(decisions(&ledger, ["/h", "/i", "/j"]) == [.fetch, .fetch, .skip(.template)])
        #expect(ledger.count(of: Template("/z")) == TrapLedger.Count(fetched: 5, new: 1))
    }

    @Test func restoredNumbersMayBeAnything() {
        var ledger = TrapLedger()
        let template = Template("/a")
        for _ in 0..<3 { ledger.restore(template: template.hash, fetched: -5, new: .max) }
        ledger.noteNew(template)
        #expect(ledger.decide(template, pending: 0) == .fetch)
        let other = Template("/b")
        for _ in 0..<3 { ledger.restore(template: other.hash, fetched: .max, new: .min) }
        #expect(ledger.decide(other, pending: 0) == .skip(.template))
    }
}

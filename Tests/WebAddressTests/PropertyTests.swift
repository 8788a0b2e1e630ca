import TestKit
import Testing

@testable import WebAddress

/// What holds for every text, tried with pieces of URLs and with random bytes.
@Suite struct PropertyTests {
    private static let pieces = [
        "http:", "https:", "//", "/", "\\", "..", ".", "%2e", "%2E", "%41", "%", "%4", "%zz", "?", "#", "&", "=", ";",
        "@", ":", ":80", "[::1]", "[", "]", "127.1", "0x7f", "h", "example.com", "EX", "xn--", "~", "'", "\"", "<", "^",
        "|", "{", "ü", "ß", "日", "。", "☕", "א", "\u{AD}", "\u{200D}", "\u{300}", " ", "\t", "\n", "\u{0}",
        "utm_a=1", "jsessionid=1", "sid=0123456789abcdef",
    ]

    private func text(_ random: inout Seeded) -> String {
        let start = ["http://", "https://h", "http://h/", "", "//h"].randomElement(using: &random) ?? ""
        let count = Int.random(in: 0...12, using: &random)
        return (0..<count).reduce(into: start) { text, _ in text += Self.pieces.randomElement(using: &random) ?? "" }
    }

    private func bytes(_ random: inout Seeded) -> String {
        let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        return (Bool.random(using: &random) ? "http://h" : "http://h/") + String(decoding: bytes, as: UTF8.self)
    }

    /// All parts of two URLs are the same, not only their texts.
    private func expectSame(_ left: PageURL, _ right: PageURL, _ text: String) {
        #expect(left == right && left.host == right.host && left.port == right.port, "\(text.debugDescription)")
        #expect(left.path == right.path && left.query == right.query && left.origin == right.origin)
        #expect(left.hasCredentials == right.hasCredentials)
    }

    @Test func readingAndWritingComesToRest() throws {
        var random = Seeded(state: 1)
        var read = 0
        for round in 0..<20_000 {
            let text = round % 2 == 0 ? text(&random) : bytes(&random)
            guard let url = PageURL.orNil(text) else { continue }
            read += 1
            expectSame(try PageURL(url.text), url, text)
            #expect(url.text.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "\(text.debugDescription)")
            #expect(url.text.hasPrefix(url.scheme + "://") && url.text.hasSuffix(url.target))
        }
        #expect(read > 5000)
    }

    @Test func theCanonicalFormComesToRest() throws {
        var random = Seeded(state: 2)
        var changed = 0
        for round in 0..<20_000 {
            let text = round % 2 == 0 ? text(&random) : bytes(&random)
            guard let url = PageURL.orNil(text) else { continue }
            for withoutTracking in [true, false] {
                let canonical = url.canonical(withoutTracking: withoutTracking)
                expectSame(canonical.canonical(withoutTracking: withoutTracking), canonical, text)
                expectSame(try PageURL(canonical.text), canonical, text)
                #expect(canonical.origin == url.origin && !canonical.hasCredentials)
                if canonical != url { changed += 1 }
            }
        }
        #expect(changed > 1000)
    }

    @Test func whatLooksSerialisedIsReadAsTheParserWould() throws {
        var random = Seeded(state: 3)
        var looked = 0
        for _ in 0..<20_000 {
            let text = text(&random)
            guard let quick = PageURL(serialised: text) else { continue }
            looked += 1
            var parser = try URLParser(text, base: nil, encodingQuery: nil)
            expectSame(try parser.parse(), quick, text)
        }
        #expect(looked > 500)
    }

    @Test func aReferenceToAURLItselfLeadsThere() throws {
        var random = Seeded(state: 4)
        let page = try PageURL("https://user@base.example:81/a/b?c")
        for _ in 0..<10_000 {
            guard let url = PageURL.orNil(text(&random)) else { continue }
            expectSame(try page.resolving(url.text), url, url.text)
            expectSame(try url.resolving(""), url, url.text)
            expectSame(try url.resolving(url.target.hasPrefix("//") ? url.text : url.target), url, url.text)
        }
    }
}

extension PageURL {
    fileprivate static func orNil(_ text: String) -> PageURL? {
        do { return try PageURL(text) } catch { return nil }
    }
}

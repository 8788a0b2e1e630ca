import HTTPClient
import Testing
import WebAddress

@testable import CrawlingWorker

/// Two parsers read each URL: that of the URL Standard, which decides about scope and robots.txt, and libcurl's, which connects.
@Suite struct PageURLAgreementTests {
    private static let hosts = [
        "example.com", "EXAMPLE.com.", "a_b.example", "-a.example", "a-.example", "a..b", ".a", "a.", "127.0.0.1.",
        "127.0.0.1..",
        "127.1", "0x7f.1", "0x7f.1.", "0", "00", "0x", "0x.0x.0", "2130706433", "017700000001", "4294967295",
        "4294967296",
        "1.2.3", "1.2.3.4.5", "1.2.3.4x", "1.2.3.0x4", "1.2.3.08", "1.2.3.a", "0x1g", "1e3", "a.1", "a.0x1", "a.0x",
        "a.09", "1.a",
        "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::1.2.3.4]", "[::FFFF:7F00:1]", "[1:0:0:2::]",
        "[::1%25lo]",
        "[1:0:0:2:0:0:0:3]", "[0:0:1:0:0:1:0:0]", "[fe80::1%eth0]", "[::1", "::1]", "[127.0.0.1]", "[v1.a]", "[]",
        "127%2e0.0.1", "%31.1", "127.0.0.1%00", "127.0.0.1%00.a", "a%00b", "a%2fb", "a%40b", "a%3ab", "a%5cb", "a%23b",
        "a%3fb", "a%25",
        "a%2525", "a%20b", "a b", "a\tb", "a\nb", "a%0ab", "a\\b", "a|b", "a^b", "a<b", "a>b", "a\"b", "a`b", "a{b}",
        "a'b", "a!b", "a$b",
        "a&b", "a(b)", "a*b", "a+b", "a,b", "a;b", "a=b", "a~b", "u@a", "u@b@a", "u:p@a", "@a", ":@a", "u%40@a", "a#@b",
        "a?@b", "a\\@b",
        "a/@b", "a:80", "a:080", "a:65535", "a:65536", "a:0", "a:-1", "a:+1", "a:1x", "a:", "a:80:81", "a:80@b",
        "a:80#@b", "a:80\\@b:81",
        "127\u{3002}1", "\u{FF11}27.1", "\u{2460}.1", "\u{FF10}x7f.1", "bu\u{308}cher.example", "b\u{FC}cher.example",
        "stra\u{DF}e.example", "\u{FF0F}", "a\u{FF0F}b", "a\u{FF20}b", "a\u{FF1A}80", "a\u{2100}b", "a\u{AD}b",
        "a\u{200B}b", "a\u{200D}b",
        "a\u{2024}b", "xn--a", "xn--", "xn--\u{FC}", "xn--127-", "\u{1F4A9}.example", "a\u{0}b", "\u{FEFF}a",
        "a\u{A0}b", "\u{212A}.example",
        String(repeating: "a", count: 64), String(repeating: "a.", count: 127), String(repeating: "a", count: 300),
    ]

    @Test(arguments: hosts) func bothMeanTheSameHost(host: String) throws {
        for text in [
            "http://\(host)/p", "https://\(host)", "http://\(host)?q", "http:\\\\\(host)\\p", "http:/\(host)/p",
        ] {
            guard let page = PageURL(checking: text) else { continue }
            for page in [page, page.canonical()] { expectAgreement(page, host) }
        }
    }

    private func expectAgreement(_ page: PageURL, _ host: String) {
        let url: WebURL
        do { url = try PageFetcher.url(page) } catch { return }
        #expect(url.port == page.port)
        if let address = url.address {
            #expect(address == IPAddress(page.host.trimming("[]")), "\(host): \(url.text)")
        } else {
            #expect(url.host == page.host, "\(host): \(url.text)")
        }
        // What is connected to is read from the text once more.
        #expect(url.text.hasPrefix(page.origin), "\(host): \(url.text)")
    }

    @Test func mostAreTakenByBoth() {
        for host in [
            "example.com", "127.1", "0x7f.1", "[::ffff:127.0.0.1]", "[::FFFF:7F00:1]", "b\u{FC}cher.example",
            "a_b.example",
        ] {
            #expect(throws: Never.self, "\(host)") { try PageFetcher.url(try PageURL("http://\(host)/")) }
        }
    }
}

extension String {
    fileprivate func trimming(_ characters: String) -> String { filter { !characters.contains($0) } }
}

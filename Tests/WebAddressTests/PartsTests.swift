import Testing

@testable import WebAddress

@Suite struct PartsTests {
    @Test func areCutOutOfTheText() throws {
        let url = try PageURL("HTTPS://User:pa%20ss@Example.COM:8443/a/./b;c?d=e#f")
        #expect(url.text == "https://User:pa%20ss@example.com:8443/a/b;c?d=e" && url.description == url.text)
        #expect(url.scheme == "https" && url.host == "example.com" && url.port == 8443)
        #expect(url.path == "/a/b;c" && url.query == "d=e" && url.target == "/a/b;c?d=e")
        #expect(url.origin == "https://example.com:8443")
        #expect(url.hasCredentials && !url.isAddress)
    }

    @Test func ofTheShortestURL() throws {
        let url = try PageURL("http://h")
        #expect(url.text == "http://h/" && url.scheme == "http" && url.host == "h" && url.port == 80)
        #expect(url.path == "/" && url.query == nil && url.target == "/" && url.origin == "http://h")
        #expect(!url.hasCredentials && !url.isAddress)
    }

    @Test(arguments: [
        ("http://[::1]/a", "::1", "http://[::1]", 80 as UInt16, true),
        ("https://[::1]:81/a", "::1", "https://[::1]:81", 81, true),
        ("http://127.1:80/", "127.0.0.1", "http://127.0.0.1", 80, true),
        ("https://u@h.1a/", "h.1a", "https://h.1a", 443, false),
        ("https://a1/", "a1", "https://a1", 443, false),
        ("https://../", "..", "https://..", 443, false),
        ("http://h:0/", "h", "http://h:0", 0, false),
    ])
    func ofHosts(text: String, host: String, origin: String, port: UInt16, isAddress: Bool) throws {
        let url = try PageURL(text)
        #expect(url.host == host && url.origin == origin && url.port == port && url.isAddress == isAddress)
    }

    @Test func anEmptyQueryIsNoMissingOne() throws {
        let url = try PageURL("http://h/?")
        #expect(url.query == "" && url.path == "/" && url.target == "/?" && url.text == "http://h/?")
        #expect(try url != PageURL("http://h/"))
    }

    @Test func spellingsOfOneURLAreEqual() throws {
        let spellings = ["http://h/a", "HTTP://H:80/a", "http:\\\\h\\b\\..\\a", " http://h/%2e/a#x", "http://@h:/a"]
        #expect(try Set(spellings.map { try PageURL($0) }).count == 1)
        #expect(try PageURL("http://h/a") != PageURL("https://h/a"))
        #expect(try PageURL("http://h/%41") != PageURL("http://h/A"), "which only the canonical form takes for one")
    }

    @Test func everyFaultHasASentenceOfItsOwn() {
        let sentences = URLFault.allCases.map(\.description)
        #expect(Set(sentences).count == sentences.count)
        #expect(sentences.allSatisfy { $0.hasPrefix("The URL") && $0.hasSuffix(".") })
    }

    @Test(arguments: [
        ("example.com", "example.com"), ("www.example.com", "example.com"), ("a.b.example.co.uk", "example.co.uk"),
        ("www.example.com.", "example.com"), ("a.b.github.io", "b.github.io"), ("a.b.unlisted", "b.unlisted"),
        ("www.city.kobe.jp", "city.kobe.jp"), ("a.b.c.kobe.jp", "b.c.kobe.jp"), ("x.www.ck", "www.ck"),
        ("www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"), ("1.example.com", "example.com"),
        ("com", nil), ("co.uk", nil), ("github.io", nil), ("localhost", nil), ("c.kobe.jp", nil), ("公司.cn", nil),
        ("127.0.0.1", nil), ("1.2", nil), ("[2001:db8::1]", nil), ("com.", nil),
    ])
    func registrableDomains(host: String, expected: String?) throws {
        #expect(try PageURL("http://\(host)/").registrableDomain == expected)
    }
}

import Testing

@testable import WebAddress

/// References on a page.
@Suite struct RelativeTests {
    private func expectURLs(
        on base: String, _ rows: [(String, String)], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let base = try PageURL(base)
        expectTable(rows, sourceLocation: sourceLocation) { text throws(URLFault) in try base.resolving(text).text }
    }

    @Test func paths() throws {
        try expectURLs(
            on: "http://h/a/b/c?q#f",
            [
                ("d", "http://h/a/b/d"),
                ("./d", "http://h/a/b/d"),
                ("d/", "http://h/a/b/d/"),
                ("d/e", "http://h/a/b/d/e"),
                (".", "http://h/a/b/"),
                ("./", "http://h/a/b/"),
                ("..", "http://h/a/"),
                ("../", "http://h/a/"),
                ("../d", "http://h/a/d"),
                ("../..", "http://h/"),
                ("../../", "http://h/"),
                ("../../d", "http://h/d"),
                ("../../../d", "http://h/d"),
                ("../../../../..", "http://h/"),
                ("%2e%2e/d", "http://h/a/d"),
                ("..\\d", "http://h/a/d"),
                ("d/../e", "http://h/a/b/e"),
                ("d//e", "http://h/a/b/d//e"),
                (".d", "http://h/a/b/.d"),
                ("...", "http://h/a/b/..."),
                ("/", "http://h/"),
                ("\\", "http://h/"),
                ("/d", "http://h/d"),
                ("\\d", "http://h/d"),
                ("/d/../e", "http://h/e"),
                ("/..", "http://h/"),
                ("/.//d", "http://h//d"),
                (";x=1", "http://h/a/b/;x=1"),
                ("1:2", "http://h/a/b/1:2"),
                ("./a:b", "http://h/a/b/a:b"),
                (":", "http://h/a/b/:"),
                ("d e", "http://h/a/b/d%20e"),
                ("  d  ", "http://h/a/b/d"),
                ("d\n", "http://h/a/b/d"),
                ("ü", "http://h/a/b/%C3%BC"),
                ("d?e", "http://h/a/b/d?e"),
                ("d?e#f", "http://h/a/b/d?e"),
                ("d#e", "http://h/a/b/d"),
                ("http", "http://h/a/b/http"),
                ("@x", "http://h/a/b/@x"),
            ])
    }

    @Test func otherParts() throws {
        try expectURLs(
            on: "http://h/a/b/c?q#f",
            [
                ("", "http://h/a/b/c?q"),
                ("  \n", "http://h/a/b/c?q"),
                ("#", "http://h/a/b/c?q"),
                ("#g", "http://h/a/b/c?q"),
                ("#/../x?y", "http://h/a/b/c?q"),
                ("?", "http://h/a/b/c?"),
                ("?r", "http://h/a/b/c?r"),
                ("?r#g", "http://h/a/b/c?r"),
                ("?r ü'", "http://h/a/b/c?r%20%C3%BC%27"),
                ("//o", "http://o/"),
                ("//O/d", "http://o/d"),
                ("\\\\o\\d", "http://o/d"),
                ("/\\o", "http://o/"),
                ("\\/o", "http://o/"),
                ("///o", "http://o/"),
                ("////o//d", "http://o//d"),
                ("//o:81/d", "http://o:81/d"),
                ("//u:p@o/", "http://u:p@o/"),
                ("//o?r", "http://o/?r"),
                ("//[::1]/", "http://[::1]/"),
                ("//127.1", "http://127.0.0.1/"),
                ("//", "!no_host"),
                ("///", "!no_host"),
                ("//?r", "!no_host"),
                ("//o:x/", "!bad_port"),
                ("//a b/", "!bad_host"),
                ("//1.2.3.4.5/", "!bad_address"),
                ("https://o/d", "https://o/d"),
                ("https:d", "https://d/"),
                ("https:/d", "https://d/"),
                ("https:", "!no_host"),
                ("http://o", "http://o/"),
                ("http:d", "http://h/a/b/d"),
                ("http:/d", "http://h/d"),
                ("HTTP:../d", "http://h/a/d"),
                ("http:", "http://h/a/b/c?q"),
                ("http:?r", "http://h/a/b/c?r"),
                ("http:#g", "http://h/a/b/c?q"),
                ("http:\\\\o", "http://o/"),
                ("http:///o", "http://o/"),
                ("http:/\\o", "http://o/"),
                ("javascript:void(0)", "!wrong_scheme"),
                ("mailto:x@y", "!wrong_scheme"),
                ("a:b", "!wrong_scheme"),
                ("data:,", "!wrong_scheme"),
            ])
    }

    @Test func bases() throws {
        for (base, reference, expected) in [
            ("https://h", "d", "https://h/d"),
            ("https://h", "", "https://h/"),
            ("https://h?q", "d", "https://h/d"),
            ("https://h?q/r", "d", "https://h/d"),
            ("https://h?q", "", "https://h/?q"),
            ("https://h:81/a/b", "c", "https://h:81/a/c"),
            ("https://h:81/a/b", "/c", "https://h:81/c"),
            ("https://h:81/a/b", "//h/c", "https://h/c"),
            ("https://h:81/a/b", "http:c", "http://c/"),
            ("https://u:p@h/a/b", "c", "https://u:p@h/a/c"),
            ("https://u:p@h/a/b", "/c", "https://u:p@h/c"),
            ("https://u:p@h/a/b", "//h/c", "https://h/c"),
            ("http://[::1]:81/a/b", "?c", "http://[::1]:81/a/b?c"),
            ("http://h/a//b", "..", "http://h/a/"),
            ("http://h/a//b", "../..", "http://h/"),
            ("http://h/a/", "../..//c", "http://h//c"),
            ("http://h//", "c", "http://h//c"),
            ("http://h//", "..", "http://h/"),
            ("http://h/a/%2e%2e%2e/b", "..", "http://h/a/"),
        ] {
            let url = try PageURL(base).resolving(reference)
            #expect(url.text == expected, "\(base) \(reference)")
            #expect(try url == PageURL(expected) && url.port == PageURL(expected).port)
        }
    }

    @Test func lengthCountsTheBase() throws {
        let base = try PageURL("http://h/" + String(repeating: "a", count: 4000) + "/b")
        #expect(try base.resolving(String(repeating: "c", count: 86)).text.utf8.count == PageURL.maxLength)
        #expect(throws: URLFault.tooLong) { try base.resolving(String(repeating: "c", count: 87)) }
        #expect(throws: URLFault.tooLong) { try base.resolving(String(repeating: " ", count: 4097)) }
    }

    @Test func queriesAreWrittenInTheCharsetOfTheDocument() throws {
        let latin1 = { (text: String) in
            text.unicodeScalars.flatMap { $0.value < 256 ? [UInt8($0.value)] : Array("%26%23\($0.value)%3B".utf8) }
        }
        let base = try PageURL("http://h/a")
        for (reference, expected) in [
            ("?ü", "http://h/a?%FC"), ("ü?ü#ü", "http://h/%C3%BC?%FC"), ("?日'", "http://h/a?%26%2326085%3B%27"),
            ("//ü.de/?ü", "http://xn--tda.de/?%FC"), ("http://h/?x=ü&y", "http://h/?x=%FC&y"), ("?u", "http://h/a?u"),
        ] {
            #expect(try base.resolving(reference, encodingQuery: latin1).text == expected)
        }
        #expect(
            try base.resolving("?u", encodingQuery: { _ in [0xFF] }).query == "u", "ASCII is the same in every charset")
    }
}

import Testing

@testable import WebAddress

/// Hosts as they stand between `http://` and `/`.
@Suite struct HostTests {
    private func expectHosts(_ rows: [(String, String)], sourceLocation: SourceLocation = #_sourceLocation) {
        expectTable(rows, sourceLocation: sourceLocation) { host throws(URLFault) in
            try PageURL("http://\(host)/").host
        }
    }

    @Test func names() {
        expectHosts([
            ("example.com", "example.com"),
            ("EXAMPLE.Com", "example.com"),
            ("localhost", "localhost"),
            ("a", "a"),
            ("example.com.", "example.com."),
            ("a..b", "a..b"),
            (".", "."),
            ("..", ".."),
            (".a", ".a"),
            ("-", "-"),
            ("-a-.b-", "-a-.b-"),
            ("a_b", "a_b"),
            ("a~b", "a~b"),
            ("a!$&'()*+,;=b", "a!$&'()*+,;=b"),
            ("a`{}\"b", "a`{}\"b"),
            ("1a", "1a"),
            ("1.a", "1.a"),
            ("a.1b", "a.1b"),
            ("a.b1", "a.b1"),
            ("0xg", "0xg"),
            ("1.0xg", "1.0xg"),
            ("a.0x1g", "a.0x1g"),
            ("aa--bb.com", "aa--bb.com"),
            ("xn--fa-hia.de", "xn--fa-hia.de"),
            ("XN--FA-HIA.de", "xn--fa-hia.de"),
            ("xn--", "xn--"),
            ("xn--a", "xn--a"),
            ("xn--8i7caa.example", "xn--8i7caa.example"),
            ("ex\tam\nple\r.com", "example.com"),
        ])
    }

    @Test func encodedNames() {
        expectHosts([
            ("%65xample.com", "example.com"),
            ("EX%41MPLE.com", "example.com"),
            ("%C3%BC.de", "xn--tda.de"),
            ("b%c3%bccher.de", "xn--bcher-kva.de"),
            ("a%2Eb", "a.b"),
            ("%31.2", "1.0.0.2"),
            ("%30x7f.1", "127.0.0.1"),
            ("a%", "!bad_host"),
            ("a%4", "!bad_host"),
            ("a%zz", "!bad_host"),
            ("a%2", "!bad_host"),
            ("a%25b", "!bad_host"),
            ("a%2541", "!bad_host"),
            ("a%00b", "!bad_host"),
            ("a%09b", "!bad_host"),
            ("a%0Ab", "!bad_host"),
            ("a%20b", "!bad_host"),
            ("a%23b", "!bad_host"),
            ("a%2Fb", "!bad_host"),
            ("a%3Ab", "!bad_host"),
            ("a%3Cb", "!bad_host"),
            ("a%3Eb", "!bad_host"),
            ("a%3Fb", "!bad_host"),
            ("a%40b", "!bad_host"),
            ("a%5Bb", "!bad_host"),
            ("a%5Cb", "!bad_host"),
            ("a%5Db", "!bad_host"),
            ("a%5Eb", "!bad_host"),
            ("a%7Cb", "!bad_host"),
            ("a%7Fb", "!bad_host"),
            ("%5B::1%5D", "!bad_host"),
            ("%FF.de", "!bad_name"),
            ("%C3.de", "!bad_name"),
            ("%C3%00%BC.de", "!bad_name"),
        ])
    }

    @Test func forbiddenCharacters() {
        expectHosts([
            ("", "!no_host"),
            ("a b", "!bad_host"),
            (" a", "!bad_host"),
            ("a\u{0}b", "!bad_host"),
            ("a\u{1}b", "!bad_host"),
            ("a\u{1F}b", "!bad_host"),
            ("a\u{7F}b", "!bad_host"),
            ("a<b", "!bad_host"),
            ("a>b", "!bad_host"),
            ("a^b", "!bad_host"),
            ("a|b", "!bad_host"),
            ("a[b", "!bad_host"),
            ("a]b", "!bad_host"),
            ("a[b]", "!bad_host"),
            ("[a", "!bad_address"),
            ("[a]b", "!bad_address"),
            ("a]", "!bad_host"),
        ])
    }

    @Test func internationalNames() {
        expectHosts([
            ("ü.de", "xn--tda.de"),
            ("Ü.DE", "xn--tda.de"),
            ("u\u{308}.de", "xn--tda.de"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("faß.de", "xn--fa-hia.de"),
            ("βόλος.com", "xn--nxasmm1c.com"),
            ("日本語.jp", "xn--wgv71a119e.jp"),
            ("日本語。jp", "xn--wgv71a119e.jp"),
            ("日本語．jp", "xn--wgv71a119e.jp"),
            ("日本語｡jp", "xn--wgv71a119e.jp"),
            ("Ｇｏ．ｃｏｍ", "go.com"),
            ("a\u{AD}b", "ab"),
            ("a\u{200B}b", "ab"),
            ("\u{FEFF}a", "a"),
            ("İ.de", "xn--i-9bb.de"),
            ("ſ.de", "s.de"),
            ("\u{212A}.de", "k.de"),
            ("ﬁ.de", "fi.de"),
            ("ü_b.de", "xn--_b-wka.de"),
            ("ü&b.de", "xn--&b-wka.de"),
            ("ü..b", "xn--tda..b"),
            ("☕.example", "xn--53h.example"),
            ("i❤.ws", "xn--i-7iq.ws"),
            ("☕.ß", "xn--53h.xn--zca"),
            ("½.de", "xn--12-c6t.de"),
            ("א.de", "xn--4db.de"),
            ("مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"),
            ("नी\u{200D}.example", "!bad_name"),
            ("क्\u{200D}ष.example", "xn--11b2ezcw70k.example"),
            ("a\u{200D}b", "!bad_name"),
            ("☕\u{200D}☕.de", "!bad_name"),
            ("1א.de", "!bad_name"),
            ("☕א.de", "!bad_name"),
            ("ü.XN--FA-HIA", "xn--tda.xn--fa-hia"),
            ("ü.xn--53h", "xn--tda.xn--53h"),
            ("ü.xn--fa-ha", "!bad_name"),
            ("ü.xn--", "!bad_name"),
            ("a。xn--", "!bad_name"),
            ("\u{300}a.de", "!bad_name"),
            ("a\u{FFFD}b", "!bad_name"),
            ("a\u{E000}b", "!bad_name"),
            ("a\u{2488}b", "!bad_name"),
            ("xn--a-ü.de", "!bad_name"),
            ("\u{AD}", "!no_host"),
            ("％４１.com", "!bad_host"),
            ("ü b", "!bad_host"),
            ("ü%00b", "!bad_name"),
            ("a／b", "!bad_host"),
            ("a？b", "!bad_host"),
            ("a＠b", "!bad_host"),
            ("a：b", "!bad_host"),
        ])
    }

    /// libidn2 holds labels beyond ASCII to more than the URL Standard does.
    @Test func hyphensOfInternationalNames() {
        expectHosts([("-ü.de", "!bad_name"), ("ü-.de", "!bad_name"), ("aa--ü.de", "!bad_name")])
    }

    @Test func longInternationalNames() {
        let label = String(repeating: "a", count: 600)
        expectHosts([
            (label, label),
            (String(repeating: "ü", count: 64) + ".de", "!bad_name"),
            ("ü." + label, "!bad_name"),
            (String(repeating: "ü.", count: 300), "!bad_name"),
        ])
    }
}

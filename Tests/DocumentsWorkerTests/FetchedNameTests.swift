import HTTPClient
import Testing

@testable import DocumentsWorker

/// What a fetched document is called, whatever its server says.
struct FetchedNameTests {
    @Test(arguments: [
        ("https://a.example/files/report.pdf?sig=secret", "report.pdf"),
        ("https://a.example/files/", "files"), ("https://a.example", "document"),
        ("https://a.example/?file=x.pdf", "document"), ("https://a.example/%2e%2e", "document"),
        ("https://a.example/a%2Fb%5Cc%00%0A.pdf", "c.pdf"), ("https://a.example/na%C3%AFve.txt", "naïve.txt"),
        ("https://a.example/%FF.pdf", "%FF.pdf"),
    ])
    func byTheURL(url: String, name: String) throws {
        #expect(FetchedName.of(try WebURL(url)) == name)
    }

    @Test(arguments: [
        (#"attachment; filename="a b.txt""#, "a b.txt"), ("inline; filename=plain.txt", "plain.txt"),
        (#"ATTACHMENT ; FileName = "a.txt" ; size=3"#, "a.txt"), (#"attachment;filename="a;b.txt""#, "a;b.txt"),
        (#"attachment; filename="a.txt"; filename="b.txt""#, "a.txt"),
        (#"attachment; filename="a\"b.txt""#, "a\"b.txt"),
        (#"attachment; filename="e.txt"; filename*=UTF-8''na%C3%AFve%20one.txt"#, "naïve one.txt"),
        (#"attachment; filename*=iso-8859-1''%E9.txt; filename="e.txt""#, "e.txt"),
        (#"attachment; filename*=UTF-8''%FF.txt; filename="e.txt""#, "e.txt"),
        (#"attachment; filename="../../etc/passwd""#, "passwd"), (#"attachment; filename="C:\\dir\\x.txt""#, "x.txt"),
        ("attachment; filename*=utf-8'en'%2e%2e%2F%00%0D%0A%E2%80%AEfdp.exe", "fdp.exe"),
        ("attachment; filename=\"\u{1B}[2J\u{85}\u{2028}x.txt\"", "[2Jx.txt"),
        (#"attachment; filename="cut off"#, "cut off"),
        // None that can be shown: the URL's.
        ("attachment", "url.pdf"), (#"attachment; filename="""#, "url.pdf"), (#"attachment; filename="..""#, "url.pdf"),
        (#"attachment; filename="a/..""#, "url.pdf"), (#";;=;"";filename"#, "url.pdf"), ("", "url.pdf"),
    ])
    func byItsServer(disposition: String, name: String) throws {
        #expect(FetchedName.of(try WebURL("https://a.example/url.pdf"), disposition: disposition) == name)
    }

    @Test func aLongNameKeepsItsEnd() throws {
        let long = String(repeating: "é", count: 60_000) + ".pdf"
        let name = FetchedName.of(try WebURL("https://a.example/"), disposition: "attachment; filename=\"\(long)\"")
        #expect(name.unicodeScalars.count == Member.longestName && name.hasSuffix("é.pdf"))
    }
}

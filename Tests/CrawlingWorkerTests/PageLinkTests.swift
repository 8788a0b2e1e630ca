import Testing

@testable import CrawlingWorker

@Suite struct PageLinkTests {
    private func links(_ html: String) throws -> [PageLink] {
        try PageExtractor().read(Array(html.utf8), contentType: "text/html; charset=utf-8").links
    }

    @Test("Links keep their order, targets, texts and what the page says of them")
    func kinds() throws {
        let links = try links(
            """
            <head><link rel=next href=?p=2><link rel=prev href=?p=0><link rel="alternate" hreflang=fr href=/fr>
            <link rel=stylesheet href=x.css><link rel=alternate type=application/rss+xml href=/feed></head>
            <a href=" /a ">One <b>two</b><br>three</a><a href=/b rel="NoFollow ugc"><img alt="A picture"></a>
            <map><area href=/c alt=Corner></map><iframe src=/d title=Frame></iframe><a rel=sponsored href=/e><div>x</div><div>y</div></a>
            """)
        #expect(
            links == [
                PageLink(kind: .next, target: "?p=2"), PageLink(kind: .previous, target: "?p=0"),
                PageLink(kind: .alternate(language: "fr"), target: "/fr"),
                PageLink(kind: .anchor, target: "/a", text: "One two three"),
                PageLink(kind: .anchor, target: "/b", text: "A picture", rel: [.nofollow, .ugc]),
                PageLink(kind: .anchor, target: "/c", text: "Corner"),
                PageLink(kind: .frame, target: "/d", text: "Frame"),
                PageLink(kind: .anchor, target: "/e", text: "x y", rel: .sponsored),
            ])
    }

    @Test(
        "What leads to no other page is no link",
        arguments: [
            "#top", "", " ", "javascript:void(0)", "JavaScript:x", "mailto:a@b.example", "data:text/html,x", "tel:+1",
        ])
    func others(target: String) throws {
        #expect(try links("<a href=\"\(target)\">x</a><a name=y>z</a>").isEmpty)
    }

    @Test("Navigation counts, although it is no main text")
    func navigation() throws {
        let html = "<nav><a href=/n>N</a></nav><footer><a href=//x.example/f>F</a></footer>"
        #expect(try links(html).map(\.target) == ["/n", "//x.example/f"])
    }

    @Test("Links and their texts have limits")
    func limits() throws {
        let many = try links((0..<6000).map { "<a href=/\($0)>\(String(repeating: "w ", count: 300))</a>" }.joined())
        #expect(many.count == PageLink.most && many.allSatisfy { $0.text.unicodeScalars.count <= 200 })
    }
}

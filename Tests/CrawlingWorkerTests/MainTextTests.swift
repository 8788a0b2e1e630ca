import Testing

@testable import CrawlingWorker

@Suite struct MainTextTests {
    private func read(_ html: String) throws -> ExtractedPage {
        try PageExtractor().read(Array(html.utf8), contentType: "text/html; charset=utf-8")
    }

    private static func paragraphs(_ count: Int, _ word: String = "river") -> String {
        (1...count).map { "<p>Paragraph \($0) is about the \(word), its banks, and whoever lives there today.</p>" }
            .joined()
    }

    /// What stands around the text of a page: nothing of it may be found.
    static let surroundings = [
        "<nav><ul><li><a href=/>NOISE</a></li></ul></nav>", "<div class=\"site-menu\"><a href=/>NOISE</a></div>",
        "<footer><p>NOISE, all rights reserved, and so on and on.</p></footer>",
        "<div id=sidebar><p>NOISE, a side story.</p></div>",
        "<aside><p>NOISE, what others have read, today.</p></aside>", "<div class='share-buttons'>NOISE</div>",
        "<section class=relatedPosts><h3>NOISE</h3><p>Another story, which is not this one.</p></section>",
        "<div class=cookieConsent><p>NOISE: we use cookies, as everybody does.</p></div>",
        "<div id=comments><p>NOISE is what I think, and I say it.</p></div>", "<div role=navigation>NOISE</div>",
        "<div style='display: none'><p>NOISE, hidden, and never shown.</p></div>", "<p hidden>NOISE.</p>",
        "<script>var NOISE = 1</script>", "<noscript>NOISE</noscript>", "<form><button>NOISE</button></form>",
        "<ul><li><a href=/1>NOISE one</a></li><li><a href=/2>NOISE two</a></li></ul>", "<h2>NOISE</h2>",
        "<div class=newsletter-signup>NOISE</div>", "<div class=breadcrumbs><a href=/>NOISE</a></div>",
    ]

    @Test("What stands around the text is left out, before, in and after it", arguments: surroundings)
    func boilerplate(noise: String) throws {
        let text = Self.paragraphs(4)
        for html in [
            "<body>\(noise)<div>\(text)</div>", "<body><div>\(text)</div>\(noise)",
            "<article>\(text)\(noise)</article>",
            "<body><main><div>\(text)</div>\(noise)</main>", "<body><div><div>\(text)</div></div><div>\(noise)</div>",
        ] {
            let found = try read(html).text
            #expect(
                !found.contains("NOISE") && found.contains("Paragraph 1") && found.contains("Paragraph 4"), "\(html)")
        }
    }

    @Test("Headings, lists, tables, code, quotes and captions of the text stay")
    func structure() throws {
        let page = try read(
            """
            <article><h1>Rivers</h1>\(Self.paragraphs(2))<h2>Lengths</h2><table><tr><th>River<th>km<tr><td>Aare<td>288</table>
            <ul><li>first<li><a href=/x>second</a> of them</ul><pre>let x = 1</pre><blockquote><p>Quoted.</p></blockquote>
            <figure><img alt=NOISE><figcaption>A caption.</figcaption></figure></article>
            """)
        #expect(
            page.markdown == """
                # Rivers

                Paragraph 1 is about the river, its banks, and whoever lives there today.

                Paragraph 2 is about the river, its banks, and whoever lives there today.

                ## Lengths

                | River | km |
                | --- | --- |
                | Aare | 288 |

                - first
                - [second](/x) of them

                ```
                let x = 1
                ```

                > Quoted.

                A caption.

                """)
        #expect(page.wordCount == 42)
    }

    @Test("A name that says boilerplate is not believed where most of the text stands")
    func misleadingNames() throws {
        for name in ["has-sidebar", "widget", "comments", "promo content", "print"] {
            let page = try read("<body><div class='\(name)'>\(Self.paragraphs(5))</div><p>Imprint</p>")
            #expect(page.text.contains("Paragraph 5"), "\(name)")
        }
    }

    @Test("Posts of a thread all count")
    func thread() throws {
        let posts = (1...5).map { "<div class=post><div class=body>\(Self.paragraphs(1, "post\($0)"))</div></div>" }
            .joined()
        let text = try read("<body><nav>NOISE</nav><div id=thread>\(posts)</div>").text
        #expect((1...5).allSatisfy { text.contains("post\($0)") } && !text.contains("NOISE"))
    }

    @Test("A page of links keeps them")
    func index() throws {
        let items = (1...30).map { "<li><a href=/\($0)>Entry \($0)</a>" }.joined()
        let text = try read("<nav>NOISE</nav><main><h1>Index</h1><ul>\(items)</ul></main><footer>NOISE</footer>").text
        #expect(text.contains("Entry 30") && text.contains("Index") && !text.contains("NOISE"))
    }

    @Test("Text without blanks is text")
    func wide() throws {
        let sentence =
            "\u{8FD9}\u{662F}\u{4E00}\u{4E2A}\u{5F88}\u{957F}\u{7684}\u{53E5}\u{5B50}\u{FF0C}\u{8BF4}\u{7684}\u{662F}\u{6CB3}\u{6D41}\u{548C}\u{4EBA}\u{4EEC}\u{3002}"
        let page = try read(
            "<ul><li><a href=/>\u{9996}\u{9875}</a></ul><div>\(String(repeating: "<p>\(sentence)</p>", count: 5))</div>"
        )
        #expect(page.text.split(separator: "\n\n").count == 5 && page.wordCount == 50)
    }

    @Test(
        "Little text is better than none",
        arguments: ["<p>Hello.", "<body>Hello.", "<div class=menu>Hello.</div>", "<h1>Hello.</h1>"])
    func short(html: String) throws {
        #expect(try read(html).text == "Hello.")
    }

    @Test(
        "Pages without anything are read",
        arguments: ["", "<html>", "<frameset><frame src=/x></frameset>", "\0\0", "<!--"])
    func empty(html: String) throws {
        #expect(try read(html).text == "")
    }

    @Test("Hostile pages end in a page or an error")
    func hostile() throws {
        let pages = [
            String(repeating: "<div>", count: 100_000) + "x", String(repeating: "<b><a href=x>", count: 30_000),
            String(repeating: "<table><tr><td>", count: 20_000),
            "<p " + String(repeating: "a=b ", count: 50_000) + ">x",
            "<div class='" + String(repeating: "nav-", count: 100_000) + "'>x</div>",
            String(repeating: "&amp;", count: 100_000),
            String(repeating: "<p>x", count: 100_000), "<title>" + String(repeating: "t", count: 1_000_000),
            String(repeating: "<ul><li>", count: 50_000), String(repeating: "</div>", count: 200_000),
            String(repeating: "<h1>x</h1>", count: 50_000), String(repeating: "<a href=/x>y</a> ", count: 50_000),
        ]
        for html in pages {
            let page = try? read(html)
            #expect(page?.links.count ?? 0 <= PageLink.most)
        }
    }

    @Test("A page has the time it needs and no more")
    func limits() throws {
        var extractor = PageExtractor()
        extractor.outputBytes = 1000
        #expect(throws: (any Error).self) { try extractor.read(Array(Self.paragraphs(50).utf8), contentType: nil) }
        extractor.outputBytes = 1 << 20
        extractor.limits.memoryBytes = 1000
        #expect(throws: (any Error).self) { try extractor.read(Array(Self.paragraphs(50).utf8), contentType: nil) }
    }
}

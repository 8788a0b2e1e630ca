import Testing

@testable import CrawlingWorker

@Suite struct PageFactsTests {
    private func read(_ html: String, robotsTag: String? = nil) throws -> ExtractedPage {
        try PageExtractor().read(Array(html.utf8), contentType: "text/html; charset=utf-8", robotsTag: robotsTag)
    }

    @Test("A page's own words about itself come before those for other sites")
    func ownWords() throws {
        let facts = try read(
            """
            <html lang=" de-CH "><head><base href="/a/"><base href="/b/"><title> Ein\n Titel </title>
            <meta name=Description content="  kurz   und gut "><meta name=author content="A. Muster">
            <meta property=og:title content=Anders><meta property="og:site_name" content="Das Blatt">
            <link rel="shortcut canonical" href=" https://x.example/1 "><link rel=canonical href=/2>
            <meta property=article:published_time content=2024-05-01T10:00:00+02:00>
            <meta name=last-modified content=2024-06-01><meta name=twitter:card content=summary>
            """
        ).facts
        #expect(facts.title == "Ein Titel" && facts.description == "kurz und gut" && facts.author == "A. Muster")
        #expect(facts.language == "de-CH" && facts.siteName == "Das Blatt")
        #expect(facts.base == "/a/" && facts.canonical == "https://x.example/1")
        #expect(facts.published == "2024-05-01T08:00:00Z" && facts.modified == "2024-06-01T00:00:00Z")
        #expect(facts.cards.map(\.name) == ["og:title", "og:site_name", "article:published_time", "twitter:card"])
    }

    @Test("Cards, linked data and the first heading stand in")
    func standIns() throws {
        let cards = try read("<meta property=og:title content=T><meta name=twitter:description content=D><h1>H</h1>")
            .facts
        #expect(cards.title == "T" && cards.description == "D")
        #expect(try read("<body><h1>The <b>only</b> heading</h1>").facts.title == "The only heading")
        let data = try read(
            """
            <script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
              {"@type": "Organization", "name": "Not this"},
              {"@type": ["NewsArticle", "https://schema.org/Article"], "headline": "H", "description": "D", "inLanguage": "fr",
               "author": [{"@type": "Person", "name": "One"}, {"@type": "Person", "name": "Two"}], "publisher": {"name": "P"},
               "datePublished": "2020-01-02", "dateModified": "2020-01-03T04:05:06Z"}]}</script>
            <script type="application/ld+json">{broken</script>
            """
        ).facts
        #expect(data.linkedData.types == ["Organization", "NewsArticle", "Article", "Person"])
        #expect(data.title == "H" && data.description == "D" && data.author == "One, Two" && data.siteName == "P")
        #expect(data.language == "fr" && data.published == "2020-01-02T00:00:00Z")
        #expect(data.modified == "2020-01-03T04:05:06Z")
    }

    static let robots: [(html: String, header: String?, noindex: Bool, nofollow: Bool)] = [
        ("", nil, false, false), ("<meta name=robots content='index, follow'>", nil, false, false),
        ("<meta name=ROBOTS content='NoIndex , nofollow'>", nil, true, true),
        ("<meta name=robots content=none>", nil, true, true),
        ("<meta name=switchyard content=noindex>", nil, true, false),
        ("<meta name=googlebot content=noindex>", nil, false, false),
        ("", "noindex", true, false), ("", "otherbot: noindex, nofollow", false, false),
        ("", "otherbot: noindex, switchyard: nofollow", false, true), ("", "Switchyard: none", true, true),
        ("", "unavailable_after: 25 Jun 2030 15:00:00 PST, nofollow", false, true),
        ("", "max-snippet:-1, noindex", true, false),
    ]

    @Test("Robots directives are those for everybody and for us", arguments: robots.indices)
    func directives(index: Int) throws {
        let sample = Self.robots[index]
        let robots = try read(sample.html, robotsTag: sample.header).facts.robots
        #expect(robots == RobotsDirectives(noindex: sample.noindex, nofollow: sample.nofollow))
    }

    static let refreshes: [(String, PageFacts.Refresh?)] = [
        ("0; url=/there", .init(seconds: 0, target: "/there")),
        ("5;URL='http://x.example/a b'", .init(seconds: 5, target: "http://x.example/a b")),
        ("3.5, url = \"/q\" x", .init(seconds: 3, target: "/q")), ("30", nil), ("soon; url=/x", nil), ("0; url=", nil),
        ("", nil),
    ]

    @Test("A refresh leads somewhere or is none", arguments: refreshes.indices)
    func refresh(index: Int) throws {
        let (content, expected) = Self.refreshes[index]
        #expect(PageFacts.Refresh(content: content) == expected)
        let quoted = content.replacing("\"", with: "&quot;")
        #expect(try read("<meta http-equiv=Refresh content=\"\(quoted)\">").facts.refresh == expected)
    }

    @Test("Facts have limits")
    func limits() throws {
        let cards = (0..<200).map { "<meta property=og:x\($0) content=y>" }.joined()
        let long = String(repeating: "x", count: 100_000)
        let facts = try read("<title>\(long)</title><link rel=canonical href=/\(long)>" + cards).facts
        #expect(facts.cards.count == 64 && facts.title?.utf8.count == 1000 && facts.canonical == nil)
    }
}

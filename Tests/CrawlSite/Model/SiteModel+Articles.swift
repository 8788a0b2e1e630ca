extension SiteModel {
    /// Each host names its articles in a way of its own: by number, slug, date and query.
    func articleURL(_ host: Host, _ number: Int) -> SiteURL {
        var random = Random(seed, 1, UInt64(host.rawValue), UInt64(number))
        let slug = Words.slug(&random)
        return switch host {
        case .www: SiteURL(host, "/articles/\(1000 + number)")
        case .docs: SiteURL(host, "/guide/\(number % 10 == 0 ? "~" : "")\(slug)-\(number).html")
        case .blog: SiteURL(host, "/\(2015 + number % 9)/\(10 + number % 3)/\(slug)-\(number)")
        case .forum: SiteURL(host, "/thread?id=\(number)&view=all")
        case .slow: SiteURL(host, "/reports/\(slug)-\(number)/")
        }
    }

    func topicURL(_ host: Host, _ number: Int) -> SiteURL {
        var random = Random(seed, 2, UInt64(host.rawValue), UInt64(number))
        return SiteURL(host, "/topics/\(Words.coined(&random))-\(number)/")
    }

    func article(_ host: Host, _ number: Int) -> Page {
        let url = articleURL(host, number)
        var random = Random(seed, 3, UInt64(host.rawValue), UInt64(number))
        let paragraphs = Words.text(words: 250 + random.below(900), &random)
        let title = "\(Words.coined(&random).capitalized) and \(Words.coined(&random)), part \(number)"
        let tag = String(Random(seed, url).peeked, radix: 16)
        return Page(
            url: url, kind: "article",
            headers: [("ETag", "\"\(tag)\""), ("Last-Modified", Self.lastModified)],
            body: .document(
                Document(
                    title: title, paragraphs: paragraphs, head: metadata(title, url, paragraphs[0]),
                    padding: 2000 + random.below(14) * random.below(1600))),
            behaviour: host == .slow && mode == .full ? .delayed(milliseconds: 200 + random.below(300)) : .immediate,
            links: articleLinks(host, number, &random))
    }

    static let lastModified = "Tue, 01 Oct 2024 08:00:00 GMT"

    private func metadata(_ title: String, _ url: SiteURL, _ text: String) -> String {
        let link = url.absolute(port: port)
        return """
            <meta name="description" content="\(text.prefix(140))">
            <meta property="og:title" content="\(title)"><meta property="og:type" content="article">
            <meta property="og:url" content="\(escaped(link))">
            <meta property="article:published_time" content="2024-03-\(10 + text.utf8.count % 19)T08:00:00Z">
            <link rel="canonical" href="\(escaped(link))"><link rel="stylesheet" href="/static/site.css">
            <script type="application/ld+json">
            {"@context":"https://schema.org","@type":"Article","headline":"\(title)"}
            </script>
            """
    }

    /// 30 to 60 links: the menu, the topic, neighbours, related ones of the same host and a few of others.
    private func articleLinks(_ host: Host, _ number: Int, _ random: inout Random) -> [Link] {
        let count = articles[host.rawValue]
        var links = menu(host).map(Link.to)
        links.append(.to(topicURL(host, number / Self.articlesPerTopic)))
        if number > 0 { links.append(.to(articleURL(host, number - 1))) }
        if number + 1 < count { links.append(.to(articleURL(host, number + 1))) }
        for _ in 0..<16 + random.below(25) { links.append(.to(articleURL(host, random.below(count)))) }
        for _ in 0..<3 { links.append(.to(topicURL(host, random.below(topics(host))))) }
        for _ in 0..<2 {
            let other = random.pick(Host.allCases.filter { articles[$0.rawValue] > 0 })
            links.append(.to(articleURL(other, random.below(articles[other.rawValue]))))
        }
        if mode == .full, random.below(100) == 0 {
            links.append(.to(SiteURL(host, "/lost/\(number % 20)")))
        }
        links += Self.outside
        return links
    }

    /// Links that lead nowhere in scope.
    private static let outside: [Link] = [
        .written("mailto:desk@shop.localhost"), .written("javascript:void(0)"), .written("tel:+1-555-0100"),
        .written("https://www.example.org/share?u=1"), .written("ftp://ftp.example.org/pub"),
        .written("//cdn.example.net/"),
        .written("http://[bad"),
    ]

    func topic(_ host: Host, _ number: Int) -> Page {
        let url = topicURL(host, number)
        let first = number * Self.articlesPerTopic
        let last = min(first + Self.articlesPerTopic, articles[host.rawValue])
        var random = Random(seed, url)
        return Page(
            url: url, kind: "topic",
            body: .document(
                Document(title: "Topic \(number)", paragraphs: Words.text(words: 120, &random), padding: 800)),
            behaviour: host == .slow && mode == .full ? .delayed(milliseconds: 200) : .immediate,
            links: menu(host).map(Link.to) + (first..<last).map { .to(articleURL(host, $0)) })
    }

    /// The links that each page of a host has.
    func menu(_ host: Host) -> [SiteURL] {
        ["/", "/about", "/contact", "/terms"].map { SiteURL(host, $0) }
    }

    func plainPages(_ host: Host) -> [Page] {
        menu(host).dropFirst().map { html($0, "plain", links: menu(host).map(Link.to)) }
    }

    func root(_ host: Host, labs: [SiteURL]) -> Page {
        let topics = (0..<topics(host)).map { topicURL(host, $0) }
        let others = Host.allCases.filter { $0 != host }.map { SiteURL($0, "/") }
        return html(SiteURL(host, "/"), "root", links: (menu(host) + others + labs + topics).map(Link.to))
    }

    /// A page with a short text of its own.
    func html(
        _ url: SiteURL, _ kind: String, _ outcome: Outcome = .page, head: String = "", before: String = "",
        headers: [(String, String)] = [], links: [Link] = [], isParsed: Bool = true
    ) -> Page {
        var random = Random(seed, url)
        let paragraphs = Words.text(words: 150 + random.below(150), &random)
        return Page(
            url: url, kind: kind, outcome: outcome, headers: headers,
            body: .document(
                Document(
                    title: "\(Words.coined(&random).capitalized) (\(kind))", paragraphs: paragraphs, head: head,
                    before: before, padding: 400)),
            links: links, isParsed: isParsed)
    }
}

extension Random {
    /// The next number, without taking it.
    var peeked: UInt64 {
        var copy = self
        return copy.next()
    }
}

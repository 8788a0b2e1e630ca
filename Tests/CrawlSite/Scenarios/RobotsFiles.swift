/// How a host answers `/robots.txt`.
enum RobotsAnswer: Sendable {
    case text(String)
    case missing
    case redirect(SiteURL)
}

extension SiteModel {
    /// The answer at a URL whose path ends in `/robots.txt`; nil when there is none.
    func robotsAnswer(at url: SiteURL) -> RobotsAnswer? {
        guard mode == .full else {
            return url.target == "/robots.txt" ? .text("User-agent: *\nDisallow: /private/\n") : nil
        }
        return switch (url.host, url.target) {
        case (.www, "/robots.txt"):
            .text(Self.groups + "\nSitemap: \(SiteURL(.www, "/sitemaps/index.xml").absolute(port: port))\n")
        case (.docs, "/robots.txt"):
            .text(Self.patterns + "\nSitemap: \(SiteURL(.docs, "/sitemap.xml").absolute(port: port))\n")
        case (.blog, "/robots.txt"): .missing
        case (.forum, "/robots.txt"): .redirect(SiteURL(.forum, "/moved/robots.txt"))
        case (.forum, "/moved/robots.txt"): .redirect(SiteURL(.docs, "/forum/robots.txt"))
        case (.docs, "/forum/robots.txt"): .text(Self.redirected)
        case (.slow, "/robots.txt"): .text("User-agent: *\nCrawl-delay: 0.5\nDisallow: /hidden/\n")
        default: nil
        }
    }

    /// The rules of a host, redirects followed.
    func robots(_ host: Host, agent: String) -> Robots {
        var url = SiteURL(host, "/robots.txt")
        for _ in 0..<5 {
            switch robotsAnswer(at: url) {
            case .text(let text): return Robots(text, agent: agent)
            case .redirect(let next): url = next
            case .missing, nil: return .allowingAll
            }
        }
        return .allowingAll
    }

    private static let groups = """
        # Rules for several robots, in the forms of RFC 9309.
        User-agent: *
        Disallow: /star-only/

        User-agent: otherbot
        User-agent: badbot
        Disallow: /otherbot/
        Disallow: /

        USER-AGENT: SwitchYard   # names are compared without regard to case
        disallow: /private/
        Allow: /private/open/
        Disallow: *.gif$
        Disallow: /example/
        Allow: /publications/
        Allow: /example/page.html
        Allow: /example/allowed.gif
        Allow: /example/page/
        Disallow: /example/page/disallowed.gif
        Disallow: /tie/
        Allow: /tie/
        Disallow: /comment/  # up to here
        Disallow: /Case/
        Disallow: /prefix
        Allow:
        Disallow:
        Unknown: /empty-allow/

        User-agent: quxbot

        User-agent: bazbot
        User-agent: switchyard

        Crawl-delay: 0
        Disallow: /shared-group/
        Allow: /shared-group/open

        User-agent: Switchyard
        Disallow: /second-group/
        """

    private static let patterns = """
        User-agent: *
        Disallow: /fish
        Disallow: /bird/
        Disallow: /a/*.php
        Disallow: /b/*.asp$
        Disallow: /one/*/two/*/three
        Disallow: /foo/bar?baz=quz
        Disallow: /foo/bar/ツ
        Disallow: /foo/two/%E3%83%84
        Disallow: /foo/bar/%62%61%7A
        Disallow: /path/file-with-a-%2A.html
        Disallow: /path/foo-%24
        Disallow: /*?sort=
        Disallow: /*&sort=
        Disallow: /end$
        Disallow: /deep
        Allow: /deep/open
        Allow: /d
        """

    private static let redirected = """
        User-agent: *
        Disallow: /members/
        Disallow: /search
        Disallow: /reply$
        Disallow: /moved/
        """
}

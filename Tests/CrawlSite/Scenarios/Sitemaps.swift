extension Scenario {
    /// Sitemaps and the pages that only they name (sitemaps.org, protocol 0.9).
    static func sitemaps(_ host: Host, _ model: SiteModel) -> Scenario {
        var scenario = Scenario(host, "sitemaps")
        if host == .docs {
            scenario.add(
                set: "/sitemap.xml", model, extra: [scenario.url("/fish/from-sitemap"), model.articleURL(.docs, 0)])
            scenario.pages.append(model.html(scenario.url("/fish/from-sitemap"), "forbidden"))
            return scenario
        }
        let parts = ["/sitemaps/news.xml", "/sitemaps/archive.xml.gz", "/sitemaps/bomb.xml", "/sitemaps/index.xml"]
        let items = parts.map { "<sitemap><loc>\(scenario.url($0).absolute(port: model.port))</loc></sitemap>" }
        scenario.add(
            sitemap: "/sitemaps/index.xml", body: "<sitemapindex xmlns=\"\(space)\">\(items.joined())</sitemapindex>",
            links: parts.map(scenario.url))
        scenario.add(set: parts[0], model)
        scenario.add(set: parts[1], model)
        scenario.add(sitemap: parts[2], body: bomb, links: [], outcome: .sitemapRefused)
        return scenario
    }

    private static let space = "http://www.sitemaps.org/schemas/sitemap/0.9"

    /// Entities that would expand to a gigabyte.
    private static var bomb: String {
        var text = "<!DOCTYPE urlset [<!ENTITY e0 \"laughter \">"
        for level in 1...9 {
            text += "<!ENTITY e\(level) \"\(String(repeating: "&e\(level - 1);", count: 10))\">"
        }
        return text + "]><urlset xmlns=\"\(space)\"><url><loc>&e9;</loc></url></urlset>"
    }

    private mutating func add(set target: String, _ model: SiteModel, extra: [SiteURL] = []) {
        let own = (0..<20).map { url("/only-in-sitemap/\(target.split(separator: "/").last ?? "")-\($0)") }
        for page in own { pages.append(model.html(page, "sitemap only")) }
        let items = (own + extra).map {
            "<url><loc>\(escaped($0.absolute(port: model.port)))</loc><lastmod>2024-10-01</lastmod></url>\n"
        }
        add(
            sitemap: target, body: "<urlset xmlns=\"\(Self.space)\">\n\(items.joined())</urlset>",
            links: own + extra)
    }

    private mutating func add(sitemap target: String, body: String, links: [SiteURL], outcome: Outcome = .sitemap) {
        let bytes = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(body)".utf8)
        let isCompressed = target.hasSuffix(".gz")
        pages.append(
            Page(
                url: url(target), kind: "sitemap", outcome: outcome,
                headers: [("Content-Type", isCompressed ? "application/gzip" : "application/xml")],
                body: .bytes(isCompressed ? Gzip.stored(bytes) : bytes), links: links.map(Link.to)))
    }
}

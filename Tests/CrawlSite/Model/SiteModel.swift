/// The one description of the site, from which it is served and from which `Expected` computes what a crawl fetches.
///
/// What is assumed of the crawl, so that either side can be adjusted:
/// - Seeds are the roots of the five hosts, the scope is these hosts on this port; `control.localhost` is out of
///   scope.
/// - Canonical URLs: those of the WHATWG (dot segments, white space, back slashes, host in lower case, the port as a
///   number); and escapes of unreserved characters undone and others in capitals (RFC 3986, 6.2.2); fragments,
///   `utm_*`, `gclid`, `fbclid` and `PHPSESSID` removed. Queries are not sorted.
/// - Links are those of `a` elements with `href`, resolved against `base`; `rel=nofollow` and robots directives
///   (`meta`, by the name robots or the agent's own; `X-Robots-Tag`, with and without an agent) are obeyed; `noindex`
///   pages are fetched and their links followed. Images, scripts and styles are not fetched. Only `text/html` with
///   status 200 is parsed.
/// - Duplicates, near-duplicates and pages with a canonical elsewhere have their links followed too. A canonical is
///   always linked as well, so it does not matter whether it counts as a link.
/// - Sitemaps are those that robots.txt names, nothing is guessed; one with entity declarations is refused as a
///   whole; each URL of one is at depth 1.
/// - Ten redirects are followed, so the eleventh answer of a chain is the last that is fetched. A redirect's target
///   is held to scope, robots.txt and bounds, and is fetched once, also when pages link to it.
/// - robots.txt: a redirect is followed also to another host; 404 allows all. Paths that end in `/robots.txt` are not
///   in the list.
/// - Skipped by their looks: more than 20 segments, one segment more than 3 times, more than 8 query parameters, more
///   than 2,000 bytes from the scheme on.
/// - A template is a host, a path in which segments that are numbers, dates or hexadecimal are replaced, and the
///   sorted query names. When a URL is about to be fetched, its template must have had less than 100 fetches and 10
///   for each that brought a page that was no exact or near duplicate of one before. All endless traps are chains in
///   which a page is found only through the one before it, so what is fetched does not depend on timing; other
///   templates stay below 100 or have new content alone.
/// - Bodies above 8 MiB, inflated or not, and more than 300 KB of headers are refused; a page may take 30 s at most.
/// - The query of a request is only known decoded: the log spells it anew.
struct SiteModel: Sendable {
    enum Mode: String, Sendable { case full, bench }

    private enum Source: Sendable {
        case article(Int)
        case topic(Int)
        case stored(Int)
    }

    let seed: UInt64
    let port: UInt16
    let mode: Mode
    /// How many articles each host has, by its raw value.
    let articles: [Int]
    private var index: [SiteURL: Source] = [:]
    private var stored: [Page] = []

    static let articlesPerTopic = 45

    init(pages: Int, seed: UInt64, port: UInt16, mode: Mode) {
        self.seed = seed
        self.port = port
        self.mode = mode
        // A tenth is left for what is no article; the slow host has few pages, because each costs half a second and
        // more.
        let slow = mode == .bench ? pages / 5 : min(40, pages / 20)
        let others = mode == .bench ? pages - slow : pages * 9 / 10 - slow
        articles = Host.allCases.map { $0 == .slow ? slow : others / 4 + ($0 == .www ? others % 4 : 0) }
        for host in Host.allCases {
            for article in 0..<articles[host.rawValue] { index[articleURL(host, article)] = .article(article) }
            for topic in 0..<topics(host) { index[topicURL(host, topic)] = .topic(topic) }
        }
        let scenarios = scenarios()
        for page in scenarios.flatMap({ $0.pages + [$0.hub(self)] }) { store(page) }
        for host in Host.allCases {
            store(root(host, labs: scenarios.filter { $0.host == host }.map(\.hubURL)))
            for page in plainPages(host) { store(page) }
        }
    }

    func topics(_ host: Host) -> Int {
        (articles[host.rawValue] + Self.articlesPerTopic - 1) / Self.articlesPerTopic
    }

    /// What is at this URL; nil where nothing is.
    func page(at url: SiteURL) -> Page? {
        switch index[url] {
        case .article(let number): article(url.host, number)
        case .topic(let number): topic(url.host, number)
        case .stored(let place): stored[place]
        case nil: mode == .full ? trap(at: url) : nil
        }
    }

    /// Whether the page is there by itself, and not made up by a trap.
    func isStored(_ url: SiteURL) -> Bool { index[url] != nil }

    /// All that is there by itself.
    var storedURLs: [SiteURL] { Array(index.keys) }

    private mutating func store(_ page: Page) {
        precondition(index[page.url] == nil, "two pages at \(page.url)")
        index[page.url] = .stored(stored.count)
        stored.append(page)
    }

    private func scenarios() -> [Scenario] {
        guard mode == .full else { return Host.allCases.map { Scenario.moved($0, self) } }
        return [
            .redirects(self), .groups(self), .patterns(self), .directives(self), .duplicates(self), .traps(self),
            .facets(self), .loops(self), .visits(self), .queries(self), .charsets(self), .formats(self),
            .failures(self),
            .sitemaps(.www, self), .sitemaps(.docs, self), .links(self), .open(self),
        ]
    }
}

extension Random {
    /// Numbers that belong to one URL.
    init(_ seed: UInt64, _ url: SiteURL) {
        // FNV-1a: Swift's own hashes differ from run to run.
        let hash = url.target.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        self.init(seed, UInt64(url.host.rawValue), hash)
    }
}

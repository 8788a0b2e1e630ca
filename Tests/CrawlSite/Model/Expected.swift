/// What a correct crawl fetches of the site, computed from the model's links by the rules that `SiteModel` states.
struct Expected {
    struct Row: Sendable {
        let url: SiteURL
        let kind: String
        let outcome: Outcome
    }

    private struct Budget {
        var fetches = 0
        var news = 0
        var isSpent: Bool { fetches >= Bounds.pagesPerTemplate + Bounds.pagesPerNewPage * news }
    }

    private let model: SiteModel
    private let robots: [Robots]
    private(set) var rows: [Row] = []
    private var queue: [SiteURL] = []
    private var seen: Set<SiteURL> = []
    private var nofollowed: Set<SiteURL> = []
    private var families: Set<String> = []
    private var budgets: [String: Budget] = [:]

    /// Walks the site breadth-first.
    init(_ model: SiteModel, agent: String) {
        self.model = model
        robots = Host.allCases.map { model.robots($0, agent: agent) }
        for host in Host.allCases { discover(SiteURL(host, "/")) }
        discoverSitemaps()
        var next = 0
        while next < queue.count {
            visit(queue[next])
            next += 1
        }
        let unseen = nofollowed.subtracting(seen)
        rows += unseen.map { Row(url: $0, kind: "nofollow", outcome: .nofollow) }
        rows.sort { ($0.url.host.name, $0.url.target) < ($1.url.host.name, $1.url.target) }
    }

    private mutating func discoverSitemaps() {
        for host in Host.allCases {
            let prefix = SiteURL(host, "").absolute(port: model.port)
            for text in robots[host.rawValue].sitemaps where text.hasPrefix(prefix) {
                discover(SiteURL(host, String(text.dropFirst(prefix.count))))
            }
        }
    }

    private mutating func discover(_ url: SiteURL) {
        if seen.insert(url).inserted { queue.append(url) }
    }

    /// Fetches a URL and follows its redirects.
    private mutating func visit(_ start: SiteURL) {
        var url = start
        for hop in 0...Bounds.maxRedirects {
            guard let page = fetch(url, hop: hop), let target = page.redirect, hop < Bounds.maxRedirects,
                seen.insert(target).inserted
            else { return }
            url = target
        }
    }

    /// One request; nil when it may not be made, or nothing is there.
    private mutating func fetch(_ url: SiteURL, hop: Int) -> Page? {
        if Bounds.refuses(url, port: model.port) { return skip(url, .trapSkipped) }
        if !robots[url.host.rawValue].allows(url.target) { return skip(url, .robots) }
        let template = Bounds.template(url)
        var budget = budgets[template] ?? Budget()
        if budget.isSpent { return skip(url, .trapSkipped) }
        budget.fetches += 1
        defer { budgets[template] = budget }
        guard let page = model.page(at: url) else {
            rows.append(Row(url: url, kind: "missing", outcome: .missing))
            return nil
        }
        if page.isNews, page.family.map({ families.insert($0).inserted }) ?? true { budget.news += 1 }
        let isTooFar = page.redirect != nil && hop == Bounds.maxRedirects
        rows.append(Row(url: url, kind: page.kind, outcome: isTooFar ? .redirectLimit : page.outcome))
        if page.isParsed { follow(page) }
        return page
    }

    private mutating func follow(_ page: Page) {
        for link in page.links {
            guard let url = link.url else { continue }
            if link.isNofollow { nofollowed.insert(url) } else { discover(url) }
        }
    }

    private mutating func skip(_ url: SiteURL, _ outcome: Outcome) -> Page? {
        rows.append(Row(url: url, kind: model.page(at: url)?.kind ?? "missing", outcome: outcome))
        return nil
    }
}

extension Page {
    /// Whether the page can bring something new: it is one, and arrives.
    fileprivate var isNews: Bool {
        guard status == 200, case .document = body else { return false }
        return outcome != .timeout
    }
}

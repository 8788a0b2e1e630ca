/// What the site answers at one URL, and what a correct crawl makes of it.
struct Page: Sendable {
    let url: SiteURL
    /// Why the page is there, in one word or two.
    let kind: String
    /// How the page ends when it is fetched by the rules.
    var outcome = Outcome.page
    var status = 200
    var headers: [(String, String)] = []
    var body: Body
    var behaviour = Behaviour.immediate
    /// The links in the order of the document; those of a sitemap too.
    var links: [Link] = []
    /// Where a redirect leads within the site.
    var redirect: SiteURL?
    /// False when the page forbids to follow its links, or is none that is parsed.
    var isParsed = true
    /// The same for all pages whose main text is equal or nearly so; nil when it is like no other.
    var family: String?
}

/// What is sent.
enum Body: Sendable {
    case document(Document)
    case bytes([UInt8])
    /// So many bytes of text, made while they are sent.
    case flood(Int)
    /// A gzip stream that inflates to so many bytes.
    case bomb(Int)
}

/// How the answer comes.
enum Behaviour: Sendable, Equatable {
    case immediate
    case delayed(milliseconds: Int)
    /// The first tries are answered with this status, after which all is well.
    case failing(tries: Int, status: Int, retryAfter: Int)
    /// The connection of the first tries is cut in the middle of the answer.
    case cut(tries: Int)
    /// A few bytes now and then, for ever.
    case trickle
}

/// A link of a page.
struct Link: Sendable {
    /// Where it leads within the site; nil for links that no crawl of the five hosts follows.
    var url: SiteURL?
    /// The attribute as it is written, entities included; nil when a spelling is to be chosen.
    var href: String?
    var isNofollow = false

    static func to(_ url: SiteURL) -> Link { Link(url: url) }
    static func written(_ href: String, _ url: SiteURL? = nil) -> Link { Link(url: url, href: href) }
}

/// The states in which a URL may end.
enum Outcome: String, Sendable {
    case page
    case redirect
    case redirectLimit = "redirect_limit"
    case redirectLoop = "redirect_loop"
    case redirectOut = "redirect_out_of_scope"
    case redirectBroken = "redirect_broken"
    case sitemap
    case sitemapRefused = "sitemap_refused"
    case noindex
    case canonical
    case duplicate
    case nearDuplicate = "near_duplicate"
    case missing
    case gone
    case serverError = "server_error"
    case soft404
    case botwall
    case timeout
    case tooLarge = "too_large"
    case headersTooLarge = "headers_too_large"
    case notParsed = "not_parsed"
    case empty
    // What is not fetched.
    case robots
    case nofollow
    case trapSkipped = "trap_skipped"

    var isFetched: Bool {
        switch self {
        case .robots, .nofollow, .trapSkipped: false
        default: true
        }
    }
}

/// A group of pages that show one matter, with a hub that links to where it begins.
struct Scenario {
    let host: Host
    let name: String
    var pages: [Page] = []
    var entries: [Link] = []

    init(_ host: Host, _ name: String) {
        self.host = host
        self.name = name
    }

    var hubURL: SiteURL { SiteURL(host, "/lab/\(name)") }

    func url(_ target: String) -> SiteURL { SiteURL(host, target) }

    /// Adds a page and, unless it is to be found otherwise, a link to it.
    mutating func add(_ page: Page, isEntry: Bool = true) {
        pages.append(page)
        if isEntry { entries.append(.to(page.url)) }
    }

    func hub(_ model: SiteModel) -> Page { model.html(hubURL, "hub", links: entries) }
}

extension SiteModel {
    /// A redirect; `location` is sent as it is, and leads to `target` if that is in the site.
    func redirect(
        _ url: SiteURL, _ status: Int, _ location: String?, to target: SiteURL?, _ outcome: Outcome = .redirect
    ) -> Page {
        Page(
            url: url, kind: "redirect", outcome: outcome, status: status,
            headers: location.map { [("Location", $0)] } ?? [], body: .bytes([]), redirect: target, isParsed: false)
    }

    func redirect(_ url: SiteURL, _ status: Int, _ target: SiteURL, _ outcome: Outcome = .redirect) -> Page {
        redirect(url, status, target.absolute(port: port), to: target, outcome)
    }
}

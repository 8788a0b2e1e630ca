extension Scenario {
    /// All codes, chains, loops, relative and bad locations, and what lies behind a border.
    static func redirects(_ model: SiteModel) -> Scenario {
        var scenario = Scenario(.www, "redirects")
        let home = { SiteURL(.www, $0) }
        for status in [301, 302, 303, 307, 308] {
            let target = home("/landed/\(status)")
            scenario.add(model.redirect(home("/moved/\(status)"), status, target))
            scenario.add(model.html(target, "redirect target"), isEntry: false)
        }
        scenario.chain(model, "short", hops: 5)
        scenario.chain(model, "long", hops: 14)
        scenario.relatives(model)
        scenario.add(model.redirect(home("/moved/self"), 302, home("/moved/self"), .redirectLoop))
        scenario.add(model.redirect(home("/moved/ping"), 302, home("/moved/pong"), .redirectLoop))
        scenario.add(model.redirect(home("/moved/pong"), 302, home("/moved/ping"), .redirectLoop), isEntry: false)
        let across = SiteURL(.docs, "/landed/from-www")
        scenario.add(model.redirect(home("/moved/across"), 301, across))
        scenario.add(model.html(across, "redirect target"), isEntry: false)
        scenario.add(model.redirect(home("/moved/known"), 301, model.articleURL(.blog, 0)))
        scenario.add(model.redirect(home("/moved/forbidden"), 301, home("/private/landed")))
        scenario.add(model.html(home("/private/landed"), "forbidden"), isEntry: false)
        for (name, location) in [
            ("out", "https://www.example.org/"), ("control", "http://control.localhost:\(model.port)/__log"),
            ("file", "file:///etc/passwd"), ("script", "javascript:alert(1)"),
        ] { scenario.add(model.redirect(home("/moved/\(name)"), 302, location, to: nil, .redirectOut)) }
        scenario.add(model.redirect(home("/moved/nowhere"), 302, nil, to: nil, .redirectBroken))
        scenario.add(model.redirect(home("/moved/lost"), 302, home("/lost/behind-redirect")))
        return scenario
    }

    private mutating func chain(_ model: SiteModel, _ name: String, hops: Int) {
        for hop in 0..<hops {
            add(
                model.redirect(url("/\(name)/hop\(hop)"), hop % 2 == 0 ? 301 : 302, url("/\(name)/hop\(hop + 1)")),
                isEntry: hop == 0)
        }
        add(model.html(url("/\(name)/hop\(hops)"), "redirect target"), isEntry: false)
    }

    private mutating func relatives(_ model: SiteModel) {
        for (name, location) in [
            ("name", "landed-name"), ("up", "../../landed/relative-up"), ("root", "/landed/relative-root#part"),
            ("dots", "/landed/./x/../relative-dots"), ("query", "?landed=query"),
            ("scheme", "//\(Host.www.name):\(model.port)/landed/relative-scheme"),
        ] {
            let target =
                switch name {
                case "name": "/moved/relative/landed-name"
                case "query": "/moved/relative/query?landed=query"
                default: "/landed/relative-\(name)"
                }
            add(model.redirect(url("/moved/relative/\(name)"), 301, location, to: url(target)))
            add(model.html(url(target), "redirect target"), isEntry: false)
        }
    }

    /// The redirects of the bench: old addresses of articles, and links that robots.txt forbids.
    static func moved(_ host: Host, _ model: SiteModel) -> Scenario {
        var scenario = Scenario(host, "moved")
        for number in 0..<min(20, model.articles[host.rawValue]) {
            let old = SiteURL(host, "/old/\(number)")
            scenario.add(model.redirect(old, number % 2 == 0 ? 301 : 302, model.articleURL(host, number)))
            scenario.add(model.html(SiteURL(host, "/private/\(number)"), "forbidden"))
        }
        return scenario
    }
}

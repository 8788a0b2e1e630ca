extension Scenario {
    /// `noindex` and `nofollow` in all their places; each page has a child that nothing else links to.
    static func directives(_ model: SiteModel) -> Scenario {
        var scenario = Scenario(.docs, "directives")
        let meta = { (name: String, content: String) in "<meta name=\"\(name)\" content=\"\(content)\">" }
        for (name, head, outcome, follows) in [
            ("meta-noindex", meta("robots", "noindex"), Outcome.noindex, true),
            ("meta-nofollow", meta("robots", "nofollow"), .page, false),
            ("meta-both", meta("robots", "noindex, nofollow"), .noindex, false),
            ("meta-none", meta("ROBOTS", "None"), .noindex, false),
            ("meta-capitals", "<META CONTENT='NOFOLLOW' NAME='Robots'>", .page, false),
            ("meta-own", meta("switchyard", "nofollow"), .page, false),
            ("meta-other", meta("otherbot", "noindex,nofollow"), .page, true),
            ("meta-all", meta("robots", "all, index, follow"), .page, true),
        ] { scenario.addFamily(model, name, outcome, follows: follows, head: head) }
        for (name, values, outcome, follows) in [
            ("header-noindex", ["noindex"], Outcome.noindex, true), ("header-nofollow", ["nofollow"], .page, false),
            ("header-two", ["noindex", "nofollow"], .noindex, false),
            ("header-own", ["switchyard: noindex, nofollow"], .noindex, false),
            ("header-other", ["otherbot: noindex, nofollow"], .page, true),
        ] {
            let headers = values.map { ("X-Robots-Tag", $0) }
            scenario.addFamily(model, name, outcome, follows: follows, headers: headers)
        }
        scenario.addRelations(model)
        return scenario
    }

    private mutating func addFamily(
        _ model: SiteModel, _ name: String, _ outcome: Outcome, follows: Bool, head: String = "",
        headers: [(String, String)] = []
    ) {
        let child = url("/directives/\(name)/child")
        add(
            model.html(
                url("/directives/\(name)"), "directive", outcome, head: head, headers: headers, links: [.to(child)],
                isParsed: follows))
        add(model.html(child, "directive child"), isEntry: false)
    }

    /// Links with `nofollow`, beside ones that only look so.
    private mutating func addRelations(_ model: SiteModel) {
        for (name, isNofollow) in [
            ("nofollow", true), ("noopener NoFollow ugc", true), ("nofollower", false), ("next", false),
        ] {
            let target = url("/directives/rel-\(name.replacing(" ", with: "-"))")
            pages.append(model.html(target, "rel"))
            // The attribute is written by hand because all else of the site has none.
            entries.append(Link(url: target, href: "\(target.target)\" rel=\"\(name)", isNofollow: isNofollow))
        }
        // A page that is linked both ways is fetched.
        let both = url("/directives/both-ways")
        pages.append(model.html(both, "rel"))
        entries.append(Link(url: both, href: "\(both.target)\" rel=\"nofollow", isNofollow: true))
        entries.append(.to(both))
    }
}

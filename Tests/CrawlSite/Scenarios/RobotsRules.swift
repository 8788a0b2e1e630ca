/// A path, and what a person who reads RFC 9309 says about it: `check` compares the matcher with it.
struct RobotsCase: Sendable {
    let host: Host
    let target: String
    let isAllowed: Bool
}

extension RobotsCase {
    /// Groups, on www (2.2.1, 5.1), for the agent `switchyard`.
    static let groups: [RobotsCase] = [
        ("/star-only/a", true), ("/otherbot/a", true), ("/private/a", false), ("/private/open/a", true),
        ("/second-group/a", false), ("/shared-group/a", false), ("/shared-group/open", true),
        ("/publications/a.gif", true), ("/images/a.gif", false), ("/example/", false), ("/example/page.html", true),
        ("/example/page.htm", false),
        ("/example/allowed.gif", true), ("/example/page/a", true), ("/example/page/disallowed.gif", false),
        ("/example/page/disallowed.gif?x=1", false), ("/tie/a", true), ("/comment/a", false), ("/Case/a", false),
        ("/case/a", true), ("/prefix", false), ("/prefixed/a", false), ("/empty-allow/a", true),
    ].map { RobotsCase(host: .www, target: $0.0, isAllowed: $0.1) }

    /// Special characters and escapes, on docs (2.2.2, 2.2.3), for every agent.
    static let patterns: [RobotsCase] = [
        ("/fish", false), ("/fish.html", false), ("/fish/salmon", false), ("/Fish", true), ("/catfish", true),
        ("/bird/", false), ("/bird", true), ("/bird/owl?id=1", false), ("/a/x.php", false), ("/a/x.php?p=1", false),
        ("/a/x.php5", false), ("/a/php", true), ("/b/x.asp", false), ("/b/x.asp?p=1", true), ("/b/x.asp/", true),
        ("/one/1/two/2/three", false), ("/one/two", true), ("/foo/bar?baz=quz", false), ("/foo/bar?baz=qu", true),
        ("/foo/bar/%E3%83%84", false), ("/foo/two/%E3%83%84", false), ("/foo/bar/baz", false),
        ("/path/file-with-a-%2A.html", false), ("/path/file-with-a-x.html", true), ("/path/foo-$", false),
        ("/path/foo-x", true), ("/list?sort=up", false), ("/list?page=1&sort=up", false), ("/list?page=1", true),
        ("/end", false), ("/ending", true), ("/end/", true), ("/deep/open/x", true), ("/deep/shut/x", false),
    ].map { RobotsCase(host: .docs, target: $0.0, isAllowed: $0.1) }

    /// Rules that arrive through redirects, on forum (2.3.1.2).
    static let redirected: [RobotsCase] = [
        ("/members/1", false), ("/members-list", true), ("/search?q=x", false), ("/reply", false), ("/replies", true),
    ].map { RobotsCase(host: .forum, target: $0.0, isAllowed: $0.1) }

    /// On the host with a delay.
    static let delayed = [
        RobotsCase(host: .slow, target: "/hidden/a", isAllowed: false),
        RobotsCase(host: .slow, target: "/shown/a", isAllowed: true),
    ]

    static let all = groups + patterns + redirected + delayed
}

extension Scenario {
    static func groups(_ model: SiteModel) -> Scenario {
        rules(RobotsCase.groups + RobotsCase.redirected + RobotsCase.delayed, Scenario(.www, "groups"), model)
    }

    static func patterns(_ model: SiteModel) -> Scenario {
        rules(RobotsCase.patterns, Scenario(.docs, "patterns"), model)
    }

    private static func rules(_ cases: [RobotsCase], _ start: Scenario, _ model: SiteModel) -> Scenario {
        var scenario = start
        for rule in cases { scenario.add(model.html(SiteURL(rule.host, rule.target), "robots rule")) }
        return scenario
    }

    /// A host whose robots.txt is missing allows everything.
    static func open(_ model: SiteModel) -> Scenario {
        var scenario = Scenario(.blog, "open")
        for name in ["private", "admin", "cgi-bin"] {
            scenario.add(model.html(SiteURL(.blog, "/\(name)/"), "no robots.txt"))
        }
        return scenario
    }
}

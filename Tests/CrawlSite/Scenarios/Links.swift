extension Scenario {
    /// Every spelling of a link, each to a page that nothing else links to; and what only looks like a link.
    static func links(_ model: SiteModel) -> Scenario {
        var scenario = Scenario(.www, "links")
        for spelling in Spelling.allCases {
            let target = scenario.url("/spelled/\(spelling)")
            var random = Random(model.seed, target)
            let href = spelling.href(to: target, from: scenario.hubURL, port: model.port, &random)
            scenario.pages.append(model.html(target, "spelling"))
            scenario.entries.append(.written(href, target))
        }
        for (href, target) in [
            ("/a/%2e%2E/spelled/escaped-dots", "/spelled/escaped-dots"),
            ("/spelled/query?x=1&amp;y=%7e%c3%a4#z", "/spelled/query?x=1&y=~%C3%A4"),
            ("../../../../spelled/above-the-root", "/spelled/above-the-root"), ("/spelled/a b", "/spelled/a%20b"),
            ("&#47;spelled&sol;named", "/spelled/named"),
        ] {
            scenario.pages.append(model.html(scenario.url(target), "spelling"))
            scenario.entries.append(.written(href, scenario.url(target)))
        }
        scenario.entries.append(.written("#top", scenario.hubURL))
        scenario.entries.append(.written("", scenario.hubURL))
        scenario.addBase(model)
        return scenario
    }

    private mutating func addBase(_ model: SiteModel) {
        let target = url("/based/on/this")
        let bait = """
            <!-- <a href="/never/comment">no</a> --><script>var x = '<a href="/never/script">no</a>';</script>
            <textarea><a href="/never/textarea">no</a></textarea><img src="/static/picture.png" alt="">
            <a name="anchor">no address</a>
            """
        add(
            model.html(
                url("/odd/base"), "base", head: "<base href=\"/based/on/x\">", before: bait,
                links: [.written("this", target)]))
        add(model.html(target, "base child"), isEntry: false)
    }
}

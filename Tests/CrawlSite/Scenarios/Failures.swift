extension Scenario {
    /// Errors that pass, errors that stay, and answers that never end.
    static func failures(_ model: SiteModel) -> Scenario {
        var scenario = Scenario(.forum, "failures")
        let passing: [(String, Behaviour)] = [
            ("busy", .failing(tries: 2, status: 503, retryAfter: 1)),
            ("many", .failing(tries: 1, status: 429, retryAfter: 1)),
            ("cut", .cut(tries: 1)), ("slow", .delayed(milliseconds: 500)),
        ]
        for (name, behaviour) in passing {
            var page = model.html(SiteURL(.slow, "/flaky/\(name)"), "passing fault")
            page.behaviour = behaviour
            scenario.add(page)
        }
        var trickle = model.html(SiteURL(.slow, "/endless"), "trickle", .timeout, isParsed: false)
        trickle.behaviour = .trickle
        scenario.add(trickle)
        for (host, name, status, outcome) in [
            (Host.slow, "broken", 500, Outcome.serverError), (.forum, "missing", 404, .missing),
            (.forum, "gone", 410, .gone),
        ] {
            var page = model.html(
                SiteURL(host, "/errors/\(name)"), "error", outcome, links: [.written("/never/from-an-error")],
                isParsed: false)
            page.status = status
            scenario.add(page)
        }
        scenario.entries.append(.to(scenario.url("/lost/forever")))
        return scenario
    }
}

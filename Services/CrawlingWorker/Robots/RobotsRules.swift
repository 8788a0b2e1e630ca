/// The rules of a robots.txt for one crawler.
struct RobotsRules: Sendable, Equatable {
    /// The time between two requests that the file asks for, at most `RobotsFile.maximumCrawlDelay`; nil when it does not say.
    let crawlDelay: Duration?
    /// The rules in the order in which they decide.
    private let rules: [RobotsRule]

    init(_ rules: [RobotsRule], crawlDelay: Duration?) {
        self.rules = rules.sorted { $0.outranks($1) }
        self.crawlDelay = crawlDelay
    }

    /// Whether a target may be fetched: the path and query of a URL, such as `/a/b?c=d`.
    func decision(target: String) -> RobotsDecision {
        let target = RobotsText.target(target)
        if target.elementsEqual("/robots.txt".utf8) { return .allowed(by: nil) }
        guard let rule = rules.first(where: { $0.matches(target) }) else { return .allowed(by: nil) }
        return rule.kind == .allow ? .allowed(by: rule) : .disallowed(by: rule)
    }
}

/// Whether a URL may be fetched, and by which rule.
enum RobotsDecision: Sendable, Equatable {
    /// By a rule, or because no rule is about it.
    case allowed(by: RobotsRule?)
    case disallowed(by: RobotsRule)
    /// Not before the host's robots.txt could be read.
    case postponed

    var isAllowed: Bool {
        if case .allowed = self { true } else { false }
    }
}

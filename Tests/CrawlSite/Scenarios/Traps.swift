import Foundation

/// What has no end. Its pages are not stored but follow from their URLs; all are chains, see `SiteModel`.
extension Scenario {
    /// A calendar, month after month, all of them alike but for the date.
    static func traps(_ model: SiteModel) -> Scenario { entry(.www, "calendar", "/calendar/2020/01") }
    /// A list of products that can be narrowed and sorted in all combinations, and has pages in each.
    static func facets(_ model: SiteModel) -> Scenario { entry(.www, "facets", "/products") }
    /// Relative links that make the path longer: the same segments again, and always another one.
    static func loops(_ model: SiteModel) -> Scenario { entry(.docs, "loops", "/maze/", "/stairs/") }
    /// Each view gives out a new number for the next.
    static func visits(_ model: SiteModel) -> Scenario { entry(.blog, "visits", "/lobby") }

    /// Ever more parameters, and URLs that are just short enough and too long.
    static func queries(_ model: SiteModel) -> Scenario {
        var scenario = entry(.forum, "queries", "/filter?p1=1")
        for length in [1900, 2100] {
            scenario.add(model.html(SiteURL(.forum, "/long/" + String(repeating: "x", count: length)), "long URL"))
        }
        return scenario
    }

    private static func entry(_ host: Host, _ name: String, _ targets: String...) -> Scenario {
        var scenario = Scenario(host, name)
        scenario.entries = targets.map { .to(SiteURL(host, $0)) }
        return scenario
    }
}

extension SiteModel {
    /// The page of an endless trap at this URL; nil when there is none.
    func trap(at url: SiteURL) -> Page? {
        let segments = url.path.split(separator: "/")
        return switch (url.host, segments.first) {
        case (.www, "calendar"): calendar(url, segments.dropFirst().compactMap { Int($0) })
        case (.www, "products"): segments.count == 1 ? facets(url) : nil
        case (.docs, "maze"): maze(url)
        case (.docs, "stairs"): stairs(url, Array(segments))
        case (.blog, "lobby"): lobby(url)
        case (.forum, "filter"): filter(url)
        default: nil
        }
    }

    private func calendar(_ url: SiteURL, _ numbers: [Int]) -> Page? {
        guard numbers.count == 2, (2020...9999).contains(numbers[0]), (1...12).contains(numbers[1]) else { return nil }
        let month = numbers[0] * 12 + numbers[1] - 1
        let first = 2020 * 12
        let at = { (month: Int) in
            SiteURL(.www, "/calendar/\(month / 12)/" + (month % 12 < 9 ? "0" : "") + "\(month % 12 + 1)")
        }
        guard at(month) == url else { return nil }
        return alike(
            url, "calendar", isFirst: month == first, line: "Nothing is planned for \(numbers[0])-\(numbers[1]).",
            links: [at(month + 1)] + (month > first ? [at(month - 1)] : []))
    }

    private func lobby(_ url: SiteURL) -> Page? {
        var value: UInt64 = 0
        if let query = url.query {
            guard query.hasPrefix("visit="), query.count == 22, let number = UInt64(query.dropFirst(6), radix: 16)
            else { return nil }
            value = number
        }
        let next = Random(seed, value, 77).peeked
        // All digits there, so that its form is the same for each.
        let text = String(next | 1 << 63, radix: 16)
        return alike(
            url, "lobby", isFirst: url.query == nil, line: "Welcome.", links: [SiteURL(.blog, "/lobby?visit=\(text)")])
    }

    private func maze(_ url: SiteURL) -> Page? {
        let rest = url.target.dropFirst("/maze".count)
        guard rest == "/" + String(repeating: "a/b/", count: rest.count / 4) else { return nil }
        return html(url, "maze", links: [.written("a/b/", SiteURL(.docs, url.target + "a/b/"))])
    }

    private func stairs(_ url: SiteURL, _ segments: [Substring]) -> Page? {
        let floors = (1..<max(1, segments.count)).map { "floor-\($0)/" }
        guard url.target == "/stairs/" + floors.joined() else { return nil }
        let next = "floor-\(segments.count)/"
        return html(url, "stairs", links: [.written(next, SiteURL(.docs, url.target + next))])
    }

    private func filter(_ url: SiteURL) -> Page? {
        guard let count = url.query?.split(separator: "&").count, count > 0 else { return nil }
        let query = { (count: Int) in
            SiteURL(.forum, "/filter?" + (1...count).map { "p\($0)=1" }.joined(separator: "&"))
        }
        guard query(count) == url else { return nil }
        return html(url, "filter", links: [.to(query(count + 1))])
    }

    /// A page of a trap: 3,000 words that are the same on all of its pages, and a line of its own. In so long a text
    /// a line changes no more than a bit or two of a SimHash.
    func alike(_ url: SiteURL, _ family: String, isFirst: Bool, line: String, links: [SiteURL]) -> Page {
        var random = Random(seed, SiteURL(url.host, family))
        return Page(
            url: url, kind: family, outcome: isFirst ? .page : .nearDuplicate,
            body: .document(
                Document(title: family.capitalized, paragraphs: Words.text(words: 3000, &random) + [line])),
            links: (menu(url.host) + links).map(Link.to), family: family)
    }
}

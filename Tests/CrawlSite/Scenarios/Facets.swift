/// A choice among the products: at most one value of each of three facets, and with all three a page number.
///
/// There are 100 choices without a page, at most 48 in one template, and 2,832 with: these form one chain through all
/// combinations.
private struct Choice {
    static let names = ["color", "size", "sort"]
    static let values = [["red", "green", "blue", "black"], ["s", "m", "l", "xl"], ["price", "name", "new"]]
    static let lastPage = 60

    var chosen: [Int?] = [nil, nil, nil]
    var page: Int?

    init() {}

    init?(_ query: Substring?) {
        for part in query?.split(separator: "&") ?? [] {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { return nil }
            if pair[0] == "page" {
                page = Int(pair[1])
            } else {
                guard let facet = Self.names.firstIndex(of: String(pair[0])),
                    let value = Self.values[facet].firstIndex(of: String(pair[1]))
                else { return nil }
                chosen[facet] = value
            }
        }
        if let page { guard (2...Self.lastPage).contains(page), !chosen.contains(nil) else { return nil } }
    }

    var url: SiteURL {
        var parts = zip(0..., chosen).compactMap { facet, value in
            value.map { "\(Self.names[facet])=\(Self.values[facet][$0])" }
        }
        if let page { parts.append("page=\(page)") }
        return SiteURL(.www, parts.isEmpty ? "/products" : "/products?" + parts.joined(separator: "&"))
    }

    /// All choices that differ in one facet, without a page.
    var neighbours: [Choice] {
        chosen.indices.flatMap { facet in
            Self.values[facet].indices.map { value in
                var next = self
                next.page = nil
                next.chosen[facet] = value
                return next
            }
        }
    }

    /// The next of the chain, which begins behind the first of all combinations.
    var successor: Choice? {
        var next = self
        if page == nil {
            guard chosen == [0, 0, 0] else { return nil }
            next.page = 2
        } else if let page, page < Self.lastPage {
            next.page = page + 1
        } else {
            next.page = 2
            for facet in chosen.indices.reversed() {
                let value = (next.chosen[facet] ?? 0) + 1
                if value < Self.values[facet].count {
                    next.chosen[facet] = value
                    return next
                }
                next.chosen[facet] = 0
            }
            return nil
        }
        return next
    }
}

extension SiteModel {
    func facets(_ url: SiteURL) -> Page? {
        guard let choice = Choice(url.query), choice.url == url else { return nil }
        let links = choice.neighbours + (choice.successor.map { [$0] } ?? [])
        return alike(url, "products", isFirst: url.query == nil, line: "As chosen.", links: links.map(\.url))
    }
}

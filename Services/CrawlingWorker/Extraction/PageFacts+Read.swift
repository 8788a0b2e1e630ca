import Markup

extension PageFacts {
    /// How long the facts may be, in scalars, and how many cards are kept.
    private static let longest = 1000
    private static let mostCards = 64
    private static let mostScripts = 16
    private static let longestTarget = 4096

    /// Reads what the elements of a page say about it.
    ///
    /// - Parameter product: the token by which a robots meta element may be for this crawler only.
    mutating func read(_ tree: PageTree, product: String) {
        var heading: String?
        var scripts = 0
        for (index, item) in tree.nodes.enumerated() {
            switch item.tag {
            case .html: set(\.language, item.node["lang"] ?? item.node["xml:lang"])
            case .title: if title == nil { set(\.title, item.node.directText) }
            case .base: setTarget(\.base, item.node["href"])
            case .meta: readMeta(item.node, product: product)
            case .link: if item.node.hasRel("canonical") { setTarget(\.canonical, item.node["href"]) }
            case .script where scripts < Self.mostScripts:
                guard item.node["type"]?.lowercased().hasPrefix("application/ld+json") == true else { continue }
                scripts += 1
                if let text = item.node.child(0) { linkedData.add(text.textBytes) }
            case .h1 where heading == nil: heading = tree.text(below: index, limit: Self.longest)
            case .time where published == nil:
                if let time = item.node["datetime"],
                    item.node["pubdate"] != nil || item.node["itemprop"] == "datePublished"
                {
                    setTime(\.published, time)
                }
            default: break
            }
        }
        complete(heading: heading)
    }

    /// Takes from cards and linked data what the page's own elements do not say.
    private mutating func complete(heading: String?) {
        func card(_ names: String...) -> String? {
            for name in names { if let card = cards.first(where: { $0.name == name }) { return card.value } }
            return nil
        }
        if title == nil { set(\.title, card("og:title", "twitter:title") ?? linkedData.headline ?? heading) }
        if description == nil {
            set(\.description, card("og:description", "twitter:description") ?? linkedData.description)
        }
        if siteName == nil { set(\.siteName, card("og:site_name") ?? linkedData.publisher) }
        if author == nil { set(\.author, linkedData.author) }
        if language == nil { set(\.language, linkedData.language ?? card("og:locale")) }
        language = language.map { $0.replacing("_", with: "-") }
        // What is for machines is better kept than what is for readers.
        setTime(\.published, linkedData.published)
        setTime(\.modified, linkedData.modified)
        setTime(\.modified, card("og:updated_time"))
    }

    private mutating func readMeta(_ node: HTMLNode, product: String) {
        guard let content = node["content"] else { return }
        if let pragma = node["http-equiv"]?.lowercased() {
            if pragma == "refresh", refresh == nil { refresh = Refresh(content: content) }
            if pragma == "content-language" { set(\.language, content) }
        }
        guard let name = (node["property"] ?? node["name"] ?? node["itemprop"])?.lowercased() else { return }
        if name.hasPrefix("og:") || name.hasPrefix("twitter:") || name.hasPrefix("article:")
            || name.hasPrefix("product:"),
            cards.count < Self.mostCards
        {
            cards.append(Card(name: name.clipped(to: 100), value: content.collapsingBlanks().clipped(to: Self.longest)))
        }
        switch name {
        case "robots", product.lowercased(): robots.add(content: content)
        case "description", "dc.description", "dcterms.description": set(\.description, content)
        case "author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author":
            if !content.contains("://") { set(\.author, content) }
        case "application-name": set(\.siteName, content)
        case "language", "dc.language": set(\.language, content)
        case "article:published_time", "datepublished", "date", "dc.date", "dcterms.created", "dc.date.issued",
            "pubdate",
            "parsely-pub-date", "sailthru.date", "publishdate":
            setTime(\.published, content)
        case "article:modified_time", "datemodified", "dcterms.modified", "last-modified": setTime(\.modified, content)
        default: break
        }
    }

    /// Sets what is not set yet.
    private mutating func set(_ field: WritableKeyPath<PageFacts, String?>, _ value: String?) {
        guard self[keyPath: field] == nil, let value = value?.collapsingBlanks(), !value.isEmpty else { return }
        self[keyPath: field] = value.clipped(to: Self.longest)
    }

    private mutating func setTarget(_ field: WritableKeyPath<PageFacts, String?>, _ value: String?) {
        guard self[keyPath: field] == nil, let value = value?.trimmingBlanks(), !value.isEmpty,
            value.utf8.count <= Self.longestTarget
        else { return }
        self[keyPath: field] = value
    }

    private mutating func setTime(_ field: WritableKeyPath<PageFacts, String?>, _ value: String?) {
        guard self[keyPath: field] == nil, let value = value?.trimmingBlanks() else { return }
        self[keyPath: field] = Timestamp.rfc3339(value)
    }
}

extension PageFacts.Refresh {
    /// Reads `5; url=/there` (WHATWG HTML, "shared declarative refresh steps"); nil without a target.
    init?(content: String) {
        let text = content.trimmingBlanks()
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        var rest = text.dropFirst(digits.count).drop { "0123456789.".contains($0) }
        guard !digits.isEmpty || rest.isEmpty == false else { return nil }
        rest = rest.drop { $0 == " " || $0 == ";" || $0 == "," }
        guard rest.prefix(3).lowercased() == "url" else { return nil }
        rest = rest.dropFirst(3).drop { $0 == " " }
        guard rest.first == "=" else { return nil }
        rest = rest.dropFirst().drop { $0 == " " }
        if let quote = rest.first, quote == "\"" || quote == "'" { rest = rest.dropFirst().prefix { $0 != quote } }
        guard !rest.isEmpty, rest.utf8.count <= 4096 else { return nil }
        self.init(seconds: Int(digits) ?? 0, target: String(rest))
    }
}

extension HTMLNode {
    /// Whether `rel` has a word.
    func hasRel(_ word: String) -> Bool {
        self["rel"]?.lowercased().split(whereSeparator: \.isWhitespace).contains { $0 == word } ?? false
    }
}

extension PageTree {
    /// The text below an element, with one blank for each run of them, cut to so many scalars.
    func text(below index: Int, limit: Int) -> String {
        var bytes: [UInt8] = []
        var place = index + 1
        while place < Int(nodes[index].end), bytes.count < 4 * limit {
            let node = nodes[place]
            guard let tag = node.tag else {
                bytes += node.node.textBytes.prefix(4 * limit)
                place += 1
                continue
            }
            if tag.isBlock || tag == .br { bytes.append(0x20) }
            if tag == .img, let name = node.node["alt"] { bytes += name.utf8.prefix(4 * limit) }
            place = tag.holdsNoText ? Int(node.end) : place + 1
        }
        return String(decoding: bytes, as: UTF8.self).collapsingBlanks().clipped(to: limit)
    }
}

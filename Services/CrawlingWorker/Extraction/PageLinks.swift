import Markup

extension PageLink {
    /// Of a page; a page with more is a list for machines.
    static let most = 5000
    private static let longestText = 200
    private static let longestTarget = 4096

    /// The links of a page in its order.
    static func all(_ tree: PageTree) -> [PageLink] {
        var links: [PageLink] = []
        for (index, item) in tree.nodes.enumerated() where links.count < most {
            switch item.tag {
            case .a, .area:
                guard let target = target(item.node["href"]) else { continue }
                let text = item.tag == .area ? item.node["alt"] ?? "" : tree.text(below: index, limit: longestText)
                links.append(
                    PageLink(kind: .anchor, target: target, text: text.clipped(to: longestText), rel: Rel(item.node)))
            case .iframe, .frame:
                guard let target = target(item.node["src"]), target != "about:blank" else { continue }
                let name = (item.node["title"] ?? "").collapsingBlanks()
                links.append(PageLink(kind: .frame, target: target, text: name.clipped(to: longestText)))
            case .link:
                guard let kind = Kind(item.node), let target = target(item.node["href"]) else { continue }
                links.append(PageLink(kind: kind, target: target))
            default: break
            }
        }
        return links
    }

    /// A target that may lead to another page: no jump within this one, no script, no data.
    private static func target(_ value: String?) -> String? {
        guard let target = value?.trimmingBlanks(), !target.isEmpty, target.utf8.count <= longestTarget,
            target.utf8.first != UInt8(ascii: "#")
        else { return nil }
        let scheme = target.utf8.prefix { $0.isASCIILetter }
        guard target.utf8.dropFirst(scheme.count).first == UInt8(ascii: ":") else { return target }
        switch String(decoding: scheme, as: UTF8.self).lowercased() {
        case "javascript", "data", "mailto", "tel", "sms", "blob", "about", "file", "whatsapp": return nil
        default: return target
        }
    }
}

extension PageLink.Rel {
    fileprivate init(_ node: HTMLNode) {
        self = []
        guard let rel = node["rel"] else { return }
        for word in rel.split(whereSeparator: \.isWhitespace) {
            switch word.lowercased() {
            case "nofollow": insert(.nofollow)
            case "ugc": insert(.ugc)
            case "sponsored": insert(.sponsored)
            default: break
            }
        }
    }
}

extension PageLink.Kind {
    /// What a `link` element leads to, of those that lead to pages.
    fileprivate init?(_ node: HTMLNode) {
        let words = (node["rel"] ?? "").lowercased().split(whereSeparator: \.isWhitespace)
        if words.contains("next") {
            self = .next
        } else if words.contains("prev") || words.contains("previous") {
            self = .previous
        } else if words.contains("alternate"), let language = node["hreflang"], !words.contains("stylesheet") {
            self = .alternate(language: language.trimmingBlanks().clipped(to: 35))
        } else {
            return nil
        }
    }
}

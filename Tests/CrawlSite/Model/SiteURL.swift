/// The five names that the site serves.
enum Host: Int, CaseIterable, Sendable {
    case www, docs, blog, forum, slow

    var name: String {
        switch self {
        case .www: "www.shop.localhost"
        case .docs: "docs.shop.localhost"
        case .blog: "blog.shop.localhost"
        case .forum: "forum.other.localhost"
        case .slow: "slow.other.localhost"
        }
    }

    init?(name: String) {
        guard let host = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = host
    }
}

/// One URL of the site, without its scheme and port, in the canonical spelling.
struct SiteURL: Hashable, Sendable {
    let host: Host
    /// Path and query as they stand in a request line.
    let target: String

    init(_ host: Host, _ target: String) {
        self.host = host
        self.target = target
    }

    var path: Substring { target.prefix { $0 != "?" } }
    var query: Substring? { target.firstIndex(of: "?").map { target[target.index(after: $0)...] } }

    func absolute(port: UInt16) -> String { "http://\(host.name):\(port)\(target)" }
}

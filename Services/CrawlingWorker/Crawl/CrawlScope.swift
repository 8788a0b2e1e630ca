import Pattern
import WebAddress

/// Which URLs belong to a crawl.
struct CrawlScope: Sendable {
    private let hosts: Set<String>
    private let domains: Set<String>
    private let prefixes: [String]
    private let isAnywhere: Bool
    private let allow: [Pattern]
    private let deny: [Pattern]

    /// Makes the scope of a crawl that begins at these URLs.
    ///
    /// - Throws: `PatternError` for an expression that cannot be compiled.
    init(_ spec: WebCrawling.Scope, seeds: [PageURL]) throws(PatternError) {
        var hosts = Set(spec.hosts.map { $0.lowercased() })
        var domains: Set<String> = []
        var prefixes: [String] = []
        switch spec.within {
        case .host: hosts.formUnion(seeds.map(\.host))
        case .domain:
            for seed in seeds {
                // An address, or a name that is a public suffix itself, stands for itself.
                if let domain = seed.registrableDomain { domains.insert(domain) } else { hosts.insert(seed.host) }
            }
        case .prefix: prefixes = seeds.map { Self.folder(of: $0) }
        case .anywhere: break
        }
        (self.hosts, self.domains, self.prefixes) = (hosts, domains, prefixes)
        isAnywhere = spec.within == .anywhere
        var compiled: [[Pattern]] = []
        for list in [spec.allow, spec.deny] {
            var patterns: [Pattern] = []
            for expression in list { patterns.append(try Pattern(expression)) }
            compiled.append(patterns)
        }
        (allow, deny) = (compiled[0], compiled[1])
    }

    /// Whether the URL, in its canonical form, belongs to the crawl.
    func contains(_ url: PageURL) -> Bool {
        guard reaches(url) else { return false }
        guard !allow.isEmpty || !deny.isEmpty else { return true }
        let text = url.text
        return (allow.isEmpty || allow.contains { $0.matches(text) }) && !deny.contains { $0.matches(text) }
    }

    /// Whether the host, or the prefix, belongs to it, whatever the expressions say.
    func reaches(_ url: PageURL) -> Bool {
        if isAnywhere || hosts.contains(url.host) { return true }
        if !prefixes.isEmpty { return prefixes.contains { url.text.hasPrefix($0) } }
        return !domains.isEmpty && url.registrableDomain.map(domains.contains) ?? false
    }

    /// The URL up to the last slash of its path.
    private static func folder(of url: PageURL) -> String {
        let path = url.path
        return url.origin + path[...(path.lastIndex(of: "/") ?? path.startIndex)]
    }
}

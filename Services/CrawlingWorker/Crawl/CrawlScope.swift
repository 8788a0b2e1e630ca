import Pattern
import WebAddress
import WorkerKit

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
    /// - Throws: `JobFailure` `invalid_expression` for one that cannot be compiled.
    init(_ spec: WebCrawling.Scope, seeds: [PageURL]) throws(JobFailure) {
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
        allow = try Self.compiled(spec.allow, of: "scope/allow")
        deny = try Self.compiled(spec.deny, of: "scope/deny")
    }

    private static func compiled(_ expressions: [String], of member: String) throws(JobFailure) -> [Pattern] {
        var patterns: [Pattern] = []
        for (index, expression) in expressions.enumerated() {
            do {
                patterns.append(try Pattern(expression))
            } catch {
                throw JobFailure(
                    code: "invalid_expression", message: "\(member)/\(index) is no regular expression: \(error).")
            }
        }
        return patterns
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

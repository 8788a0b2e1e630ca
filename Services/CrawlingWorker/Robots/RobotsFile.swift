/// A robots.txt (RFC 9309): groups of rules for crawlers, and where the sitemaps are.
///
/// Anything is a valid file: what cannot be understood is skipped.
struct RobotsFile: Sendable, Equatable {
    /// How many bytes of a file count (RFC 9309, section 2.5); a line that lies across the limit does not.
    static let maximumSize = 500 * 1024
    /// The longest delay that a file can ask for.
    static let maximumCrawlDelay = Duration.seconds(300)
    /// How many sitemaps count.
    static let maximumSitemaps = 500
    /// The length in bytes to which a sitemap's URL counts.
    static let maximumURLLength = 2048

    private struct Group: Equatable {
        var agents: [String] = []
        var rules: [RobotsRule] = []
        var crawlDelay: Duration?
    }

    private var groups: [Group] = []
    /// The absolute http and https URLs of the `Sitemap` lines as they stand there, each once, in their order.
    private(set) var sitemaps: [String] = []

    /// Reads a file in UTF-8; bytes that are none are compared as they are.
    init(_ bytes: [UInt8]) {
        var isNamingAgents = false
        var seen: Set<String> = []
        Self.eachLine(of: bytes) { line, number in
            switch RobotsLine(line) {
            case .agent(let agent):
                if !isNamingAgents { groups.append(Group()) }
                isNamingAgents = true
                groups[groups.count - 1].agents.append(agent)
            case .rule(let kind, let path):
                // An empty rule ends the list of agents too; rules before the first agent are nobody's.
                isNamingAgents = false
                guard !groups.isEmpty, let rule = RobotsRule(kind, path: path, line: number) else { return }
                groups[groups.count - 1].rules.append(rule)
            case .crawlDelay(let delay):
                // It is no line of the RFC's, so it must not change which rules belong together.
                guard !groups.isEmpty else { return }
                groups[groups.count - 1].crawlDelay = max(delay, groups[groups.count - 1].crawlDelay ?? .zero)
            case .sitemap(let url):
                if sitemaps.count < Self.maximumSitemaps, seen.insert(url).inserted { sitemaps.append(url) }
            case nil: break
            }
        }
    }

    /// What the file says to a crawler, given its user agent or product token: the rules of every group that names it, or else of those for
    /// everybody. Choose once and ask often.
    func rules(for agent: String) -> RobotsRules {
        let token = RobotsLine.productToken(agent.utf8)
        let own = token.isEmpty ? [] : groups.filter { $0.agents.contains(token) }
        let chosen = own.isEmpty ? groups.filter { $0.agents.contains("*") } : own
        return RobotsRules(chosen.flatMap(\.rules), crawlDelay: chosen.compactMap(\.crawlDelay).max())
    }

    /// Whether a crawler may fetch a target: the path and query of a URL.
    func decision(agent: String, target: String) -> RobotsDecision { rules(for: agent).decision(target: target) }

    private static func eachLine(of bytes: [UInt8], _ body: (ArraySlice<UInt8>, Int) -> Void) {
        var rest = bytes[...]
        if bytes.count > maximumSize {
            rest = bytes[..<maximumSize]
            rest = rest[..<(rest.lastIndex(where: isLineEnd) ?? 0)]
        }
        // Also what a cut left of a byte order mark.
        for byte in [0xEF, 0xBB, 0xBF] as [UInt8] where rest.first == byte { rest.removeFirst() }
        var number = 1
        while !rest.isEmpty {
            let end = rest.firstIndex(where: isLineEnd) ?? rest.endIndex
            body(rest[..<end], number)
            let isPair = rest[end...].starts(with: [0x0D, 0x0A])
            rest = rest[end...].dropFirst(isPair ? 2 : 1)
            number += 1
        }
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}

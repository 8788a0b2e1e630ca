/// The bounds that a crawl sets to what a site can invent, see `SiteModel`.
enum Bounds {
    static let maxSegments = 20
    static let maxRepeats = 3
    static let maxParameters = 8
    static let maxLength = 2000
    static let pagesPerTemplate = 100
    static let pagesPerNewPage = 10
    static let maxRedirects = 10

    /// Whether the URL looks like one that a trap has made.
    static func refuses(_ url: SiteURL, port: UInt16) -> Bool {
        let segments = url.path.split(separator: "/")
        var counts: [Substring: Int] = [:]
        for segment in segments { counts[segment, default: 0] += 1 }
        return segments.count > maxSegments || counts.values.contains { $0 > maxRepeats }
            || parameterNames(url).count > maxParameters || url.absolute(port: port).utf8.count > maxLength
    }

    /// The host, the path without what counts or dates, and the sorted names of the query.
    static func template(_ url: SiteURL) -> String {
        let segments = url.path.split(separator: "/", omittingEmptySubsequences: false).map {
            isVariable($0) ? "{}" : $0
        }
        return url.host.name + segments.joined(separator: "/") + "?"
            + parameterNames(url).sorted().joined(separator: "&")
    }

    private static func parameterNames(_ url: SiteURL) -> [Substring] {
        (url.query ?? "").split(separator: "&").map { $0.prefix { $0 != "=" } }
    }

    /// Numbers, dates such as 2024-05-01, and eight or more hexadecimal digits.
    private static func isVariable(_ segment: Substring) -> Bool {
        guard segment.contains(where: \.isNumber) else { return false }
        return segment.allSatisfy { $0.isNumber || $0 == "-" || $0 == "." }
            || segment.count >= 8 && segment.allSatisfy { $0.isHexDigit || $0 == "-" }
    }
}

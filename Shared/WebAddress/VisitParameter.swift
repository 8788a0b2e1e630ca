/// Parameters that name a visit rather than a page: the campaign or click that led to it, or the session that it is part of.
///
/// Names are compared without regard to case.
public enum VisitParameter {
    /// Beginnings of names, up to the first underscore, that analytics and mail services put into links: Google (Urchin), Matomo
    /// (Piwik), HubSpot, Vero, Omeda, Blueshift.
    public static let trackingPrefixes: Set<String> = [
        "utm_", "mtm_", "matomo_", "pk_", "piwik_", "hsa_", "vero_", "oly_", "bsft_",
    ]

    /// Names of click ids and campaign tags, by who adds them.
    public static let tracking: Set<String> = [
        // Google
        "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid", "srsltid", "_ga", "_gl",
        // Facebook and Instagram
        "fbclid", "fb_action_ids", "fb_action_types", "fb_source", "igshid", "igsh",
        // Microsoft, LinkedIn, Yandex
        "msclkid", "li_fat_id", "yclid", "ysclid", "_openstat",
        // X, TikTok, Snapchat, Reddit, Pinterest
        "twclid", "ttclid", "sccid", "rdt_cid", "epik",
        // Mailchimp, Marketo, HubSpot with its cookies that are carried across hosts
        "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "hsctatracking", "__hssc", "__hstc", "__hsfp",
        // Klaviyo, Dotdigital, MailerLite, Wicked Reports
        "_kx", "dm_i", "ml_subscriber", "ml_subscriber_hash", "wickedid",
        // Impact, Adobe
        "irclickid", "irgwc", "s_cid", "s_kwcid", "ef_id",
    ]

    /// Names that only sessions have: those of Java, PHP, ColdFusion, ASP.NET and two shops. `aspsessionid…` is one too.
    public static let sessions: Set<String> = [
        "jsessionid", "phpsessid", "cfid", "cftoken", "asp.net_sessionid", "oscsid", "zenid",
    ]

    /// Names that stand for a session when the value looks like one.
    public static let possibleSessions: Set<String> = [
        "sid", "s", "sess", "session", "sessionid", "session_id", "sessid", "phpsid",
    ]

    /// Whether the parameter is one of these.
    static func isMeant(by parameter: ArraySlice<UInt8>) -> Bool {
        let name = parameter.prefix { $0 != .equals }
        guard (1...maxName).contains(name.count), let kind = kind(name) else { return false }
        return kind == .certain || isToken(parameter[name.endIndex...].dropFirst())
    }

    private enum Kind { case certain, byValue }

    private static func kind(_ name: ArraySlice<UInt8>) -> Kind? {
        let lower = name.map(\.lowercased)
        if let kind = kinds[String(decoding: lower, as: UTF8.self)] { return kind }
        if lower.starts(with: "aspsessionid".utf8) { return .certain }
        guard let underscore = lower.firstIndex(of: UInt8(ascii: "_")) else { return nil }
        return kinds[String(decoding: lower[...underscore], as: UTF8.self)]
    }

    private static let kinds = {
        let certain = tracking.union(sessions).union(trackingPrefixes).map { ($0, Kind.certain) }
        return Dictionary(uniqueKeysWithValues: certain + possibleSessions.map { ($0, Kind.byValue) })
    }()

    /// At least 16 hexadecimal digits, of which some are letters and some are not, and hyphens: a number is rather an article's.
    private static func isToken(_ value: ArraySlice<UInt8>) -> Bool {
        let digits = value.filter { $0 != UInt8(ascii: "-") }
        return digits.count >= 16 && digits.allSatisfy { $0.hexValue != nil }
            && digits.contains(where: \.isDigit) && digits.contains(where: \.isLetter)
    }

    private static let maxName = 64
}

extension VisitParameter {
    /// The query without these parameters.
    static func removed(fromQuery query: [UInt8]) -> [UInt8] {
        let parameters = query.split(separator: .ampersand, omittingEmptySubsequences: false)
        let kept = parameters.filter { !isMeant(by: $0) }
        return kept.count == parameters.count ? query : Array(kept.joined(separator: [.ampersand]))
    }

    /// The path without such parameters of its segments, which follow a semicolon: `/page;jsessionid=1A2B`.
    static func removed(fromPath path: [UInt8]) -> [UInt8] {
        guard path.contains(.semicolon) else { return path }
        let segments = path.split(separator: .slash, omittingEmptySubsequences: false).map { segment in
            let parts = segment.split(separator: .semicolon, omittingEmptySubsequences: false)
            let kept = parts.prefix(1) + parts.dropFirst().filter { !isMeant(by: $0) }
            let shorter = Array(kept.joined(separator: [.semicolon]))
            // Dots alone would lead to another folder.
            return Dots(shorter[...]) == nil ? shorter : Array(segment)
        }
        return Array(segments.joined(separator: [.slash]))
    }
}

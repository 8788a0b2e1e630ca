/// What one line of a robots.txt says; lines that say nothing known are not made.
enum RobotsLine {
    /// The product token in lower case, `*`, or an empty text, which is nobody.
    case agent(String)
    /// The path of a rule, which may be empty.
    case rule(RobotsRule.Kind, path: ArraySlice<UInt8>)
    case crawlDelay(Duration)
    case sitemap(String)

    init?(_ line: ArraySlice<UInt8>) {
        let content = Self.trim(line.prefix { $0 != UInt8(ascii: "#") })
        guard let (key, value) = Self.pair(content) else { return nil }
        switch Self.lowercased(key) {
        case "user-agent", "useragent", "user agent": self = .agent(Self.agent(value))
        case "allow": self = .rule(.allow, path: value)
        case "disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw":
            self = .rule(.disallow, path: value)
        case "crawl-delay", "crawldelay":
            guard let delay = Self.delay(value) else { return nil }
            self = .crawlDelay(delay)
        case "sitemap", "site-map":
            guard let url = Self.absoluteURL(value) else { return nil }
            self = .sitemap(url)
        default: return nil
        }
    }

    /// The name at the start of a user agent (RFC 9309, section 2.2.1), in lower case: `examplebot` of `ExampleBot/1.0`.
    static func productToken(_ bytes: some Sequence<UInt8>) -> String {
        lowercased(
            bytes.prefix { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            })
    }

    private static func agent(_ value: ArraySlice<UInt8>) -> String {
        let word = value.prefix { !isSpace($0) }
        return word.elementsEqual([UInt8(ascii: "*")]) ? "*" : productToken(value)
    }

    /// Key and value around the first colon; where the colon was forgotten, two words are meant so.
    private static func pair(_ line: ArraySlice<UInt8>) -> (key: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            return (trim(line[..<colon]), trim(line[(colon + 1)...]))
        }
        guard let space = line.firstIndex(where: isSpace) else { return nil }
        let value = trim(line[space...])
        return value.contains(where: isSpace) ? nil : (line[..<space], value)
    }

    /// Seconds with an optional fraction.
    private static func delay(_ value: ArraySlice<UInt8>) -> Duration? {
        let text = String(decoding: value, as: UTF8.self)
        guard value.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }), let seconds = Double(text)
        else { return nil }
        return .seconds(min(seconds, RobotsFile.maximumCrawlDelay / .seconds(1)))
    }

    private static func absoluteURL(_ value: ArraySlice<UInt8>) -> String? {
        guard value.count <= RobotsFile.maximumURLLength, let text = String(validating: value, as: UTF8.self),
            !value.contains(where: isSpace)
        else { return nil }
        let scheme = text.prefix(8).lowercased()
        return scheme.hasPrefix("http://") || scheme.hasPrefix("https://") ? text : nil
    }

    private static func lowercased(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    private static func trim(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = line.drop(while: isSpace)
        guard let last = rest.lastIndex(where: { !isSpace($0) }) else { return rest }
        return rest[...last]
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

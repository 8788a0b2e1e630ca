/// The ways in which a link to a page may be written.
enum Spelling: CaseIterable {
    case relative, rooted, absolute, schemeRelative, fragment, dots, spaced
    // The rest needs a crawler that canonicalises: a general one takes them for other pages.
    case tracked, session, upperCase, zeroPort, percent, entity, broken, backslash

    static let ordinary: [Spelling] = [
        .relative, .relative, .relative, .relative, .rooted, .rooted, .absolute, .schemeRelative, .fragment, .dots,
        .spaced,
    ]
    static let all =
        ordinary + ordinary + [
            .tracked, .tracked, .session, .upperCase, .zeroPort, .percent, .entity, .broken, .backslash,
        ]

    /// The attribute's text, entities included.
    func href(to url: SiteURL, from base: SiteURL, port: UInt16, _ random: inout Random) -> String {
        let rooted = url.host == base.host ? url.target : url.absolute(port: port)
        switch self {
        case .relative: return escaped(url.host == base.host ? Self.relative(url, base) : rooted)
        case .rooted: return escaped(rooted)
        case .absolute: return escaped(url.absolute(port: port))
        case .schemeRelative: return escaped("//\(url.host.name):\(port)\(url.target)")
        case .fragment: return escaped(rooted + "#part-\(random.below(9))")
        case .dots: return escaped(Self.dotted(url, rooted))
        case .spaced: return " \n\t\(escaped(rooted)) "
        case .tracked:
            let parameter = random.pick([
                "utm_source=feed&utm_medium=web", "gclid=Cj0K\(random.below(1000))", "fbclid=Iw\(random.below(1000))",
            ])
            return escaped(rooted + (url.query == nil ? "?" : "&") + parameter)
        case .session:
            return escaped(rooted + (url.query == nil ? "?" : "&") + "PHPSESSID=" + String(random.next(), radix: 16))
        case .upperCase: return escaped("HTTP://\(url.host.name.uppercased()):\(port)\(url.target)")
        case .zeroPort: return escaped("http://\(url.host.name):0\(port)\(url.target)")
        case .percent: return escaped(Self.percent(rooted))
        case .entity: return escaped(rooted).replacing("/", with: "&#x2F;")
        case .broken:
            let text = escaped(rooted)
            return text.prefix(text.count / 2) + (text.contains("&") ? "" : "\n")
                + text.suffix(text.count - text.count / 2)
        case .backslash: return url.host == base.host ? escaped(rooted.replacing("/", with: "\\")) : escaped(rooted)
        }
    }

    private static func relative(_ url: SiteURL, _ base: SiteURL) -> String {
        let target = url.target.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let folders = base.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().dropLast()
        let common = zip(target.dropLast(), folders).prefix { $0 == $1 }.count
        let rest = target.dropFirst(common).joined(separator: "/")
        let text = String(repeating: "../", count: folders.count - common) + rest
        return text.isEmpty || text.hasPrefix("?") ? "./" + text : text
    }

    private static func dotted(_ url: SiteURL, _ rooted: String) -> String {
        rooted == url.target ? "/x/./y/../.." + rooted : rooted
    }

    /// Escapes the first letter of the last segment, which needs none.
    private static func percent(_ rooted: String) -> String {
        let end = rooted.firstIndex(of: "?") ?? rooted.endIndex
        guard let slash = rooted[..<end].lastIndex(of: "/"), case let first = rooted.index(after: slash), first < end,
            let code = rooted[first].asciiValue, rooted[first].isLetter
        else { return rooted }
        return rooted[..<first] + "%" + String(code, radix: 16) + rooted[rooted.index(after: first)...]
    }
}

/// The text as it stands between double quotes.
func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
}

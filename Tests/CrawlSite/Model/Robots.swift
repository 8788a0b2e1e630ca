import Foundation

/// The rules of one robots.txt for one crawler (RFC 9309), written apart from the crawler's own, so that one can find
/// the other's errors.
struct Robots: Sendable {
    struct Rule: Sendable {
        let isAllowed: Bool
        /// The parts between wildcards, in their comparable form.
        let parts: [[UInt8]]
        let isAnchored: Bool
        let length: Int
    }

    private(set) var rules: [Rule] = []
    private(set) var sitemaps: [String] = []

    static let allowingAll = Robots()

    private init() {}

    /// Reads the groups of `agent`, all of them; those of `*` when there is none.
    init(_ text: String, agent: String) {
        var own: [Rule] = []
        var general: [Rule] = []
        var hasOwn = false
        var isOwn = false
        var isGeneral = false
        var isInAgents = false
        for line in text.split(whereSeparator: \.isNewline) {
            let bare = line.prefix { $0 != "#" }
            guard let colon = bare.firstIndex(of: ":") else { continue }
            let value = bare[bare.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            switch bare[..<colon].trimmingCharacters(in: .whitespaces).lowercased() {
            case "user-agent":
                if !isInAgents { (isOwn, isGeneral) = (false, false) }
                isInAgents = true
                if value == "*" { isGeneral = true }
                if value.lowercased() == agent.lowercased() { (isOwn, hasOwn) = (true, true) }
            case "allow", "disallow":
                isInAgents = false
                let isAllowed = bare.first.map { "aA".contains($0) } ?? false
                guard !value.isEmpty, let rule = Rule(value, isAllowed: isAllowed) else { continue }
                if isOwn { own.append(rule) }
                if isGeneral { general.append(rule) }
            case "sitemap": sitemaps.append(value)
            default: break
            }
        }
        rules = hasOwn ? own : general
    }

    /// Whether the target (path and query) may be fetched: the longest match decides, and allow among equals.
    func allows(_ target: String) -> Bool {
        if target == "/robots.txt" { return true }
        let text = Self.comparable(target, isPattern: false)
        var best = (length: -1, isAllowed: true)
        for rule in rules where rule.length >= best.length && rule.matches(text) {
            best = (rule.length, rule.isAllowed || (rule.length == best.length && best.isAllowed))
        }
        return best.isAllowed
    }

    /// Undoes escapes of unreserved characters, writes the others in capitals, and escapes what is not ASCII (RFC
    /// 9309, 2.2.2). A star or dollar in a target is escaped, as it is in a pattern that means the character itself
    /// (2.2.3).
    static func comparable(_ text: some StringProtocol, isPattern: Bool) -> [UInt8] {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "%"), position + 1 < bytes.count,
                let value = UInt8(String(decoding: bytes[position...position + 1], as: UTF8.self), radix: 16)
            {
                position += 2
                if isUnreserved(value) { result.append(value) } else { result += escape(value) }
            } else if byte >= 0x80 || byte <= 0x20 || !isPattern && (byte == 0x2A || byte == 0x24) {
                result += escape(byte)
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        Array((byte < 16 ? "%0" : "%").utf8) + Array(String(byte, radix: 16, uppercase: true).utf8)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }
}

extension Robots.Rule {
    init?(_ value: String, isAllowed: Bool) {
        guard value.hasPrefix("/") || value.hasPrefix("*") else { return nil }
        self.isAllowed = isAllowed
        isAnchored = value.hasSuffix("$")
        let pattern = isAnchored ? String(value.dropLast()) : value
        parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
            .map { Robots.comparable($0, isPattern: true) }
        length = value.utf8.count
    }

    /// Whether the parts follow each other in the text, the first at its beginning.
    func matches(_ text: [UInt8]) -> Bool {
        guard text.starts(with: parts[0]) else { return false }
        var position = parts[0].count
        for (index, part) in parts.enumerated().dropFirst() {
            if isAnchored, index == parts.count - 1 {
                return text.count - position >= part.count && text.suffix(part.count).elementsEqual(part)
            }
            guard let found = text[position...].firstRange(of: part) else { return false }
            position = found.upperBound
        }
        return !isAnchored || position == text.count
    }
}

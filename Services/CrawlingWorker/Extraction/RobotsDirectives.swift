/// What a page asks of programs that index it, in its head or in the header `X-Robots-Tag`.
struct RobotsDirectives: Sendable, Equatable {
    /// The page must not be kept.
    var noindex = false
    /// Its links must not be followed.
    var nofollow = false

    /// Adds the rules of a meta element: words between commas.
    mutating func add(content: String) {
        for word in content.split(separator: ",") { add(rule: word.lowercased().collapsingBlanks()) }
    }

    /// Adds the rules of a header: words between commas, each of which, and all after it, may be for one product only.
    ///
    /// - Parameter product: the token by which the crawler is called in robots.txt.
    mutating func add(header: String, product: String) {
        var isForUs = true
        for part in header.split(separator: ",") {
            var rule = part.lowercased().collapsingBlanks()
            if let colon = rule.firstIndex(of: ":"), !Self.takesValue(rule[..<colon]) {
                let name = String(rule[..<colon]).collapsingBlanks()
                isForUs = name == product.lowercased() || name == "*" || name == "robots"
                rule = String(rule[rule.index(after: colon)...]).collapsingBlanks()
            }
            if isForUs { add(rule: rule) }
        }
    }

    /// Whether a colon after this word begins a value, not the rules for a product.
    private static func takesValue(_ word: Substring) -> Bool {
        ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"].contains(word)
    }

    private mutating func add(rule: String) {
        switch rule {
        case "noindex": noindex = true
        case "nofollow": nofollow = true
        case "none": (noindex, nofollow) = (true, true)
        default: break
        }
    }
}

extension StringProtocol {
    /// The words of a text with one blank between them; of ASCII blanks and the no-break space.
    func collapsingBlanks() -> String {
        var result: [UInt8] = []
        result.reserveCapacity(utf8.count)
        var isBlank = false
        for byte in utf8 {
            if byte <= 0x20 {
                isBlank = true
            } else if byte == 0xA0, result.last == 0xC2 {
                result.removeLast()
                isBlank = true
            } else {
                if isBlank, !result.isEmpty { result.append(0x20) }
                isBlank = false
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Keeps elements from lying deeper in each other than a limit, as browsers do: gumbo looks through all open elements at many tags, so
/// that a deep tree costs the square of its depth.
///
/// It looks at tags only, and takes what sloppy pages leave open for closed as HTML does; what it misjudges costs a few tags.
struct HTMLDepth {
    /// Elements that never hold anything, or that end by themselves where another one of their kind begins.
    private static let uncounted = names(
        "area base br col embed hr img input link meta param source track wbr basefont bgsound frame keygen image "
            + "p li dt dd option optgroup tr td th thead tbody tfoot colgroup caption rb rt rp rtc html head body a")
    /// Their content is text up to their end.
    private static let raw = names("script style textarea title xmp iframe noembed noframes")
    /// An end tag of these ends itself only; one of any other element ends all that is open in it.
    private static let formatting = names("b big code em font i nobr s small strike strong tt u")
    /// No end tag ends what is around these.
    private static let barriers = names("table object template marquee applet svg math")
    /// Where `/>` ends an element.
    private static let foreign = names("svg math")

    private static func names(_ list: String) -> Set<UInt64> {
        Set(list.split(separator: " ").map { key($0.utf8) })
    }

    /// A name of up to eight letters as a number, in lower case; of a longer one, a number that stands for its first eight.
    private static func key(_ name: some Sequence<UInt8>) -> UInt64 {
        var key: UInt64 = 0
        for byte in name.prefix(8) { key = key << 8 | UInt64(byte | 0x20) }
        return key
    }

    private var open: [UInt64] = []
    /// Start tags that were passed over and have not ended.
    private var excess = 0
    private var foreignElement: UInt64 = 0

    /// The text with blanks in place of the tags that lie too deep; nil when there are none.
    static func flattened(_ text: UnsafeBufferPointer<UInt8>, limit: Int) -> [UInt8]? {
        var depth = HTMLDepth()
        var result: [UInt8]?
        var index = 0
        while let start = text[index...].firstIndex(of: UInt8(ascii: "<")), start + 1 < text.count {
            let isEnd = text[start + 1] == UInt8(ascii: "/")
            let nameStart = start + (isEnd ? 2 : 1)
            let name = text[nameStart...].prefix { $0.isLetter || (0x30...0x39).contains($0) }
            guard name.first?.isLetter ?? false else {
                index = endOfComment(text, from: start)
                continue
            }
            let key = key(name)
            let end = endOfTag(text, from: name.endIndex)
            let isSelfClosing = end - 2 > start && text[end - 2] == UInt8(ascii: "/")
            if !depth.takes(key, isEnd: isEnd, isSelfClosing: isSelfClosing, limit: limit) {
                if result == nil { result = Array(text) }
                for place in start..<end { result?[place] = 0x20 }
            }
            index = end
            if !isEnd, raw.contains(key), depth.foreignElement == 0 { index = endOfRaw(text, key, from: end) }
        }
        return result
    }

    /// Whether a tag stays.
    private mutating func takes(_ key: UInt64, isEnd: Bool, isSelfClosing: Bool, limit: Int) -> Bool {
        if Self.uncounted.contains(key) || Self.raw.contains(key) { return true }
        if isEnd {
            guard excess == 0 else {
                excess -= 1
                return false
            }
            close(key)
            return true
        }
        if isSelfClosing && foreignElement != 0 { return true }
        guard open.count < limit else {
            excess += 1
            return false
        }
        open.append(key)
        if Self.foreign.contains(key) { foreignElement = isSelfClosing ? 0 : key }
        return true
    }

    private mutating func close(_ key: UInt64) {
        if key == foreignElement { foreignElement = 0 }
        guard let place = open.lastIndex(where: { $0 == key || Self.barriers.contains($0) }), open[place] == key else {
            return
        }
        if Self.formatting.contains(key) { open.remove(at: place) } else { open.removeSubrange(place...) }
    }

    /// The index after a tag.
    private static func endOfTag(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        var quote: UInt8 = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            if quote != 0 {
                if byte == quote { quote = 0 }
            } else if byte == UInt8(ascii: ">") {
                return index
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            }
        }
        return index
    }

    /// The index after a comment, or after a `<` that begins nothing.
    private static func endOfComment(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard text[start...].starts(with: "<!--".utf8) else { return start + 1 }
        var index = start + 4
        while let end = text[index...].firstIndex(of: UInt8(ascii: ">")) {
            if text[end - 1] == UInt8(ascii: "-"), text[end - 2] == UInt8(ascii: "-") { return end + 1 }
            index = end + 1
        }
        return text.count
    }

    /// The index of the end tag of an element whose content is text.
    private static func endOfRaw(_ text: UnsafeBufferPointer<UInt8>, _ key: UInt64, from start: Int) -> Int {
        var index = start
        while let end = text[index...].firstIndex(of: UInt8(ascii: "<")) {
            if end + 2 < text.count, text[end + 1] == UInt8(ascii: "/"),
                Self.key(text[(end + 2)...].prefix(while: \.isLetter)) == key
            {
                return end
            }
            index = end + 1
        }
        return text.count
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) }
}

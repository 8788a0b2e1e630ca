import Markup

/// The character encoding of a page, as browsers tell it (WHATWG HTML, 13.2.3.2: byte order mark, header, prescan), then by its look.
struct PageEncoding: Equatable {
    /// How many bytes are searched for a declaration.
    static let prescanLength = 1024
    /// How many bytes are shown to the detector.
    private static let sampleLength = 16 << 10

    /// Its name in the Encoding Standard.
    let name: String
    /// Bytes at the beginning that are a mark, not text.
    let markLength: Int

    init(name: String, markLength: Int = 0) {
        self.name = name
        self.markLength = markLength
    }

    /// Tells the encoding of a page that was served with this content type.
    init(of page: UnsafeBufferPointer<UInt8>, contentType: String?) {
        if page.starts(with: [0xEF, 0xBB, 0xBF]) {
            self.init(name: "UTF-8", markLength: 3)
        } else if page.starts(with: [0xFE, 0xFF]) {
            self.init(name: "UTF-16BE", markLength: 2)
        } else if page.starts(with: [0xFF, 0xFE]) {
            self.init(name: "UTF-16LE", markLength: 2)
        } else if let label = contentType.flatMap({ Self.charset(in: Array($0.utf8)[...]) }),
            let name = EncodingLabels.name(label)
        {
            self.init(name: name)
        } else if let name = MetaPrescan.encoding(page.prefix(Self.prescanLength)) {
            self.init(name: name)
        } else if Self.isUTF8(page) {
            self.init(name: "UTF-8")
        } else {
            let start = page.firstIndex { $0 >= 0x80 } ?? 0
            let detected = DecodedText.detected(Array(page[max(0, start - 64)...].prefix(Self.sampleLength)))
            self.init(name: EncodingLabels.name(detected) ?? "windows-1252")
        }
    }

    /// The page in UTF-8; nil when it is that already.
    func decode(_ page: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard name != "UTF-8" else { return nil }
        let bytes = ArraySlice(page.dropFirst(markLength))
        let text = DecodedText.converted(bytes, from: EncodingLabels.converter(name)) ?? Self.decodedWestern(bytes)
        return Array(text.utf8)
    }

    /// Every byte is a character in the most common of the old encodings.
    private static func decodedWestern(_ bytes: ArraySlice<UInt8>) -> String {
        String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    private static func isUTF8(_ page: UnsafeBufferPointer<UInt8>) -> Bool {
        // The page may have been cut off inside a character.
        let whole = page.dropLast(min(page.count, page.suffix(3).reversed().prefix { $0 >= 0x80 }.count))
        return String(validating: whole, as: UTF8.self) != nil
    }

    /// The value of `charset=` in a content type (WHATWG HTML, "extracting a character encoding from a meta element").
    static func charset(in value: ArraySlice<UInt8>) -> String? {
        let key = Array("charset".utf8)
        var rest = value
        while let start = rest.firstIndex(where: { $0 | 0x20 == key[0] }) {
            let word = rest[start...].prefix(key.count)
            rest = rest[(start + 1)...]
            guard word.count == key.count, word.elementsEqual(key, by: { $0 | 0x20 == $1 }) else { continue }
            var label = value[word.endIndex...].drop { $0 <= 0x20 }
            guard label.first == UInt8(ascii: "=") else { continue }
            label = label.dropFirst().drop { $0 <= 0x20 }
            if let quote = label.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                let inside = label.dropFirst()
                guard let end = inside.firstIndex(of: quote) else { return nil }
                return String(decoding: inside[..<end], as: UTF8.self)
            }
            return String(decoding: label.prefix { $0 > 0x20 && $0 != UInt8(ascii: ";") }, as: UTF8.self)
        }
        return nil
    }
}

import CUchardet
import Foundation

/// Turns bytes of any common encoding into text.
package struct DecodedText {
    package let text: String
    /// The IANA name of the encoding.
    package let encoding: String

    private static let replacementLimit = 0.05

    /// Decodes by byte order mark, then by `declared`, then as UTF-8 if valid, then by detection.
    ///
    /// Throws `unsupported` for bytes that no encoding makes a text of.
    package init(_ bytes: [UInt8], declared: String? = nil) throws(ExtractionError) {
        if let (name, length) = Self.byteOrderMark(bytes) {
            try self.init(bytes[length...], encoding: name)
        } else if let name = Self.wideWithoutMark(bytes) {
            try self.init(bytes[...], encoding: name)
        } else if bytes.contains(0) {
            throw .unsupported("application/octet-stream")
        } else if let declared, let decoded = try? DecodedText(bytes[...], encoding: Self.webName(declared)) {
            // A declaration that does not fit is as good as none.
            self = decoded
        } else if String(validating: bytes, as: UTF8.self) != nil {
            try self.init(bytes[...], encoding: bytes.allSatisfy { $0 < 0x80 } ? "US-ASCII" : "UTF-8")
        } else {
            try self.init(bytes[...], encoding: Self.detected(bytes))
        }
    }

    private init(_ bytes: ArraySlice<UInt8>, encoding: String) throws(ExtractionError) {
        let isUnicode = encoding == "UTF-8" || encoding == "US-ASCII"
        let decoded = isUnicode ? Self.decodedUTF8(bytes) : Self.converted(bytes, from: encoding)
        guard let decoded else { throw .unsupported("text in \(encoding)", hint: "save it as UTF-8") }
        let controls = decoded.utf8.count { $0.isUnwantedControl && $0 != 0x0D && $0 != 0x0C && $0 != 0x1B }
        guard Double(controls) <= Double(decoded.utf8.count) * Self.replacementLimit else {
            throw .unsupported("application/octet-stream")
        }
        text = decoded.replacing("\r\n", with: "\n").replacing("\r", with: "\n").replacing("\u{0C}", with: "\n")
            .droppingControls()
        self.encoding = encoding
    }

    /// Whether the beginning of a file is text in UTF-8.
    package static func isUnicode(_ sample: [UInt8]) -> Bool {
        // The last character may be cut.
        let whole = sample.dropLast(min(sample.count, sample.suffix(4).reversed().prefix { $0 >= 0x80 }.count))
        return !sample.contains(0) && String(validating: whole, as: UTF8.self) != nil
    }

    private static func decodedUTF8(_ bytes: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        let replaced = text.unicodeScalars.count { $0 == "\u{FFFD}" }
        return Double(replaced) > Double(bytes.count) * replacementLimit ? nil : text
    }

    /// The encoding that a byte order mark names, and how long the mark is.
    package static func byteOrderMark(_ bytes: [UInt8]) -> (String, Int)? {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return ("UTF-8", 3) }
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) { return ("UTF-32LE", 4) }
        if bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return ("UTF-32BE", 4) }
        if bytes.starts(with: [0xFF, 0xFE]) { return ("UTF-16LE", 2) }
        if bytes.starts(with: [0xFE, 0xFF]) { return ("UTF-16BE", 2) }
        return nil
    }

    /// UTF-16 without a mark: in most scripts' texts the blanks and signs leave NUL in one half of the pairs only.
    package static func wideWithoutMark(_ bytes: [UInt8]) -> String? {
        let sample = bytes.prefix(4096)
        guard sample.count >= 4, bytes.count % 2 == 0 else { return nil }
        var zeros = [0, 0]
        for (index, byte) in sample.enumerated() where byte == 0 { zeros[index % 2] += 1 }
        let some = sample.count / 20
        if zeros[0] == 0 && zeros[1] > some { return "UTF-16LE" }
        if zeros[1] == 0 && zeros[0] > some { return "UTF-16BE" }
        return nil
    }

    /// The encoding that the bytes look like; windows-1252 where nobody can tell.
    package static func detected(_ bytes: [UInt8]) -> String {
        let detector = uchardet_new()
        defer { uchardet_delete(detector) }
        bytes.withUnsafeBytes { buffer in
            _ = uchardet_handle_data(detector, buffer.bindMemory(to: CChar.self).baseAddress, buffer.count)
        }
        uchardet_data_end(detector)
        let name = uchardet_get_charset(detector).map { String(cString: $0) } ?? ""
        // The most common of the encodings in which any bytes are a text.
        return name.isEmpty || name == "ASCII" ? "WINDOWS-1252" : name
    }

    /// What browsers mean by a label (WHATWG Encoding Standard, the labels that differ).
    private static func webName(_ label: String) -> String {
        switch label.trimmingBlanks().uppercased() {
        case "UTF8", "UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE": "UTF-8"
        case "ISO-8859-1", "LATIN1", "ASCII", "US-ASCII": "WINDOWS-1252"
        case "GB2312", "GBK": "GB18030"
        case "SHIFT_JIS", "SHIFT-JIS", "SJIS": "CP932"
        case "EUC-KR", "KS_C_5601-1987": "CP949"
        case let name: name
        }
    }

    /// Converts by iconv; each byte that does not fit becomes U+FFFD. Nil when there are many, or the name is unknown.
    package static func converted(_ bytes: ArraySlice<UInt8>, from encoding: String) -> String? {
        guard let converter = CharacterConverter(from: encoding) else { return nil }
        var output: [UInt8] = []
        var replaced = 0
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        bytes.withUnsafeBytes { input in
            var position = 0
            while position < input.count {
                let step = piece.withUnsafeMutableBytes {
                    converter.convert(UnsafeRawBufferPointer(rebasing: input[position...]), into: $0)
                }
                output += piece[..<step.made]
                position += step.taken
                guard step.stop == .bad || step.stop == .incomplete else { continue }
                output += Array("\u{FFFD}".utf8)
                replaced += 1
                position += 1
            }
        }
        guard Double(replaced) <= Double(bytes.count) * replacementLimit else { return nil }
        return String(decoding: output, as: UTF8.self)
    }
}

import CIDN2

/// Names with letters beyond ASCII, in the form that the DNS knows.
///
/// Source: UTS 46 as the URL Standard applies it (non-transitional, any ASCII allowed), by libidn2, label by label. libidn2 also
/// refuses hyphens at the ends of such a label, and at its third and fourth place.
enum InternationalName {
    /// The name in ASCII; a label that is ASCII already, unless in Punycode, is only put in lower case.
    static func ascii(_ name: String) throws(URLFault) -> [UInt8] {
        guard name.unicodeScalars.count <= maxScalars else { throw .badName }
        var result: [UInt8] = []
        let labels = name.unicodeScalars.split(omittingEmptySubsequences: false, whereSeparator: isDot)
        for (index, label) in labels.enumerated() {
            if index > 0 { result.append(.dot) }
            result.append(contentsOf: try ascii(label))
        }
        return result
    }

    private static func ascii(_ label: Substring.UnicodeScalarView) throws(URLFault) -> [UInt8] {
        if label.allSatisfy(\.isASCII) {
            let name = label.map { UInt8($0.value).lowercased }
            if !name.starts(with: "xn--".utf8) { return name }
        }
        // A zero byte would end the text for C.
        guard !label.contains("\0") else { throw .badName }
        let text = String(label)
        let strict = lookup(text, IDN2_NONTRANSITIONAL)
        if let name = strict.name { return name }
        // Symbols are registered all the same, and only the transitional rules let them through. Those give another meaning to
        // some letters, so that the name would lead to another host, and do not look at directions.
        guard strict.status == IDN2_DISALLOWED.rawValue || strict.status == IDN2_UNASSIGNED.rawValue,
            !label.contains(where: needsStrictRules), let name = lookup(text, IDN2_TRANSITIONAL).name
        else { throw .badName }
        return name
    }

    private static func lookup(_ label: String, _ rules: idn2_flags) -> (name: [UInt8]?, status: Int32) {
        var result: UnsafeMutablePointer<UInt8>?
        let flags = rules.rawValue | IDN2_NFC_INPUT.rawValue | IDN2_NO_ALABEL_ROUNDTRIP.rawValue
        let status = idn2_lookup_u8(label, &result, Int32(flags))
        guard status == IDN2_OK.rawValue, let result else { return (nil, status) }
        defer { idn2_free(result) }
        return (Array(String(cString: result).utf8), status)
    }

    /// Twice what the 253 bytes of a name can hold, as some characters are ignored.
    private static let maxScalars = 512

    private static func isDot(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "." || scalar == "\u{3002}" || scalar == "\u{FF0E}" || scalar == "\u{FF61}"
    }

    /// ß, ς and the two invisible joiners; and what is written from right to left.
    private static func needsStrictRules(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xDF, 0x3C2, 0x200C, 0x200D: true
        case 0x590...0x8FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFE, 0x10800...0x10FFF, 0x1E800...0x1EFFF: true
        default: false
        }
    }
}

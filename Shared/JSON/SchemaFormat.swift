import Crypto
import Foundation

/// The formats that are asserted.
enum SchemaFormat: String, Sendable, CaseIterable {
    case uuid
    case dateTime = "date-time"
    case uri
    case email

    var words: String {
        switch self {
        case .uuid: "a UUID"
        case .dateTime: "a time such as 2026-01-02T03:04:05Z"
        case .uri: "a URI with its scheme, such as https://example.org/"
        case .email: "an e-mail address"
        }
    }

    func accepts(_ text: String) -> Bool {
        switch self {
        case .uuid: UUID(text: text) != nil
        case .dateTime: Date(rfc3339: text) != nil
        case .uri: Self.isURI(Array(text.utf8))
        case .email: Self.isEmail(text)
        }
    }

    /// A scheme, a colon and only characters that RFC 3986 allows, with whole percent escapes.
    private static func isURI(_ text: [UInt8]) -> Bool {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon + 1 < text.count, text[0].isASCIILetter,
            text[..<colon].allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || "+-.".utf8.contains($0) })
        else { return false }
        var index = colon + 1
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < text.count, text[index + 1].isASCIIHexDigit, text[index + 2].isASCIIHexDigit else {
                    return false
                }
                index += 2
            case let byte where byte.isASCIILetter || byte.isASCIIDigit: break
            case let byte where "-._~:/?#[]@!$&'()*+,;=".utf8.contains(byte): break
            default: return false
            }
            index += 1
        }
        return true
    }

    /// A dot-atom before the `@` and a host name after it, each within the lengths of RFC 5321.
    private static func isEmail(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].count), (1...255).contains(parts[1].count) else {
            return false
        }
        let atoms = parts[0].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let labels = parts[1].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return atoms.allSatisfy { atom in
            !atom.isEmpty
                && atom.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
        }
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                    && label.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
            }
    }
}

extension UInt8 {
    fileprivate var isASCIILetter: Bool { self | 0x20 >= 0x61 && self | 0x20 <= 0x7A }
    fileprivate var isASCIIDigit: Bool { self >= 0x30 && self <= 0x39 }
    fileprivate var isASCIIHexDigit: Bool { isASCIIDigit || self | 0x20 >= 0x61 && self | 0x20 <= 0x66 }
}

import Foundation

/// A whole number as it is written.
enum IntegerForm: Equatable {
    case value(Int64)
    /// A whole number beyond 64 bits.
    case tooLarge
    case none

    init(_ text: Bytes) {
        var index = 0
        guard let first = text.first else {
            self = .none
            return
        }
        let isNegative = first == UInt8(ascii: "-")
        if isNegative || first == UInt8(ascii: "+") { index = 1 }
        guard index < text.count else {
            self = .none
            return
        }
        var (value, hasOverflow): (Int64, Bool) = (0, false)
        while index < text.count {
            let digit = text[index] &- 0x30
            guard digit <= 9 else {
                self = .none
                return
            }
            let (product, first) = value.multipliedReportingOverflow(by: 10)
            // Below zero there is one more number, so that all are built there.
            let (difference, second) = product.subtractingReportingOverflow(Int64(digit))
            value = difference
            hasOverflow = hasOverflow || first || second
            index += 1
        }
        if hasOverflow || (!isNegative && value == .min) {
            self = .tooLarge
        } else {
            self = .value(isNegative ? value : -value)
        }
    }
}

/// A number as it is written: `-12.5e3`.
struct NumberForm {
    /// Digits before the point, without zeros at the front.
    private(set) var wholeDigits = 0
    /// Digits behind the point.
    private(set) var fractionDigits = 0
    private(set) var hasExponent = false
    private(set) var hasSign = false
    /// Whether it begins with a zero that another digit follows, as codes do and numbers do not.
    private(set) var hasLeadingZero = false
    /// Whether points stand between its digits that are no decimal points, or a comma for one.
    private(set) var isForeign = false

    /// Nil for what is no number.
    init?(_ text: Bytes, decimalComma: Bool) {
        var index = 0
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            index = 1
            hasSign = true
        }
        let start = index
        var (digits, sinceGroup) = (0, 0)
        while index < text.count {
            let byte = text[index]
            if byte.isDigit {
                digits += 1
                sinceGroup += 1
                if wholeDigits > 0 || byte != 0x30 { wholeDigits += 1 }
            } else if decimalComma && byte == UInt8(ascii: ".") {
                // The first group has one to three digits, each later one three.
                guard isForeign ? sinceGroup == 3 : (1...3).contains(sinceGroup) else { return nil }
                isForeign = true
                sinceGroup = 0
            } else {
                break
            }
            index += 1
        }
        if isForeign && sinceGroup != 3 { return nil }
        hasLeadingZero = digits > 1 && text[start] == 0x30
        if index < text.count, text[index] == UInt8(ascii: decimalComma ? "," : ".") {
            isForeign = isForeign || decimalComma
            index += 1
            while index < text.count, text[index].isDigit {
                fractionDigits += 1
                index += 1
            }
        }
        guard digits + fractionDigits > 0 else { return nil }
        if index < text.count, text[index].lowercased == UInt8(ascii: "e") {
            hasExponent = true
            index += 1
            if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") { index += 1 }
            guard index < text.count else { return nil }
            while index < text.count, text[index].isDigit { index += 1 }
        }
        guard index == text.count else { return nil }
    }

    /// Whether the number, rounded to `scale` digits behind the point, has more digits than `precision`.
    func exceeds(precision: Int, scale: Int, text: Bytes) -> Bool {
        let room = precision - scale
        if !hasExponent && wholeDigits < room { return false }
        let mantissa = text.prefix { $0.lowercased != UInt8(ascii: "e") }
        let digits = mantissa.filter(\.isDigit).drop { $0 == 0x30 }
        guard !digits.isEmpty else { return false }
        // Where the point stands: so many digits behind the first that is no zero.
        let point = digits.count - fractionDigits + exponent(text)
        guard point == room else { return point > room }
        // Nines all along are rounded up to one digit more.
        return digits.prefix(precision).allSatisfy { $0 == 0x39 } && digits.count >= precision
            && digits.dropFirst(precision).first ?? 0 >= 0x35
    }

    private func exponent(_ text: Bytes) -> Int {
        guard hasExponent, let sign = text.lastIndex(where: { $0.lowercased == UInt8(ascii: "e") }) else { return 0 }
        switch IntegerForm(Bytes(rebasing: text[(sign + 1)...])) {
        // Far beyond any number, and far from an overflow.
        case .value(let exponent): return Int(min(max(exponent, -1_000_000), 1_000_000))
        case .tooLarge: return text[sign + 1] == UInt8(ascii: "-") ? -1_000_000 : 1_000_000
        case .none: return 0
        }
    }

    /// What a name such as `NaN` says; PostgreSQL's own names.
    static func isSpecial(_ text: Bytes) -> Bool {
        let name =
            text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") ? Bytes(rebasing: text[1...]) : text
        return name.isWord("nan") || name.isWord("infinity") || name.isWord("inf")
    }

    /// Whether the number is beyond what a double, or a single, can hold. `text` has a point for its decimal sign.
    func isBeyond(_ text: Bytes, isSingle: Bool) -> Bool {
        // Shorter ones without an exponent cannot be.
        guard hasExponent || text.count > 30 else { return false }
        let digits = String(decoding: text, as: UTF8.self)
        let hasValue = text.prefix { $0.lowercased != UInt8(ascii: "e") }.contains { (0x31...0x39).contains($0) }
        if isSingle {
            let value = strtof(digits, nil)
            return value.isInfinite || (value == 0 && hasValue)
        }
        let value = strtod(digits, nil)
        return value.isInfinite || (value == 0 && hasValue)
    }
}

import Foundation

/// Texts as a report shows them: one line without control characters, of a bounded length, and with numbers that are easy to read.
enum ShownText {
    /// The most characters of a cell.
    static let cell = 100
    /// The most characters of a label.
    private static let labelled = 40

    /// The text in one line, cut to so many characters (Unicode scalars).
    static func line(_ text: String, most: Int = cell) -> String {
        var scalars = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < most else {
                scalars.removeLast()
                scalars.append("…")
                break
            }
            scalars.append(shown(scalar))
            count += 1
        }
        return String(scalars)
    }

    /// A value as a label beside a figure.
    static func label(_ value: String?) -> String {
        guard let value else { return "(null)" }
        return value.isEmpty ? "(empty)" : line(value, most: labelled)
    }

    /// What stands for a character that would break the line, or change the order of what is around it.
    private static func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x09...0x0D, 0x85, 0x2028, 0x2029: " "
        case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFFFE, 0xFFFF: "\u{FFFD}"
        default: scalar
        }
    }

    /// A whole number in groups of three digits.
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// A number to three decimals, or to four digits where it is very large or very small.
    static func number(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity" }
        guard number != 0, !(0.001..<1e15).contains(abs(number)) else {
            let rounded = (number * 1000).rounded() / 1000
            let whole = rounded.rounded(.towardZero)
            let text = count(Int(whole))
            guard rounded != whole else { return text }
            let decimals = String(format: "%.3f", abs(rounded - whole)).dropFirst(2)
            let end = decimals.lastIndex { $0 != "0" } ?? decimals.startIndex
            return (rounded < 0 && whole == 0 ? "-" : "") + text + "." + decimals[...end]
        }
        return String(format: "%.3e", number)
    }

    /// "1 row", "2 rows".
    static func count(_ number: Int, _ noun: String) -> String { "\(count(number)) \(noun)\(number == 1 ? "" : "s")" }
}

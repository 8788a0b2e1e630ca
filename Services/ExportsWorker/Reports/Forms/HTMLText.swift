import Foundation

/// HTML, written as a string with interpolation: texts become text, whatever they hold; only what is HTML itself is put in as it is.
struct HTMLText: Sendable, ExpressibleByStringInterpolation {
    private(set) var html: String

    init(stringLiteral value: String) { html = value }
    init(stringInterpolation: StringInterpolation) { html = stringInterpolation.html }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var html = ""

        init(literalCapacity: Int, interpolationCount: Int) { html.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { html += literal }
        mutating func appendInterpolation(_ part: HTMLText) { html += part.html }
        mutating func appendInterpolation(_ parts: [HTMLText]) { for part in parts { html += part.html } }

        /// A length, to a hundredth.
        mutating func appendInterpolation(_ length: Double) {
            html += String(format: "%.6g", (length * 100).rounded() / 100)
        }

        /// Text, also within a quoted attribute.
        mutating func appendInterpolation(_ text: String) {
            for scalar in text.unicodeScalars {
                switch scalar {
                case "&": html += "&amp;"
                case "<": html += "&lt;"
                case ">": html += "&gt;"
                case "\"": html += "&quot;"
                case "'": html += "&#39;"
                default: html.unicodeScalars.append(scalar)
                }
            }
        }
    }
}

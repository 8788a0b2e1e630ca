import Markup

/// A text of runs, such as `si` and `is`, without the pronunciation that may stand beside it.
package enum RichString {
    /// Reads up to the end of the element of this name.
    package static func read(_ xml: XMLStream, until end: String) throws(ExtractionError) -> String {
        var text = ""
        while let event = try xml.next() {
            switch event {
            case .start("rPh"): try xml.skip()
            case .start("t"): text += try xml.text()
            case .end(end): return unescaped(text)
            default: break
            }
        }
        return unescaped(text)
    }

    /// Characters that XML cannot have stand as `_x000D_` (ECMA-376 part 1, 22.9.2.19).
    private static func unescaped(_ text: String) -> String {
        guard text.contains("_x") else { return text }
        return text.replacing(/_x([0-9A-Fa-f]{4})_/) { match in
            UInt32(match.1, radix: 16).flatMap(Unicode.Scalar.init).map { String(Character($0)) } ?? String(match.0)
        }
    }
}

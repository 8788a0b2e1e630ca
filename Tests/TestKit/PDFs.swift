import Foundation

/// A PDF whose pages show the given content streams. `/Deep Do` in one of them draws `leaf` a hundred million times.
public func makePDF(_ contents: [String], leaf: String = "0 0 m") -> Data {
    let depth = 8
    let (bold, fixed) = (4 + depth + 1, 4 + depth + 2)
    let firstPage = fixed + 1
    let kids = contents.indices.map { "\(firstPage + 2 * $0) 0 R" }.joined(separator: " ")
    var objects = [
        "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count \(contents.count) /Kids [\(kids)] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    func stream(_ content: String, _ dictionary: String = "") -> String {
        "<< /Length \(content.utf8.count) \(dictionary) >>\nstream\n\(content)\nendstream"
    }
    func resources(_ form: Int) -> String {
        "/Resources << /Font << /F 3 0 R /B \(bold) 0 R /C \(fixed) 0 R >> /XObject << /Deep \(form) 0 R >> >>"
    }
    for level in 0...depth {
        let form = "/Type /XObject /Subtype /Form /BBox [0 0 595 842] " + resources(5 + level)
        let calls = String(repeating: "1 0 0 1 3 1 cm /Deep Do ", count: 10)
        objects.append(stream(level == depth ? leaf : calls, form))
    }
    for name in ["Helvetica-Bold", "Courier"] {
        objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /\(name) >>")
    }
    for (index, content) in contents.enumerated() {
        let number = firstPage + 2 * index
        let box = "/MediaBox [0 0 595 842] "
        objects.append("<< /Type /Page /Parent 2 0 R /Contents \(number + 1) 0 R \(box)\(resources(4)) >>")
        objects.append(stream(content))
    }
    var file = "%PDF-1.4\n"
    var table = "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
    for (index, object) in objects.enumerated() {
        let digits = String(file.utf8.count)
        table += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
        file += "\(index + 1) 0 obj\n\(object)\nendobj\n"
    }
    let start = file.utf8.count
    table += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R >>\nstartxref\n\(start)\n%%EOF\n"
    return Data((file + table).utf8)
}

/// A page that shows one line.
public func page(_ text: String) -> String { "BT /F 12 Tf 72 700 Td (\(text)) Tj ET" }

/// A line on a page, from the left and from the bottom in points; the font is `F`, `B` for bold or `C` for code.
public func line(_ x: Double, _ y: Double, _ text: String, size: Double = 11, font: String = "F") -> String {
    "BT /\(font) \(size) Tf \(x) \(y) Td (\(text)) Tj ET\n"
}

/// What makes a page need more memory to be drawn than any limit gives, and nothing to be read: a line of very many dashes.
public let undrawable = " [0.0001] 0 d 0 0 m 590 840 l S"

/// A page that keeps a reader busy for longer than any test waits.
public let slowPage = "/Deep Do"

import Foundation
import HTTPClient
import Markup

/// The name of a document that is given by a URL.
enum FetchedName {
    /// What the server calls it (RFC 6266), or the last part of the URL's path; never anything of the query.
    static func of(_ url: WebURL, disposition: String? = nil) -> String {
        disposition.flatMap(ContentDisposition.fileName).flatMap(label)
            ?? label(url.path.removingPercentEncoding ?? url.path) ?? "document"
    }

    /// The last part of a path as it may be shown; nil when nothing of it is left.
    private static func label(_ path: String) -> String? {
        let shown = path.unicodeScalars.filter { scalar in
            // What turns the direction of a text can make `exe.pdf` of `fdp.exe`.
            let properties = scalar.properties
            return !properties.isBidiControl
                && ![.control, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
        }
        let last = shown.split { $0 == "/" || $0 == "\\" }.last.map { String($0).trimmingBlanks() } ?? ""
        return ["", ".", ".."].contains(last) ? nil : Member.label(last)
    }
}

/// The header `Content-Disposition`.
enum ContentDisposition {
    /// The file name that it gives: `filename*` (RFC 8187) before `filename`.
    static func fileName(_ header: String) -> String? {
        let parameters = parameters(of: header)
        return parameters["filename*"].flatMap(decoded) ?? parameters["filename"]
    }

    /// The first value under each name, in lower case; what is no parameter is passed over.
    private static func parameters(of header: String) -> [String: String] {
        var found: [String: String] = [:]
        var rest = header.unicodeScalars.drop { $0 != ";" }
        while !rest.isEmpty {
            rest = rest.dropFirst()
            let name = String(rest.prefix { $0 != "=" && $0 != ";" }).trimmingBlanks().lowercased()
            rest = rest.drop { $0 != "=" && $0 != ";" }
            guard rest.first == "=" else { continue }
            let value = value(&rest)
            if found[name] == nil { found[name] = value }
        }
        return found
    }

    /// The value behind `=`, and no more of the rest than what follows the next `;` outside of quotes.
    private static func value(_ rest: inout Substring.UnicodeScalarView) -> String {
        rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
        var value = String.UnicodeScalarView()
        if rest.first == "\"" {
            rest = rest.dropFirst()
            while let scalar = rest.popFirst(), scalar != "\"" {
                if scalar != "\\" { value.append(scalar) } else if let next = rest.popFirst() { value.append(next) }
            }
        } else {
            value.append(contentsOf: rest.prefix { $0 != ";" })
        }
        rest = rest.drop { $0 != ";" }
        return String(value).trimmingBlanks()
    }

    /// A value with its character set, `UTF-8''na%C3%AFve.txt`; nil for what is not UTF-8.
    private static func decoded(_ value: String) -> String? {
        let parts = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].lowercased() == "utf-8" else { return nil }
        return String(parts[2]).removingPercentEncoding
    }
}

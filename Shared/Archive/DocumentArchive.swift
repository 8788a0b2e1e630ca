import Foundation
import Markup

/// A document that is a zip archive of parts.
package struct DocumentArchive {
    /// What it is taken for, in errors.
    package let format: String
    /// The names of its parts.
    package let names: Set<String>
    private let budget: InflationBudget
    private let descriptor: Int32

    /// An archive whose parts may inflate to so many bytes in all, read from the descriptor, standard input by default.
    package init(format: String, names: Set<String>, inflatedBytes: Int, descriptor: Int32 = STDIN_FILENO) {
        self.format = format
        self.names = names
        budget = InflationBudget(limit: inflatedBytes)
        self.descriptor = descriptor
    }

    /// The part as a stream of XML; nil when there is none of this name. It must be let go before the next part is opened.
    package func xml(_ name: String) throws(ExtractionError) -> XMLStream? {
        guard let part = try part(name) else { return nil }
        return try XMLStream(part, of: format)
    }

    /// The part as bytes that are inflated as they are read; nil when there is none of this name.
    private func part(_ name: String) throws(ExtractionError) -> ZipPart? {
        guard names.contains(name) else { return nil }
        return try ZipPart(name, of: format, budget: budget, descriptor: descriptor)
    }

    /// The same for a part without which there is no document.
    package func requiredXML(_ name: String) throws(ExtractionError) -> XMLStream {
        guard let xml = try xml(name) else { throw .corrupt(format, "no \(name)") }
        return xml
    }

    /// The whole part; nil when there is none of this name.
    package func bytes(_ name: String) throws(ExtractionError) -> [UInt8]? {
        guard let part = try part(name) else { return nil }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = piece.withUnsafeMutableBytes { part.read(into: $0.baseAddress, count: $0.count) }
            guard count >= 0 else { throw part.failure ?? .corrupt(format, "unreadable part") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }

    /// What a part refers to, by the id of the reference (ECMA-376 part 2, 9.3).
    package func relations(of part: String) throws(ExtractionError) -> [String: Relation] {
        let path = part.split(separator: "/", omittingEmptySubsequences: false)
        let name = (path.dropLast() + ["_rels", "\(path.last ?? "").rels"]).joined(separator: "/")
        guard let xml = try xml(name) else { return [:] }
        var relations: [String: Relation] = [:]
        while let event = try xml.next() {
            guard case .start("Relationship") = event, let id = xml["Id"], let target = xml["Target"] else { continue }
            let isExternal = xml["TargetMode"] == "External"
            relations[id] = Relation(
                kind: xml["Type"]?.split(separator: "/").last.map(String.init) ?? "",
                target: isExternal ? target : Self.resolve(target, from: part))
        }
        return relations
    }

    /// A path inside the archive, as seen from one of its parts. It is only ever looked up among the names.
    package static func resolve(_ target: String, from part: String) -> String {
        var path = target.hasPrefix("/") ? [] : Array(part.split(separator: "/").dropLast())
        for step in target.split(separator: "/") {
            switch step {
            case ".": break
            case "..": _ = path.popLast()
            default: path.append(step)
            }
        }
        return path.joined(separator: "/")
    }
}

/// A reference from one part to another, or to somewhere else.
package struct Relation {
    /// The last word of its type, such as `slide` or `hyperlink`.
    package let kind: String
    /// A part's name, or a URL.
    package let target: String

    /// Where a hyperlink leads, if that is worth telling.
    package var link: String? { kind == "hyperlink" ? HTMLHead.safeLink(target) : nil }
}

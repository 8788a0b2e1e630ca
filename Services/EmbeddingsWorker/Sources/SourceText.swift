import Crypto
import Foundation
import Jobs

/// A whole text on its way: what readers are told of it, and what is to be cut.
struct SourceText: Sendable {
    /// A part of the text that is cut by itself.
    struct Section: Sendable {
        let text: String
        /// Where it begins in the source, in Unicode scalars.
        var start = 0
        var page: Int32?
        /// The headings above it; nil where its own Markdown has them.
        var headings: [String]?
    }

    let kind: SourceKind
    let key: String
    let sections: [Section]
    var title: String?
    var url: String?

    /// The SHA-256 of all that its chunks are made of.
    var hash: [UInt8] {
        var hasher = SHA256Hasher()
        for section in sections {
            // Lengths keep apart what would be the same bytes in a row.
            let page = section.page.map { "\($0)" } ?? "none"
            // Without headings the text is cut as Markdown.
            let headings = section.headings.map { "\($0)" } ?? "none"
            let facts = "\(section.text.utf8.count) \(section.start) \(page) \(headings)\n"
            hasher.update(Array(facts.utf8))
            hasher.update(Array(section.text.utf8))
        }
        return hasher.digest()
    }
}

import Config
import Crypto
import Foundation
import JSON

/// A parameter of a query: its name, its form, and what it means.
struct QueryParameter: Sendable {
    enum Form: Sendable {
        case integer(ClosedRange<Int>)
        case text(max: Int)
        case word([String])
        /// Words separated by commas.
        case words([String])
        case bool
        /// A duration: `30s`, `500ms`; a bare number is in seconds.
        case duration
        case time
        case uuid
        /// `key:value`, as often as wanted.
        case label
        /// Opaque, from an earlier page.
        case cursor
    }

    let name: String
    let form: Form
    let description: String

    init(_ name: String, _ form: Form, _ description: String) {
        self.name = name
        self.form = form
        self.description = description
    }

    static let limit = QueryParameter(
        "limit", .integer(1...Limits.page), "The most items of a page; \(Limits.defaultPage) when absent.")
    static let cursor = QueryParameter("cursor", .cursor, "`next_cursor` of the page before.")

    var isRepeatable: Bool {
        switch form {
        case .label, .words: true
        default: false
        }
    }

    /// What the value should have been, when it is not; the end of the sentence "NAME must be …".
    func expectation(unmetBy text: String) -> String? {
        switch form {
        case .integer(let range):
            Int(text).map(range.contains) == true
                ? nil : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .text(let max): (1...max).contains(text.utf8.count) ? nil : "1 to \(max) bytes long"
        case .word(let words): words.contains(text) ? nil : words.joined(separator: " or ")
        case .words(let words):
            text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { words.contains(String($0)) }
                ? nil : "one or several of \(words.joined(separator: ", ")), separated by commas"
        case .bool: ["true", "false"].contains(text) ? nil : "true or false"
        case .duration: Self.duration(text) != nil ? nil : "a duration such as 30s or 500ms"
        case .time: Date(rfc3339: text) != nil ? nil : "a time such as 2026-01-31T12:00:00Z"
        case .uuid: UUID(text: text) != nil ? nil : "a UUID"
        case .label:
            text.utf8.first != UInt8(ascii: ":") && text.utf8.contains(UInt8(ascii: ":")) ? nil : "key:value"
        // Each list reads its own.
        case .cursor: nil
        }
    }

    /// The form as JSON Schema.
    var schema: JSON {
        switch form {
        case .integer(let range): Schema.integer(range)
        case .text(let max): Schema.text(max: max)
        case .word(let words): Schema.word(words)
        case .words(let words): Schema.list(Schema.word(words))
        case .bool: Schema.bool
        case .duration: ["type": "string", "pattern": #"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)?$"#, "maxLength": 12]
        case .time: Schema.time
        case .uuid: Schema.uuid
        case .label: Schema.list(["type": "string", "pattern": "^[^:]+:"])
        case .cursor: Schema.text
        }
    }

    static func duration(_ text: String) -> Duration? {
        guard text.utf8.count <= 12 else { return nil }
        return Duration(text: text) ?? Duration(text: text + "s")
    }

    /// Whether several values stand in one parameter, separated by commas.
    var isCommaSeparated: Bool { if case .words = form { true } else { false } }
}

/// A header that a call reads.
struct HeaderParameter: Sendable {
    let name: String
    let schema: JSON
    let description: String

    static let idempotencyKey = HeaderParameter(
        name: "Idempotency-Key", schema: Schema.text(max: 200),
        description: "The client's name for the request: the same request with the same key takes effect once.")
    static let range = HeaderParameter(
        name: "Range", schema: Schema.text(max: 100),
        description: "One range of bytes: `bytes=0-499`, `bytes=500-`, `bytes=-500`.")
    static let ifRange = HeaderParameter(
        name: "If-Range", schema: Schema.text(max: 100),
        description: "The `ETag` that the file must still have for the range to count.")
    static let ifNoneMatch = HeaderParameter(
        name: "If-None-Match", schema: Schema.text(max: 1000), description: "The `ETag`s that the client has already.")
    static let lastEventID = HeaderParameter(
        name: "Last-Event-ID", schema: ["type": "string", "pattern": "^[0-9]{1,18}$"],
        description: "The id of the last event that was seen; the stream goes on after it.")
    static let lastLineID = HeaderParameter(
        name: "Last-Event-ID", schema: ["type": "string", "pattern": "^[0-9]{1,9}\\.[0-9]{1,9}$"],
        description: "The id of the last line that was seen; the stream goes on after it.")
}

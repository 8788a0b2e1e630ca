import Foundation
import HTTPServer
import JSON

/// A request, as far as it has been understood.
struct Call: Sendable {
    let method: String
    let path: String
    let segments: [String]
    let query: [(name: String, value: String)]
    let headers: HTTPHeaders
    let bytes: [UInt8]
    /// Where the forge is, such as `http://127.0.0.1:3000`.
    let origin: String
    /// What the names in the route's pattern stand for.
    var parameters: [String: String] = [:]
    /// The members of the body; empty when there is none.
    var body = JSONObject()
    /// Who calls, once that is known.
    var caller: ForgeUser?
    /// The token's text, for the limits.
    var key = ""

    /// A name of the route's pattern; empty when it has no such name.
    subscript(name: String) -> String { parameters[name] ?? "" }

    func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    func text(_ name: String) -> String? { body[name]?.stringValue }

    func flag(_ name: String) -> Bool? { body[name]?.boolValue }

    func texts(_ name: String) -> [String]? { body[name]?.arrayValue?.compactMap(\.stringValue) }

    /// Whoever calls; a route without a caller is refused before.
    var user: ForgeUser { caller ?? ForgeUser(id: 0, login: "nobody") }

    /// Whether a query parameter says yes, in any of the spellings that Ruby's and Go's parsers take.
    func isSet(_ name: String) -> Bool { ["1", "t", "true"].contains(query(name)?.lowercased()) }

    /// The number of a page, from 1, and how many lines it has.
    func window(size name: String = "per_page", usual: Int, most: Int = 100) -> (page: Int, size: Int) {
        (max(1, query("page").flatMap(Int.init) ?? 1), min(most, max(1, query(name).flatMap(Int.init) ?? usual)))
    }

    /// The part of a list that `page` and `per_page` (or `limit`) ask for.
    func page<Element>(
        _ list: [Element], size name: String = "per_page", usual: Int = 30, most: Int = 100
    ) -> ArraySlice<Element> {
        let (page, size) = window(size: name, usual: usual, most: most)
        return list.dropFirst((page - 1) * size).prefix(size)
    }
}

/// What is sent back.
struct Answer: Sendable {
    enum Content: Sendable {
        case none
        case json(JSON)
        case text(String)
    }

    var status: Int
    var headers: [(String, String)] = []
    var content = Content.none

    init(_ status: Int, _ json: JSON) {
        self.status = status
        content = .json(json)
    }

    init(_ status: Int, text: String) {
        self.status = status
        content = .text(text)
    }

    init(_ status: Int) { self.status = status }

    var bytes: [UInt8] {
        switch content {
        case .none: []
        case .json(let json): json.serialized()
        case .text(let text): Array(text.utf8)
        }
    }

    func response() -> HTTPResponse {
        var headers = headers
        switch content {
        case .none: break
        case .json: headers.append(("Content-Type", "application/json; charset=utf-8"))
        case .text: headers.append(("Content-Type", "text/plain; charset=utf-8"))
        }
        return HTTPResponse(status: status, headers: headers, body: .bytes(bytes))
    }
}

/// A request that is not done.
struct Refusal: Error {
    let answer: Answer
    /// What the client did wrong, when no state of the repository excuses it.
    let violation: String?

    init(_ answer: Answer, violation: String? = nil) {
        self.answer = answer
        self.violation = violation
    }
}

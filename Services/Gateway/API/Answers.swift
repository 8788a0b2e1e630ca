import HTTPServer
import JSON
import Jobs

extension HTTPResponse {
    /// A JSON answer from a writer.
    init(json: JSONWriter, status: Int = 200, headers: [(String, String)] = []) {
        self.init(status: status, headers: [("Content-Type", "application/json")] + headers, body: .bytes(json.bytes))
    }

    /// One item.
    init(_ item: some Representation, status: Int = 200, headers: [(String, String)] = []) {
        var json = JSONWriter()
        item.write(to: &json)
        self.init(json: json, status: status, headers: headers)
    }

    /// One page of a list: the items and the cursor of the next page, or null where fewer came than `limit`.
    static func page<Item: Representation>(
        _ name: StaticString, _ items: [Item], limit: Int, cursor: (Item) -> String
    ) -> HTTPResponse {
        page(name, items, next: items.count == limit ? items.last.map(cursor) : nil)
    }

    /// A list that is one page.
    static func page(_ name: StaticString, whole items: [some Representation]) -> HTTPResponse {
        page(name, items, next: nil)
    }

    /// One page of a list: the items and the cursor of the next page, or null at the end.
    static func page(_ name: StaticString, _ items: [some Representation], next: String?) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.key(name)
        json.beginArray()
        for item in items { item.write(to: &json) }
        json.endArray()
        json.member("next_cursor", next)
        json.endObject()
        return HTTPResponse(json: json)
    }
}

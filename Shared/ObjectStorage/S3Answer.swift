import Markup

/// An answer's XML as a tree of elements; answers are small.
struct S3Answer {
    var name: String
    var text = ""
    var children: [S3Answer] = []

    private static let maxDepth = 16

    /// Reads an answer; nil for what is no XML.
    init?(_ body: [UInt8]) {
        let stream: XMLStream
        do {
            stream = try XMLStream(MemorySource(body), of: "S3 answer")
            var open: [S3Answer] = []
            while let event = try stream.next() {
                switch event {
                case .start(let name):
                    guard open.count < Self.maxDepth else { return nil }
                    open.append(S3Answer(name: name))
                case .text(let text):
                    if !open.isEmpty { open[open.count - 1].text += text }
                case .end:
                    guard let closed = open.popLast() else { return nil }
                    guard !open.isEmpty else {
                        self = closed
                        return
                    }
                    open[open.count - 1].children.append(closed)
                }
            }
            return nil
        } catch {
            return nil
        }
    }

    private init(name: String) { self.name = name }

    /// The text of the first child with a name.
    subscript(name: String) -> String? { children.first { $0.name == name }?.text }

    /// All children with a name.
    func all(_ name: String) -> [S3Answer] { children.filter { $0.name == name } }

    /// What an error says, when the body is one.
    static func error(in body: [UInt8]) -> (code: String, message: String)? {
        guard !body.isEmpty, let answer = S3Answer(body), answer.name == "Error" else { return nil }
        return (answer["Code"] ?? "", answer["Message"] ?? "")
    }

    /// Text as the content of an element.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

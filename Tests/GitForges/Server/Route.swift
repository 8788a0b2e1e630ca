/// A method and a path, what may come with them, and who does it.
struct Route<API>: Sendable {
    private enum Part: Sendable {
        case literal(String)
        case name(String)
        /// All that is left.
        case rest(String)
    }

    /// Does the work.
    typealias Work = @Sendable (API) -> (Call) throws -> Answer

    let method: String
    private let pattern: [Part]
    let query: Set<String>
    let body: BodyRule?
    let run: Work

    /// `repos/:owner/git/ref/*ref`: a name stands for one part of the path, with a star for all that is left.
    init(_ method: String, _ pattern: String, query: Set<String> = [], body: BodyRule? = nil, _ run: @escaping Work) {
        self.method = method
        self.pattern = pattern.split(separator: "/").map { part in
            switch part.first {
            case ":": .name(String(part.dropFirst()))
            case "*": .rest(String(part.dropFirst()))
            default: .literal(String(part))
            }
        }
        self.query = query
        self.body = body
        self.run = run
    }

    /// What the names stand for; nil when the path is another.
    func parameters(of segments: ArraySlice<String>) -> [String: String]? {
        var rest = segments
        var found: [String: String] = [:]
        for part in pattern {
            switch part {
            case .literal(let text): guard rest.popFirst() == text else { return nil }
            case .name(let name):
                guard let value = rest.popFirst() else { return nil }
                found[name] = value
            case .rest(let name):
                found[name] = rest.joined(separator: "/")
                rest = []
            }
        }
        return rest.isEmpty ? found : nil
    }
}

import Foundation
import HTTPServer
import JSON
import Jobs

/// One call of the API: how it is found, what it takes and what it answers.
///
/// Routing, validation, `/openapi.json` and `/docs` are all made from this, so none of them can say something else.
struct Route: Sendable {
    /// The name of the call in generated clients.
    let id: String
    let method: String
    /// As in OpenAPI: `/api/v1/jobs/{job}`. A parameter named `job` is a job's id or the unique start of one.
    let path: String
    /// What a key must allow; nil where a signature takes the key's place.
    let scope: Scope?
    /// One sentence without a full stop.
    let summary: String
    /// More, where one sentence is not enough.
    let details: String
    let query: [QueryParameter]
    let headers: [HeaderParameter]
    let body: RouteBody
    let answers: [Answer]
    /// What may go wrong beyond what every call of its form may answer.
    let ownProblems: [Problem.Code]
    let handle: @Sendable (Call) async throws -> HTTPResponse
    /// Answers a request whose query has a `signature`, which takes a key's place, or any request where there is no scope; nil where nothing but a key
    /// will do.
    let handleSigned: (@Sendable (HTTPRequest, [String]) async throws -> HTTPResponse)?

    private let pattern: [String]
    private let schema: JSONSchema?

    init(
        _ id: String, _ method: String, _ path: String, _ scope: Scope?, _ summary: String, details: String = "",
        query: [QueryParameter] = [], headers: [HeaderParameter] = [], body: RouteBody = .none, answers: [Answer],
        problems: [Problem.Code] = [],
        signed: (@Sendable (HTTPRequest, [String]) async throws -> HTTPResponse)? = nil,
        _ handle: @escaping @Sendable (Call) async throws -> HTTPResponse
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.scope = scope
        self.summary = summary
        self.details = details
        self.query = query
        self.headers = headers
        self.body = body
        self.answers = answers
        self.ownProblems = problems
        self.handle = handle
        handleSigned = signed
        pattern = path.split(separator: "/").map(String.init)
        do {
            schema = try body.checkedSchema.map { try JSONSchema($0) }
        } catch {
            preconditionFailure("the schema of \(id) does not compile: \(error)")
        }
    }

    /// A call of somebody who has no key and signs the JSON that is posted.
    ///
    /// - Parameter handle: holds the request to its signature; gets the body as it comes.
    init(
        signed id: String, _ path: String, _ summary: String, details: String, limit: Int, answers: [Answer],
        problems: [Problem.Code], _ handle: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) {
        self.init(
            id, "POST", path, nil, summary, details: details, body: .signed(limit: limit), answers: answers,
            problems: problems, signed: { request, _ in try await handle(request) }
        ) { _ in throw Problem.unauthenticated }
    }

    var segmentCount: Int { pattern.count }

    /// The names of the variable parts, in order.
    var parameterNames: [String] { pattern.filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) } }

    /// The variable parts when the path fits.
    func parameters(of segments: [String]) -> [String]? {
        guard segments.count == pattern.count else { return nil }
        var parameters: [String] = []
        for (part, segment) in zip(pattern, segments) {
            if part.utf8.first == UInt8(ascii: "{") {
                parameters.append(segment)
            } else if part != segment {
                return nil
            }
        }
        return parameters
    }

    /// Holds the query and the body to what the route says of them, and calls its handler.
    func answer(_ request: HTTPRequest, key: APIKey, parameters: [String]) async throws -> HTTPResponse {
        try check(request.query)
        var call = Call(request: request, key: key, parameters: parameters)
        if let schema { call.json = try checkedBody(request.collectedBody, schema) }
        return try await handle(call)
    }

    /// The answer to a request that is signed; nil when it is not, and needs a key.
    func answerSigned(_ request: HTTPRequest, parameters: [String]) async throws -> HTTPResponse? {
        guard let handleSigned, scope == nil || request.query("signature") != nil else { return nil }
        try check(request.query)
        return try await handleSigned(request, parameters)
    }

    private func check(_ pairs: [(name: String, value: String)]) throws(Problem) {
        var seen: Set<String> = []
        for (name, value) in pairs {
            guard let parameter = query.first(where: { $0.name == name }) else {
                throw .unknownParameter(name, known: query.map(\.name))
            }
            if let expected = parameter.expectation(unmetBy: value) { throw .invalidParameter(name, expected) }
            guard seen.insert(name).inserted || parameter.isRepeatable else {
                throw .invalidParameter(name, "given once")
            }
        }
    }

    private func checkedBody(_ bytes: [UInt8], _ schema: JSONSchema) throws(Problem) -> JSON {
        if bytes.isEmpty, case .object(_, _, isOptional: true) = body { return schema.applyingDefaults(to: [:]) }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw .malformedJSON(error) }
        let violations = schema.validate(json)
        guard violations.isEmpty else { throw .invalidBody(violations) }
        return schema.applyingDefaults(to: json)
    }
}

/// How a route takes its body.
enum RouteBody: Sendable {
    case none
    /// A JSON object that is held to the schema before the handler is called; an optional one may be absent.
    case object(JSON, limit: Int = Limits.control, isOptional: Bool = false)
    /// A JSON object that the handler itself holds to a schema, for the calls where time matters.
    case submission(JSON, limit: Int)
    /// Bytes of any kind.
    case file(limit: Int)
    /// JSON of somebody who is known by its signature only.
    case signed(limit: Int)

    var policy: BodyPolicy {
        switch self {
        case .none: .collect(limit: 0)
        case .object(_, let limit, _), .submission(_, let limit): .collect(limit: limit)
        case .file(let limit), .signed(let limit): .stream(limit: limit)
        }
    }

    fileprivate var checkedSchema: JSON? {
        if case .object(let schema, _, _) = self { schema } else { nil }
    }
}

/// What a route answers when all is well.
struct Answer: Sendable {
    enum Content: Sendable {
        case none
        case json(JSON)
        /// Server-sent events, each with this as its data.
        case events(JSON)
        case file
        case text(String)
        /// One of these, by what the query asks for.
        indirect case either([Content])
    }

    let status: Int
    let description: String
    let content: Content

    static func json(_ type: (some Representation).Type, _ description: String) -> Answer {
        .json(200, type, description)
    }

    static func json(_ status: Int, _ type: (some Representation).Type, _ description: String) -> Answer {
        .json(status, schema: type.reference, description)
    }

    static func json(_ status: Int = 200, schema: JSON, _ description: String) -> Answer {
        Answer(status: status, description: description, content: .json(schema))
    }

    /// One page of a list under a name, with the cursor of the next.
    static func page(_ name: String, of type: (some Representation).Type, _ description: String) -> Answer {
        let members: JSONObject = {
            var members = JSONObject()
            members[name] = Schema.list(type.reference)
            members["next_cursor"] = Schema.text.orNull.described(
                "Send it as `cursor` for the next page; null at the end.")
            return members
        }()
        return .json(schema: Schema.answer(description, .object(members)), description)
    }

    static func events(_ type: (some Representation).Type, _ description: String) -> Answer {
        Answer(status: 200, description: description, content: .events(type.reference))
    }

    /// One of these answers, all with the same status, by what the query asks for.
    static func either(_ answers: [Answer], _ description: String) -> Answer {
        Answer(status: 200, description: description, content: .either(answers.map(\.content)))
    }

    static func none(_ status: Int, _ description: String) -> Answer {
        Answer(status: status, description: description, content: .none)
    }
}

/// Calls that belong together.
struct RouteGroup: Sendable {
    let name: String
    let description: String
    let routes: [Route]
}

/// A request with all that its use case needs.
struct Call: Sendable {
    let request: HTTPRequest
    let key: APIKey
    /// The variable parts of the path, in order.
    let parameters: [String]
    /// The body of a route that takes an object, with its defaults filled in; null for the others.
    var json: JSON = .null

    var namespace: String { key.namespace }
}

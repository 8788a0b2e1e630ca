import Foundation
import JSON

/// GitLab's REST API, version 4, as its public documentation states it: as much of it as opens a merge request.
struct GitLabAPI: ForgeAPI {
    let state: ForgeState

    static let routes: [Route<GitLabAPI>] =
        readingRoutes + branchRoutes + [
            Route("POST", "projects/:id/repository/commits", body: commitRule, makeCommit)
        ] + mergeRequestRoutes

    /// Requests in a minute that GitLab's own headers speak of.
    private static let minuteLimit = 2000

    func path(of segments: [String]) -> ArraySlice<String>? {
        segments.starts(with: ["api", "v4"]) ? segments.dropFirst(2) : nil
    }

    func admit(_ call: inout Call) throws {
        let bearer = call.credentials.flatMap { $0.scheme == "bearer" ? $0.key : nil }
        guard let key = call.headers["PRIVATE-TOKEN"] ?? bearer else {
            throw Refusal(refusal(401, "401 Unauthorized"), violation: "neither PRIVATE-TOKEN nor a bearer token")
        }
        guard let token = state.tokens[key], token.expires ?? .distantFuture > state.now else {
            let body: JSON = [
                "error": "invalid_token",
                "error_description": "Token was revoked. You have to re-authorize from the user.",
            ]
            throw Refusal(Answer(401, body))
        }
        call.key = key
        call.caller = token.user
        guard token.scopes.contains("api") || call.method == "GET" && token.scopes.contains("read_api") else {
            let body: JSON = [
                "error": "insufficient_scope",
                "error_description": "The request requires higher privileges than provided by the access token.",
                "scope": "api",
            ]
            throw Refusal(Answer(403, body))
        }
    }

    // MARK: Refusing

    func refusal(_ status: Int, _ message: String) -> Answer { Answer(status, ["message": .string(message)]) }

    func missing(_ what: String) -> Refusal { Refusal(refusal(404, "404 \(what) Not Found")) }

    func bad(_ message: String, violation: Bool = false) -> Refusal {
        Refusal(refusal(400, message), violation: violation ? message : nil)
    }

    func unknownPath(_ call: Call) -> Answer { Answer(404, ["error": "404 Not Found"]) }

    func unreadable(_ call: Call, isMediaType: Bool) -> Answer {
        guard isMediaType else { return Answer(400, ["error": "400 Bad request - invalid JSON"]) }
        let type = call.headers["Content-Type"] ?? ""
        return Answer(415, ["error": "The provided content-type '\(type)' is not supported."])
    }

    /// GitLab itself ignores unknown fields; here they are an error, because a client that sends one means something by it.
    func malformed(_ call: Call, _ fault: BodyRule.Fault) -> Answer {
        switch fault {
        case .missing(let names):
            Answer(400, ["error": .string(names.map { "\($0) is missing" }.joined(separator: ", "))])
        case .unknown(let name): Answer(400, ["error": "\(name) is not known"])
        case .invalid(let field, _):
            Answer(400, ["error": "\(field.replacing("/", with: ".")) does not have a valid value"])
        }
    }

    // MARK: Limits

    func limited(_ call: Call, retryAfter: Int, isSecondary: Bool) -> Answer {
        var answer = Answer(429, text: "Retry later\n")
        answer.headers =
            [("Retry-After", "\(retryAfter)")] + rateHeaders(observed: Self.minuteLimit + 1, reset: retryAfter)
        return answer
    }

    func decorate(_ answer: inout Answer, _ call: Call) {
        guard !answer.headers.contains(where: { $0.0 == "RateLimit-Limit" }) else { return }
        answer.headers += rateHeaders(observed: state.used[call.key] ?? 0, reset: 60)
    }

    private func rateHeaders(observed: Int, reset: Int) -> [(String, String)] {
        let end = state.now.addingTimeInterval(Double(reset))
        return [
            ("RateLimit-Limit", "\(Self.minuteLimit)"), ("RateLimit-Name", "throttle_authenticated_api"),
            ("RateLimit-Observed", "\(observed)"),
            ("RateLimit-Remaining", "\(max(0, Self.minuteLimit - observed))"),
            ("RateLimit-Reset", "\(Int(end.timeIntervalSince1970))"),
        ]
    }

    // MARK: Projects

    /// The project that the path names by its number or its full name.
    func project(_ call: Call) throws -> Repository {
        let name = Int(call["id"]).flatMap { id in state.repositories.first { $0.id == id }?.fullName } ?? call["id"]
        guard let repository = visible(name, call) else { throw missing("Project") }
        return repository
    }

    /// The project that the path names, for one of its members.
    func writable(_ call: Call) throws -> Repository {
        let repository = try project(call)
        guard repository.collaborators.contains(call.user.login) else { throw Refusal(refusal(403, "403 Forbidden")) }
        return repository
    }

    /// The part of a list that is asked for, with the headers of offset pagination.
    func list<Element>(_ all: [Element], _ call: Call, _ text: (Element) throws -> JSON) rethrows -> Answer {
        var answer = Answer(200, .array(try call.page(all, usual: 20).map(text)))
        let (page, size) = call.window(usual: 20)
        let pages = max(1, (all.count + size - 1) / size)
        answer.headers = [
            ("X-Page", "\(page)"), ("X-Per-Page", "\(size)"), ("X-Total", "\(all.count)"),
            ("X-Total-Pages", "\(pages)"), ("X-Next-Page", page < pages ? "\(page + 1)" : ""),
            ("X-Prev-Page", page > 1 ? "\(page - 1)" : ""),
        ]
        return answer
    }
}

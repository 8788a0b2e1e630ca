import Foundation
import JSON

/// The API of Gitea and Forgejo, version 1, as their Swagger description states it: as much of it as opens a pull request.
struct GiteaAPI: ForgeAPI {
    /// The usual `MAX_RESPONSE_ITEMS`, whatever is asked for.
    private static let largestPage = 50

    let state: ForgeState

    static let routes: [Route<GiteaAPI>] = readingRoutes + branchRoutes + contentRoutes + labelRoutes + pullRoutes

    func path(of segments: [String]) -> ArraySlice<String>? {
        segments.starts(with: ["api", "v1"]) ? segments.dropFirst(2) : nil
    }

    func admit(_ call: inout Call) throws {
        guard let (scheme, key) = call.credentials, ["token", "bearer"].contains(scheme) else {
            throw Refusal(refusal(401, "token is required", call), violation: "no Authorization with a token")
        }
        guard let token = state.tokens[key], token.expires ?? .distantFuture > state.now else {
            throw Refusal(refusal(401, "user does not exist [uid: 0, name: ]", call))
        }
        call.key = key
        call.caller = token.user
        let area = call.segments.contains("issues") || call.segments.contains("labels") ? "issue" : "repository"
        let allowed = call.method == "GET" ? ["read:\(area)", "write:\(area)"] : ["write:\(area)"]
        guard call.segments.dropFirst(2).first == "user" || !token.scopes.isDisjoint(with: allowed + ["all"]) else {
            let message =
                "token does not have at least one of required scope(s), required=[\(allowed[0])], token scope="
                + token.scopes.sorted().joined(separator: ",")
            throw Refusal(refusal(403, message, call))
        }
    }

    // MARK: Refusing

    func refusal(_ status: Int, _ message: String, _ call: Call) -> Answer {
        Answer(status, ["message": .string(message), "url": "\(call.origin)/api/swagger"])
    }

    func missing(_ call: Call, _ message: String = "The target couldn't be found.") -> Refusal {
        Refusal(refusal(404, message, call))
    }

    func unprocessable(_ message: String, _ call: Call, violation: Bool = false) -> Refusal {
        Refusal(refusal(422, message, call), violation: violation ? message : nil)
    }

    func unknownPath(_ call: Call) -> Answer { missing(call).answer }

    func unreadable(_ call: Call, isMediaType: Bool) -> Answer {
        isMediaType ? refusal(415, "Unsupported Content-Type", call) : refusal(422, "the body is no JSON object", call)
    }

    /// Gitea itself ignores unknown fields; here they are an error, because a client that sends one means something by it.
    func malformed(_ call: Call, _ fault: BodyRule.Fault) -> Answer {
        switch fault {
        case .missing(let names):
            refusal(422, names.map { "[\($0.prefix(1).uppercased())\($0.dropFirst())]: Required" }.joined(), call)
        case .unknown(let name): refusal(422, "[\(name)]: Unknown", call)
        case .invalid(let field, let reason): refusal(422, "[\(field)]: \(reason)", call)
        }
    }

    // MARK: Limits

    /// Neither has limits of its own: they come from the proxy in front.
    func limited(_ call: Call, retryAfter: Int, isSecondary: Bool) -> Answer {
        var answer = Answer(429, text: "Too Many Requests\n")
        answer.headers = [("Retry-After", "\(retryAfter)")]
        return answer
    }

    func decorate(_ answer: inout Answer, _ call: Call) {
        answer.headers.append(("Cache-Control", "max-age=0, private, must-revalidate, no-transform"))
    }

    // MARK: Repositories

    /// The repository that the path names.
    func repository(_ call: Call) throws -> Repository {
        guard let repository = visible("\(call["owner"])/\(call["repo"])", call) else { throw missing(call) }
        return repository
    }

    /// The repository that the path names, for somebody who may write to it.
    func writable(_ call: Call) throws -> Repository {
        let repository = try repository(call)
        guard repository.collaborators.contains(call.user.login) else {
            throw Refusal(refusal(403, "user should have a permission to write to a repo", call))
        }
        return repository
    }

    /// The part of a list that is asked for, with the whole's length.
    func list<Element>(_ all: [Element], _ call: Call, _ text: (Element) throws -> JSON) rethrows -> Answer {
        let page = call.page(all, size: "limit", most: Self.largestPage)
        var answer = Answer(200, .array(try page.map(text)))
        answer.headers.append(("X-Total-Count", "\(all.count)"))
        if page.endIndex < all.endIndex {
            let number = call.window(size: "limit", usual: 30, most: Self.largestPage).page + 1
            let rest = call.query.filter { $0.name != "page" }.map { "&\($0.name)=\($0.value)" }.joined()
            answer.headers.append(("Link", "<\(call.origin)\(call.path)?page=\(number)\(rest)>; rel=\"next\""))
        }
        return answer
    }
}

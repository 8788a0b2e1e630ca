import Crypto
import Foundation
import JSON

/// GitHub's REST API as its public description states it (versions 2022-11-28 and 2026-03-10): as much of it as opens a pull request.
struct GitHubAPI: ForgeAPI {
    let state: ForgeState

    static let versions = ["2022-11-28", "2026-03-10"]

    static let routes: [Route<GitHubAPI>] =
        readingRoutes + referenceRoutes + objectRoutes + pullRoutes + issueRoutes + appRoutes

    /// An Enterprise Server has its API below `/api`.
    func path(of segments: [String]) -> ArraySlice<String>? {
        guard segments.first == "api" else { return segments[...] }
        if segments.starts(with: ["api", "v3"]) { return segments.dropFirst(2) }
        return segments == ["api", "graphql"] ? segments.dropFirst() : nil
    }

    func admit(_ call: inout Call) throws {
        guard call.headers["User-Agent"]?.isEmpty == false else {
            let text = """
                Request forbidden by administrative rules. Please make sure your request has a User-Agent header \
                (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check \
                https://developer.github.com for other possible causes.
                """
            throw Refusal(Answer(403, text: text + "\n"), violation: "no User-Agent")
        }
        if call.segments.last != "graphql" { try checkMedia(call) }
        guard let (scheme, key) = call.credentials else {
            throw Refusal(refusal(401, "Requires authentication"), violation: "no Authorization")
        }
        guard scheme == "bearer" || scheme == "token" else {
            throw Refusal(refusal(401, "Bad credentials"), violation: "Authorization is no bearer token")
        }
        if Self.isForApps(path(of: call.segments) ?? []) {
            call.caller = try checkAssertion(key)
            return
        }
        guard let token = state.tokens[key], token.expires ?? .distantFuture > state.now else {
            throw Refusal(refusal(401, "Bad credentials"))
        }
        call.key = key
        call.caller = token.user
    }

    private func checkMedia(_ call: Call) throws {
        let accept = call.headers["Accept"] ?? ""
        let known = ["application/vnd.github+json", "application/vnd.github.v3+json"]
        guard accept.split(separator: ",").contains(where: { known.contains($0.trimmingCharacters(in: .whitespaces)) })
        else {
            throw Refusal(
                refusal(415, "Unsupported 'Accept' header: '\(accept)'. Must accept 'application/json'."),
                violation: "Accept is '\(accept)' and not application/vnd.github+json")
        }
        let version = call.headers["X-GitHub-Api-Version"] ?? ""
        guard Self.versions.contains(version) else {
            throw Refusal(
                refusal(400, "Version \"\(version)\" is not a supported version of the GitHub REST API."),
                violation: "X-GitHub-Api-Version is '\(version)'")
        }
    }

    // MARK: Refusing

    func refusal(_ status: Int, _ message: String, errors: [JSON] = [], page: String = "rest") -> Answer {
        var body: JSONObject = ["message": .string(message)]
        if !errors.isEmpty { body["errors"] = .array(errors) }
        body["documentation_url"] = "https://docs.github.com/\(page)"
        body["status"] = "\(status)"
        return Answer(status, .object(body))
    }

    var notFound: Refusal { Refusal(refusal(404, "Not Found")) }

    /// A 422 with the reason as its message.
    func unprocessable(_ message: String, violation: Bool = false) -> Refusal {
        Refusal(refusal(422, message), violation: violation ? message : nil)
    }

    /// A 422 about one field of a resource.
    func invalid(_ resource: String, field: String? = nil, code: String = "custom", _ message: String? = nil) -> Refusal
    {
        var error: JSONObject = ["resource": .string(resource)]
        if let field { error["field"] = .string(field) }
        error["code"] = .string(code)
        if let message { error["message"] = .string(message) }
        return Refusal(refusal(422, "Validation Failed", errors: [.object(error)]))
    }

    func unknownPath(_ call: Call) -> Answer { notFound.answer }

    func unreadable(_ call: Call, isMediaType: Bool) -> Answer {
        isMediaType ? refusal(415, "Unsupported Media Type") : refusal(400, "Problems parsing JSON")
    }

    func malformed(_ call: Call, _ fault: BodyRule.Fault) -> Answer {
        switch fault {
        case .missing(let names):
            refusal(422, "Invalid request.\n\n" + names.map { "\"\($0)\" wasn't supplied." }.joined(separator: "\n"))
        case .unknown(let name): refusal(422, "Invalid request.\n\n\"\(name)\" is not a permitted key.")
        case .invalid(let field, let reason): refusal(422, "Invalid request.\n\nFor 'properties/\(field)', \(reason).")
        }
    }

    // MARK: Limits

    func limited(_ call: Call, retryAfter: Int, isSecondary: Bool) -> Answer {
        let page = "rest/using-the-rest-api/rate-limits-for-the-rest-api"
        guard isSecondary else {
            var answer = refusal(403, "API rate limit exceeded for user ID \(call.user.id).", page: page)
            answer.headers = rateHeaders(used: state.hourlyLimit, reset: retryAfter)
            return answer
        }
        var answer = refusal(
            403,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            page: "\(page)#about-secondary-rate-limits")
        answer.headers = [("retry-after", "\(retryAfter)")] + rateHeaders(used: state.used[call.key] ?? 0, reset: 3600)
        return answer
    }

    func decorate(_ answer: inout Answer, _ call: Call) {
        answer.headers.append(("x-github-api-version-selected", call.headers["X-GitHub-Api-Version"] ?? ""))
        if call.method == "GET", answer.status == 200 {
            let tag = "W/\"\(Hex.encode(sha256(answer.bytes)))\""
            if call.headers["If-None-Match"] == tag {
                // What has not changed costs nothing.
                state.used[call.key, default: 1] -= 1
                answer = Answer(304)
            }
            answer.headers.append(("etag", tag))
        }
        guard !answer.headers.contains(where: { $0.0 == "x-ratelimit-limit" }) else { return }
        answer.headers += rateHeaders(used: state.used[call.key] ?? 0, reset: 3600)
    }

    func rateHeaders(used: Int, reset: Int) -> [(String, String)] {
        [
            ("x-ratelimit-limit", "\(state.hourlyLimit)"),
            ("x-ratelimit-remaining", "\(max(0, state.hourlyLimit - used))"), ("x-ratelimit-used", "\(used)"),
            ("x-ratelimit-reset", "\(Int(state.now.timeIntervalSince1970) + reset)"),
            ("x-ratelimit-resource", "core"),
        ]
    }

    // MARK: Repositories

    /// The repository that the path names.
    func repository(_ call: Call) throws -> Repository {
        guard let repository = visible("\(call["owner"])/\(call["repo"])", call) else { throw notFound }
        return repository
    }

    /// The repository that the path names, for somebody who may write to it.
    func writable(_ call: Call) throws -> Repository {
        let repository = try repository(call)
        guard mayWrite(repository, call) else {
            throw Refusal(refusal(403, "Resource not accessible by personal access token"))
        }
        return repository
    }

    func mayWrite(_ repository: Repository, _ call: Call) -> Bool {
        guard visible(repository.fullName, call) != nil, state.tokens[call.key]?.scopes.contains("repo") == true else {
            return false
        }
        return repository.collaborators.contains(call.user.login)
            || state.apps.contains { $0.user == call.user }
    }

    /// Git's own data cannot be made or read where there is no commit yet.
    func nonempty(_ repository: Repository) throws -> Repository {
        guard try !repository.git.references("refs/heads/").isEmpty else {
            throw Refusal(refusal(409, "Git Repository is empty."))
        }
        return repository
    }
}

extension Call {
    /// The scheme in small letters, and what follows it in `Authorization`.
    var credentials: (scheme: String, key: String)? {
        let parts = headers["Authorization"]?.split(separator: " ", maxSplits: 1) ?? []
        return parts.count == 2 ? (parts[0].lowercased(), String(parts[1])) : nil
    }
}

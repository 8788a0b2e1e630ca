import JSON
import Jobs

/// What GitHub's deliveries say: `pull_request`, `check_run`, `check_suite` and `status`.
struct GitHubHook {
    let delivery: HookDelivery

    private var body: JSON { delivery.body }
    private var action: String? { body["action"]?.stringValue }

    private var repository: RepositoryName? {
        guard let name = body["repository"]?["full_name"]?.stringValue,
            let page = body["repository"]?["html_url"]?.stringValue
        else { return nil }
        return RepositoryName(provider: "github", address: page, name: name)
    }

    var news: ForgeNews? {
        switch delivery.event {
        case "pull_request": body.pullRequestChange(delivery, in: repository)
        case "check_run", "check_suite": action == "completed" ? check(body[delivery.event] ?? .null) : nil
        case "status": body.commitStatus(delivery, in: repository)
        default: nil
        }
    }

    private func check(_ check: JSON) -> ForgeNews? {
        // A fork's checks name the pull requests that it has elsewhere too.
        let own = (check["pull_requests"]?.arrayValue ?? []).filter {
            $0["base"]?["repo"]?["id"] == body["repository"]?["id"]
        }
        return ForgeNews(
            .checks, repository, delivery, numbers: own.compactMap { $0["number"]?.intValue },
            commit: check["head_sha"]?.stringValue,
            HookDetails(
                conclusion: check["conclusion"]?.stringValue, name: check["name"]?.stringValue,
                url: check["html_url"]?.stringValue, commit: check["head_sha"]?.stringValue,
                actor: body["sender"]?["login"]?.stringValue))
    }
}

/// What GitHub and Gitea say in the same words.
extension JSON {
    func pullRequestChange(_ delivery: HookDelivery, in repository: RepositoryName?) -> ForgeNews? {
        guard let pull = self["pull_request"], let number = pull["number"]?.intValue else { return nil }
        let action: ForgeNews.Action
        switch self["action"]?.stringValue {
        case "closed": action = pull["merged"] == true ? .merged : .closed
        case "reopened": action = .reopened
        default: return nil
        }
        return ForgeNews(
            action, repository, delivery, numbers: [number],
            marker: pull["body"]?.stringValue.flatMap(BodyMarker.job),
            HookDetails(
                url: pull["html_url"]?.stringValue,
                commit: action == .merged ? pull["merge_commit_sha"]?.stringValue : nil,
                actor: self["sender"]?["login"]?.stringValue))
    }

    func commitStatus(_ delivery: HookDelivery, in repository: RepositoryName?) -> ForgeNews? {
        guard let state = self["state"]?.stringValue, state != "pending", let commit = self["sha"]?.stringValue else {
            return nil
        }
        return ForgeNews(
            .checks, repository, delivery, numbers: [], commit: commit,
            HookDetails(
                conclusion: state, name: self["context"]?.stringValue, url: self["target_url"]?.stringValue,
                commit: commit, actor: self["sender"]?["login"]?.stringValue))
    }
}

import JSON
import Jobs

/// What GitLab's deliveries say: merge requests and pipelines.
struct GitLabHook {
    let delivery: HookDelivery

    private static let actions: [String: ForgeNews.Action] = ["merge": .merged, "close": .closed, "reopen": .reopened]
    /// GitLab's words for how a pipeline has ended, and the others' words.
    private static let conclusions = [
        "success": "success", "failed": "failure", "canceled": "cancelled", "skipped": "skipped",
    ]

    private var attributes: JSON { delivery.body["object_attributes"] ?? .null }
    private var actor: String? { delivery.body["user"]?["username"]?.stringValue }

    private var repository: RepositoryName? {
        guard let name = delivery.body["project"]?["path_with_namespace"]?.stringValue,
            let page = delivery.body["project"]?["web_url"]?.stringValue
        else { return nil }
        return RepositoryName(provider: "gitlab", address: page, name: name)
    }

    var news: ForgeNews? {
        switch delivery.body["object_kind"]?.stringValue {
        case "merge_request": mergeRequest
        case "pipeline": pipeline
        default: nil
        }
    }

    private var mergeRequest: ForgeNews? {
        guard let action = attributes["action"]?.stringValue.flatMap({ Self.actions[$0] }),
            let number = attributes["iid"]?.intValue
        else { return nil }
        return ForgeNews(
            action, repository, delivery, numbers: [number],
            marker: attributes["description"]?.stringValue.flatMap(BodyMarker.job),
            HookDetails(
                url: attributes["url"]?.stringValue,
                commit: action == .merged ? attributes["merge_commit_sha"]?.stringValue : nil, actor: actor))
    }

    private var pipeline: ForgeNews? {
        guard let conclusion = attributes["status"]?.stringValue.flatMap({ Self.conclusions[$0] }),
            let commit = attributes["sha"]?.stringValue
        else { return nil }
        let number = delivery.body["merge_request"]?["iid"]?.intValue
        return ForgeNews(
            .checks, repository, delivery, numbers: number.map { [$0] } ?? [], commit: commit,
            HookDetails(
                conclusion: conclusion, name: attributes["name"]?.stringValue, url: attributes["url"]?.stringValue,
                commit: commit, actor: actor))
    }
}

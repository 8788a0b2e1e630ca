import JSON
import Jobs

/// What the deliveries of Gitea and Forgejo say: `pull_request` and `status`.
struct GiteaHook {
    let delivery: HookDelivery

    private var repository: RepositoryName? {
        guard let name = delivery.body["repository"]?["full_name"]?.stringValue,
            let page = delivery.body["repository"]?["html_url"]?.stringValue
        else { return nil }
        return RepositoryName(provider: "gitea", address: page, name: name)
    }

    var news: ForgeNews? {
        switch delivery.event {
        case "pull_request": delivery.body.pullRequestChange(delivery, in: repository)
        case "status": delivery.body.commitStatus(delivery, in: repository)
        default: nil
        }
    }
}

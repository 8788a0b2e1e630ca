import JSON

/// Labels, which a pull request has as an issue.
extension GitHubAPI {
    private static let labels = BodyRule(["labels": .texts], required: ["labels"])

    static let issueRoutes: [Route<GitHubAPI>] = [
        Route("GET", "repos/:owner/:repo/issues/:number/labels", readLabels),
        Route("POST", "repos/:owner/:repo/issues/:number/labels", body: labels, addLabels),
        Route("PUT", "repos/:owner/:repo/issues/:number/labels", body: labels, setLabels),
    ]

    private func readLabels(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        return answer(repository, try pull(call, in: repository), call)
    }

    private func addLabels(_ call: Call) throws -> Answer { try label(call, keepingOthers: true) }

    private func setLabels(_ call: Call) throws -> Answer { try label(call, keepingOthers: false) }

    /// Labels that are not there yet are made, as GitHub does.
    private func label(_ call: Call, keepingOthers: Bool) throws -> Answer {
        let repository = try writable(call)
        let index = try pull(call, in: repository)
        let names = (call.texts("labels") ?? []).map { repository.ensureLabel($0).name }
        var labels = keepingOthers ? repository.pulls[index].labels : []
        for name in names where !labels.contains(name) { labels.append(name) }
        repository.pulls[index].labels = labels
        return answer(repository, index, call)
    }

    private func answer(_ repository: Repository, _ index: Int, _ call: Call) -> Answer {
        let labels = repository.pulls[index].labels.compactMap(repository.label)
        return Answer(200, .array(labels.map { text(of: $0, repository, call) }))
    }
}

import JSON

/// Labels of a repository and of a pull request.
extension GiteaAPI {
    private static let labels = BodyRule(["labels": .list(.either(.number, .text))], required: ["labels"])

    static let labelRoutes: [Route<GiteaAPI>] = [
        Route("GET", "repos/:owner/:repo/labels", query: ["page", "limit"], listLabels),
        Route(
            "POST", "repos/:owner/:repo/labels",
            body: BodyRule(
                ["name": .filled, "color": .filled, "description": .text, "exclusive": .flag, "is_archived": .flag],
                required: ["name", "color"]), makeLabel),
        Route("GET", "repos/:owner/:repo/issues/:index/labels", readLabels),
        Route("POST", "repos/:owner/:repo/issues/:index/labels", body: labels, addLabels),
        Route("PUT", "repos/:owner/:repo/issues/:index/labels", body: labels, setLabels),
    ]

    private func listLabels(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        return list(repository.labels, call) { text(of: $0, repository, call) }
    }

    /// Gitea does not look whether the name is taken: two labels may have the same one. Here that is told as a fault of the client.
    private func makeLabel(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let name = call.text("name") ?? ""
        let color = call.text("color").map { $0.hasPrefix("#") ? String($0.dropFirst()) : $0 } ?? ""
        guard [3, 6].contains(color.count), color.allSatisfy(\.isHexDigit) else {
            throw unprocessable("bad color value [\(color)]", call, violation: true)
        }
        guard repository.label(name) == nil else {
            throw unprocessable("the label \(name) is there already", call, violation: true)
        }
        let label = repository.ensureLabel(name, color: color, description: call.text("description") ?? "")
        return Answer(201, text(of: label, repository, call))
    }

    private func readLabels(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        return answer(repository, try index(call, in: repository), call)
    }

    private func addLabels(_ call: Call) throws -> Answer { try label(call, keepingOthers: true) }

    private func setLabels(_ call: Call) throws -> Answer { try label(call, keepingOthers: false) }

    /// Labels that are not there are left out without a word, as Gitea does.
    private func label(_ call: Call, keepingOthers: Bool) throws -> Answer {
        let repository = try writable(call)
        let index = try index(call, in: repository)
        let found = find(call.body["labels"]?.arrayValue ?? [], in: repository)
        var labels = keepingOthers ? repository.pulls[index].labels : []
        for name in found where !labels.contains(name) { labels.append(name) }
        repository.pulls[index].labels = labels
        return answer(repository, index, call)
    }

    /// The names of labels that are given by number or name.
    func find(_ labels: [JSON], in repository: Repository) -> [String] {
        labels.compactMap { wanted in
            repository.labels.first { $0.id == wanted.intValue || $0.name == wanted.stringValue }?.name
        }
    }

    private func answer(_ repository: Repository, _ index: Int, _ call: Call) -> Answer {
        let labels = repository.pulls[index].labels.compactMap(repository.label)
        return Answer(200, .array(labels.map { text(of: $0, repository, call) }))
    }
}

import JSON

extension GiteaForge {
    /// The API does not look for a branch, so the newest are looked through.
    private static let mostPulls = 2000
    private static let mostLabels = 5000
    private static let draftPrefix = "WIP: "
    private static let labelColor = "#ededed"

    func pullRequests(from branch: String) async throws(ForgeError) -> [ForgePullRequest] {
        try await client.list("\(path)/pulls", [("state", "all")], most: Self.mostPulls).filter { pull in
            // The label stays the branch's name when the branch is gone, and `ref` does not.
            pull["head"]?["label"]?.stringValue == branch
                && pull["head"]?["repo_id"]?.intValue == pull["base"]?["repo_id"]?.intValue
        }.compactMap(Self.pull).sorted { $0.number > $1.number }
    }

    func pullRequest(_ number: Int) async throws(ForgeError) -> ForgePullRequest? {
        try await client.find("\(path)/pulls/\(number)").map(read)
    }

    func open(
        _ draft: PullRequestDraft, from branch: String, into base: String
    ) async throws(ForgeError) -> ForgePullRequest {
        try read(
            try await client.write(
                "POST", "\(path)/pulls",
                [
                    "head": .string(branch), "base": .string(base),
                    "title": .string((draft.isDraft ? Self.draftPrefix : "") + draft.title),
                    "body": .string(draft.body),
                ]))
    }

    func update(
        _ request: ForgePullRequest, title: String, body: String, reopens: Bool
    ) async throws(ForgeError) -> ForgePullRequest {
        var change: JSONObject = [
            "title": .string((request.isDraft ? Self.draftPrefix : "") + title), "body": .string(body),
        ]
        if reopens { change["state"] = "open" }
        return try read(try await client.write("PATCH", "\(path)/pulls/\(request.number)", .object(change)))
    }

    /// Labels that are not there are made: Gitea leaves them out without a word.
    func add(labels: [String], to number: Int) async throws(ForgeError) {
        let known = try await client.list("\(path)/labels", most: Self.mostLabels)
        var numbers: [JSON] = []
        for label in labels {
            if let number = known.first(where: { $0["name"]?.stringValue == label })?["id"] {
                numbers.append(number)
            } else {
                let made = try await client.write(
                    "POST", "\(path)/labels", ["name": .string(label), "color": .string(Self.labelColor)])
                numbers.append(made.json["id"] ?? .null)
            }
        }
        _ = try await client.write("POST", "\(path)/issues/\(number)/labels", ["labels": .array(numbers)])
    }

    func request(reviewers: [String], of request: ForgePullRequest) async throws(ForgeError) -> [String] {
        _ = try await client.write(
            "POST", "\(path)/pulls/\(request.number)/requested_reviewers",
            ["reviewers": .array(reviewers.map { .string($0) })])
        return []
    }

    func mergeWhenReady(
        _ request: ForgePullRequest, by method: PullRequest.MergeMethod
    ) async throws(ForgeError) {
        var body: JSONObject = ["Do": .string(method.rawValue), "merge_when_checks_succeed": true]
        body["head_commit_id"] = request.head.map { .string($0) }
        do throws(ForgeError) {
            _ = try await client.write("POST", "\(path)/pulls/\(request.number)/merge", .object(body))
        } catch {
            // A pull request does not say that it is to be merged, so an earlier try shows here alone.
            if error.kind == .conflict, error.message.contains("already scheduled") { return }
            guard error.message.contains("try again later") else { throw error }
            throw .beingChecked(request, error.message)
        }
    }

    private func read(_ answer: ForgeAnswer) throws(ForgeError) -> ForgePullRequest {
        guard let pull = Self.pull(answer.json) else {
            throw ForgeError(.unclear, "provider_unavailable", "Gitea's answer is no pull request.")
        }
        return pull
    }

    private static func pull(_ json: JSON) -> ForgePullRequest? {
        guard let number = json["number"]?.intValue, let url = json["html_url"]?.stringValue,
            let base = json["base"]?["ref"]?.stringValue
        else { return nil }
        let title = json["title"]?.stringValue ?? ""
        let isDraft = title.hasPrefix(draftPrefix)
        return ForgePullRequest(
            number: number, nodeID: nil, url: url,
            state: json["merged"]?.boolValue == true ? .merged : json["state"] == "open" ? .open : .closed,
            isDraft: isDraft, title: isDraft ? String(title.dropFirst(draftPrefix.count)) : title,
            body: json["body"]?.stringValue ?? "", base: base, head: json["head"]?["sha"]?.stringValue,
            labels: (json["labels"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue },
            reviewers: (json["requested_reviewers"]?.arrayValue ?? []).compactMap { $0["login"]?.stringValue },
            mergesWhenReady: false, isBeingChecked: false)
    }
}

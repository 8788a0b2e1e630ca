import JSON

extension GitLabForge {
    private static let mostRequests = 300
    private static let draftPrefix = "Draft: "
    /// Of `detailed_merge_status`.
    private static let checking: Set<String> = ["unchecked", "checking", "preparing", "approvals_syncing"]

    func pullRequests(from branch: String) async throws(ForgeError) -> [ForgePullRequest] {
        let query = [("source_branch", branch), ("state", "all"), ("sort", "desc")]
        // Forks may have branches of the same name, of which anybody can make merge requests.
        return try await client.list("\(path)/merge_requests", query, most: Self.mostRequests).filter {
            $0["source_project_id"]?.intValue == $0["target_project_id"]?.intValue
        }.compactMap(Self.request)
    }

    func pullRequest(_ number: Int) async throws(ForgeError) -> ForgePullRequest? {
        try await client.find("\(path)/merge_requests/\(number)").map(read)
    }

    func open(
        _ draft: PullRequestDraft, from branch: String, into base: String
    ) async throws(ForgeError) -> ForgePullRequest {
        try read(
            try await client.write(
                "POST", "\(path)/merge_requests",
                [
                    "source_branch": .string(branch), "target_branch": .string(base),
                    "title": .string((draft.isDraft ? Self.draftPrefix : "") + draft.title),
                    "description": .string(draft.body),
                ]))
    }

    func update(
        _ request: ForgePullRequest, title: String, body: String, reopens: Bool
    ) async throws(ForgeError) -> ForgePullRequest {
        var change: JSONObject = [
            "title": .string((request.isDraft ? Self.draftPrefix : "") + title), "description": .string(body),
        ]
        if reopens { change["state_event"] = "reopen" }
        return try read(try await client.write("PUT", "\(path)/merge_requests/\(request.number)", .object(change)))
    }

    func add(labels: [String], to number: Int) async throws(ForgeError) {
        _ = try await client.write(
            "PUT", "\(path)/merge_requests/\(number)", ["add_labels": .string(labels.joined(separator: ","))])
    }

    /// GitLab takes the numbers of all reviewers, and leaves out without a word who cannot be one, or is one too many.
    func request(reviewers: [String], of request: ForgePullRequest) async throws(ForgeError) -> [String] {
        var numbers: [JSON] = []
        for name in reviewers + request.reviewers {
            let users = try await client.get("/users", [("username", name)]).json
            guard let number = users[0]?["id"] else { throw .unknownReviewer(name) }
            numbers.append(number)
        }
        let answer = try await client.write(
            "PUT", "\(path)/merge_requests/\(request.number)", ["reviewer_ids": .array(numbers)])
        let asked = try read(answer).reviewers.map { $0.lowercased() }
        let missing = reviewers.filter { !asked.contains($0.lowercased()) }
        // Without a licence a merge request has one reviewer.
        if missing.count == reviewers.count, let name = missing.first { throw .unknownReviewer(name) }
        return missing
    }

    func mergeWhenReady(
        _ request: ForgePullRequest, by method: PullRequest.MergeMethod
    ) async throws(ForgeError) {
        guard method != .rebase else {
            throw ForgeError(
                .refused, "auto_merge_refused", "GitLab rebases by a setting of the project alone: merge or squash.")
        }
        var body: JSONObject = ["merge_when_pipeline_succeeds": true, "squash": .bool(method == .squash)]
        body["sha"] = request.head.map { .string($0) }
        do throws(ForgeError) {
            _ = try await client.write("PUT", "\(path)/merge_requests/\(request.number)/merge", .object(body))
        } catch {
            // So it is as long as there is no pipeline, which comes a moment behind the commit.
            guard error.kind == .invalid else { throw error }
            throw .beingChecked(request, error.message)
        }
    }

    private func read(_ answer: ForgeAnswer) throws(ForgeError) -> ForgePullRequest {
        guard let request = Self.request(answer.json) else {
            throw ForgeError(.unclear, "provider_unavailable", "GitLab's answer is no merge request.")
        }
        return request
    }

    private static func request(_ json: JSON) -> ForgePullRequest? {
        guard let number = json["iid"]?.intValue, let url = json["web_url"]?.stringValue,
            let base = json["target_branch"]?.stringValue
        else { return nil }
        let title = json["title"]?.stringValue ?? ""
        return ForgePullRequest(
            number: number, nodeID: nil, url: url,
            state: json["state"] == "merged" ? .merged : json["state"] == "closed" ? .closed : .open,
            isDraft: json["draft"]?.boolValue ?? false,
            title: title.hasPrefix(draftPrefix) ? String(title.dropFirst(draftPrefix.count)) : title,
            body: json["description"]?.stringValue ?? "", base: base, head: json["sha"]?.stringValue,
            labels: (json["labels"]?.arrayValue ?? []).compactMap(\.stringValue),
            reviewers: (json["reviewers"]?.arrayValue ?? []).compactMap { $0["username"]?.stringValue },
            mergesWhenReady: json["merge_when_pipeline_succeeds"]?.boolValue ?? false,
            isBeingChecked: checking.contains(json["detailed_merge_status"]?.stringValue ?? ""))
    }
}

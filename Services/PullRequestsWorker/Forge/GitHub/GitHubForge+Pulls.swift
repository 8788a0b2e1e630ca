import JSON

extension GitHubForge {
    /// More than anybody has from one branch.
    private static let mostPulls = 300
    /// In GitHub's refusal: all checks have passed.
    private static let ready = "clean status"
    /// In GitHub's refusal: checks that are not required still run, or have failed; it would be merged without waiting for them.
    private static let running = "unstable status"

    func pullRequests(from branch: String) async throws(ForgeError) -> [ForgePullRequest] {
        let head = "\(name.prefix { $0 != "/" }):\(branch)"
        let query = [("head", head), ("state", "all"), ("sort", "created"), ("direction", "desc")]
        // The owner may have a fork beside it, with branches of the same name.
        return try await client.list("\(path)/pulls", query, most: Self.mostPulls).filter {
            $0["head"]?["repo"]?["id"]?.intValue == $0["base"]?["repo"]?["id"]?.intValue
        }.compactMap { Self.pull($0, isBeingChecked: false) }
    }

    func pullRequest(_ number: Int) async throws(ForgeError) -> ForgePullRequest? {
        try await client.find("\(path)/pulls/\(number)").map { (answer) throws(ForgeError) in
            let json = answer.json
            // It is computed behind the first look.
            return try read(answer, isBeingChecked: json["state"] == "open" && json["mergeable"]?.isNull != false)
        }
    }

    func open(
        _ draft: PullRequestDraft, from branch: String, into base: String
    ) async throws(ForgeError) -> ForgePullRequest {
        let answer = try await client.write(
            "POST", "\(path)/pulls",
            [
                "title": .string(draft.title), "body": .string(draft.body), "head": .string(branch),
                "base": .string(base), "draft": .bool(draft.isDraft),
            ])
        return try read(answer)
    }

    func update(
        _ request: ForgePullRequest, title: String, body: String, reopens: Bool
    ) async throws(ForgeError) -> ForgePullRequest {
        var change: JSONObject = ["title": .string(title), "body": .string(body)]
        if reopens { change["state"] = "open" }
        return try read(try await client.write("PATCH", "\(path)/pulls/\(request.number)", .object(change)))
    }

    func add(labels: [String], to number: Int) async throws(ForgeError) {
        _ = try await client.write(
            "POST", "\(path)/issues/\(number)/labels", ["labels": .array(labels.map { .string($0) })])
    }

    func request(reviewers: [String], of request: ForgePullRequest) async throws(ForgeError) -> [String] {
        // Teams are named with their organisation.
        let teams = reviewers.filter { $0.contains("/") }.compactMap { $0.split(separator: "/").last.map(String.init) }
        let people = reviewers.filter { !$0.contains("/") }
        var body = JSONObject()
        if !people.isEmpty { body["reviewers"] = .array(people.map { .string($0) }) }
        if !teams.isEmpty { body["team_reviewers"] = .array(teams.map { .string($0) }) }
        _ = try await client.write("POST", "\(path)/pulls/\(request.number)/requested_reviewers", .object(body))
        return []
    }

    func mergeWhenReady(
        _ request: ForgePullRequest, by method: PullRequest.MergeMethod
    ) async throws(ForgeError) {
        let query = """
            mutation($id: ID!, $method: PullRequestMergeMethod!) {
              enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { pullRequest { number } }
            }
            """
        let answer = try await graphQL.write(
            "POST", "/graphql",
            [
                "query": .string(query),
                "variables": [
                    "id": .string(request.nodeID ?? ""), "method": .string(method.rawValue.uppercased()),
                ],
            ])
        // GraphQL says what is wrong with the status 200.
        guard let error = answer.json["errors"]?[0]?["message"]?.stringValue else { return }
        // Where nothing is left to wait for, GitHub takes no order to wait.
        if error.contains(Self.running) { throw .beingChecked(request, error) }
        guard error.contains(Self.ready) else {
            throw ForgeError(.invalid, "auto_merge_refused", "GitHub does not merge it when it is ready: \(error)")
        }
        var body: JSONObject = ["merge_method": .string(method.rawValue)]
        body["sha"] = request.head.map { .string($0) }
        _ = try await client.write("PUT", "\(path)/pulls/\(request.number)/merge", .object(body))
    }

    private func read(_ answer: ForgeAnswer, isBeingChecked: Bool = false) throws(ForgeError) -> ForgePullRequest {
        guard let pull = Self.pull(answer.json, isBeingChecked: isBeingChecked) else {
            throw ForgeError(.unclear, "provider_unavailable", "GitHub's answer is no pull request.")
        }
        return pull
    }

    private static func pull(_ json: JSON, isBeingChecked: Bool) -> ForgePullRequest? {
        guard let number = json["number"]?.intValue, let url = json["html_url"]?.stringValue,
            let base = json["base"]?["ref"]?.stringValue
        else { return nil }
        let isMerged = json["merged_at"]?.stringValue != nil
        return ForgePullRequest(
            number: number, nodeID: json["node_id"]?.stringValue, url: url,
            state: isMerged ? .merged : json["state"] == "open" ? .open : .closed,
            isDraft: json["draft"]?.boolValue ?? false, title: json["title"]?.stringValue ?? "",
            body: json["body"]?.stringValue ?? "", base: base, head: json["head"]?["sha"]?.stringValue,
            labels: (json["labels"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue },
            reviewers: (json["requested_reviewers"]?.arrayValue ?? []).compactMap { $0["login"]?.stringValue },
            mergesWhenReady: json["auto_merge"].map { !$0.isNull } ?? false, isBeingChecked: isBeingChecked)
    }
}

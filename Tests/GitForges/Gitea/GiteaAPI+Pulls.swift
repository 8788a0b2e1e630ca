import JSON

/// Pull requests.
extension GiteaAPI {
    private static let shared: [String: Kind] = [
        "title": .filled, "body": .text, "base": .text, "assignee": .text, "assignees": .texts, "milestone": .number,
        "labels": .numbers, "due_date": .text,
    ]
    private static let reviewers = BodyRule(["reviewers": .texts, "team_reviewers": .texts])

    static let pullRoutes: [Route<GiteaAPI>] = [
        Route(
            "GET", "repos/:owner/:repo/pulls",
            query: ["state", "base_branch", "page", "limit"], listPulls),
        Route(
            "POST", "repos/:owner/:repo/pulls",
            body: BodyRule(
                shared.merging(["head": .text, "reviewers": .texts, "team_reviewers": .texts]) { $1 },
                required: ["head", "base", "title"]), openPull),
        Route("GET", "repos/:owner/:repo/pulls/:index", readPull),
        Route(
            "PATCH", "repos/:owner/:repo/pulls/:index",
            body: BodyRule(
                shared.merging([
                    "state": .one(of: ["open", "closed"]), "unset_due_date": .flag, "allow_maintainer_edit": .flag,
                ]) { $1 }), changePull),
        Route(
            "POST", "repos/:owner/:repo/pulls/:index/merge",
            body: BodyRule(
                [
                    "Do": .one(of: [
                        "merge", "rebase", "rebase-merge", "squash", "fast-forward-only", "manually-merged",
                    ]),
                    "MergeTitleField": .text, "MergeMessageField": .text, "MergeCommitID": .text,
                    "delete_branch_after_merge": .flag, "force_merge": .flag, "head_commit_id": .text,
                    "merge_when_checks_succeed": .flag,
                ], required: ["Do"]), mergePull),
        Route("DELETE", "repos/:owner/:repo/pulls/:index/merge", cancelMerge),
        Route("POST", "repos/:owner/:repo/pulls/:index/requested_reviewers", body: reviewers, requestReviewers),
        Route("GET", "repos/:owner/:repo/pulls/:base/*head", findPull),
    ]

    func index(_ call: Call, in repository: Repository) throws -> Int {
        try repository.follow()
        guard let number = Int(call["index"]), let index = repository.index(of: number) else { throw missing(call) }
        return index
    }

    private func listPulls(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        try repository.follow()
        let wanted = call.query("state") ?? "open"
        guard ["open", "closed", "all"].contains(wanted) else {
            throw unprocessable("state must be open, closed or all", call, violation: true)
        }
        let found = repository.pulls.reversed().filter { pull in
            (wanted == "all" || (pull.state == .open) == (wanted == "open"))
                && pull.base == call.query("base_branch") ?? pull.base
        }
        return try list(found, call) { try text(of: $0, repository, call) }
    }

    private func readPull(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        let index = try index(call, in: repository)
        return Answer(200, try text(of: repository.pulls[index], repository, call))
    }

    /// The first one ever made between the branches, which may be closed long ago: the description promises no more.
    private func findPull(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        try repository.follow()
        let head = call["head"].split(separator: ":").last.map(String.init)
        guard let pull = repository.pulls.first(where: { $0.base == call["base"] && $0.head == head }) else {
            throw missing(call)
        }
        return Answer(200, try text(of: pull, repository, call))
    }

    private func openPull(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let base = call.text("base") ?? ""
        let parts = (call.text("head") ?? "").split(separator: ":").map(String.init)
        guard let head = parts.last, parts.count == 1 || parts[0] == repository.owner else { throw missing(call) }
        guard head != base else {
            throw unprocessable(
                "Invalid PullRequest: There are no changes between the head and the base", call, violation: true)
        }
        guard let headID = try repository.git.branch(head), try repository.git.branch(base) != nil else {
            throw missing(call)
        }
        if let other = repository.open(head: head, base: base) {
            let reason = """
                pull request already exists for these targets [id: \(other.number), issue_id: \(other.number), \
                head_repo_id: \(repository.id), base_repo_id: \(repository.id), head_branch: \(head), base_branch: \(base)]
                """
            throw Refusal(refusal(409, reason, call))
        }
        let reviewers = try reviewers(call, of: call.user, in: repository)
        let index = state.open(
            repository, head: head, headID: headID, base: base, title: call.text("title") ?? "",
            body: call.text("body") ?? "", author: call.user)
        repository.pulls[index].reviewers = reviewers
        apply(call, to: &repository.pulls[index], in: repository)
        return Answer(201, try text(of: repository.pulls[index], repository, call))
    }

    /// Answers 201, as the description has it.
    private func changePull(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let index = try index(call, in: repository)
        let pull = repository.pulls[index]
        if let base = call.text("base"), try repository.git.branch(base) == nil { throw missing(call) }
        if let wanted = call.text("state") {
            guard pull.state != .merged else {
                throw Refusal(
                    refusal(412, "cannot change state of this pull request, it was already merged", call))
            }
            if wanted == "open", pull.state == .closed {
                guard try repository.git.branch(pull.head) != nil else { throw missing(call) }
                guard repository.open(head: pull.head, base: pull.base) == nil else {
                    throw Refusal(refusal(409, "pull request already exists for these targets", call))
                }
            }
            state.setOpen(repository, index, wanted == "open")
        }
        apply(call, to: &repository.pulls[index], in: repository)
        return Answer(201, try text(of: repository.pulls[index], repository, call))
    }

    private func apply(_ call: Call, to pull: inout PullRequest, in repository: Repository) {
        if let title = call.text("title") { pull.title = title }
        if let body = call.text("body") { pull.body = body }
        if let base = call.text("base") { pull.base = base }
        if let labels = call.body["labels"]?.arrayValue { pull.labels = find(labels, in: repository) }
        if let people = call.texts("assignees") { pull.assignees = people }
        if let may = call.flag("allow_maintainer_edit") { pull.maintainersMayPush = may }
        pull.isDraft = Self.isDraft(pull.title)
        pull.updated = state.now
    }

    /// Whether a title says so by its prefix (`WORK_IN_PROGRESS_PREFIXES` as it is set unless somebody changes it).
    static func isDraft(_ title: String) -> Bool {
        ["wip:", "[wip]"].contains { title.lowercased().hasPrefix($0) }
    }

    // MARK: Reviewing

    private func requestReviewers(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let index = try index(call, in: repository)
        let logins = try reviewers(call, of: repository.pulls[index].author, in: repository)
        for login in logins where !repository.pulls[index].reviewers.contains(login) {
            repository.pulls[index].reviewers.append(login)
        }
        let pull = repository.pulls[index]
        let url = "\(call.origin)/\(repository.fullName)/pulls/\(pull.number)"
        let reviews = logins.compactMap(state.user).map { user -> JSON in
            [
                "id": .int(Int64(pull.number * 100 + user.id)), "user": text(of: user, call), "team": .null,
                "state": "REQUEST_REVIEW", "body": "", "commit_id": .string(pull.headID), "stale": false,
                "official": true, "dismissed": false, "comments_count": 0,
                "submitted_at": .string(state.now.stamp), "updated_at": .string(state.now.stamp),
                "html_url": "\(url)#issuecomment-\(user.id)", "pull_request_url": .string(url),
            ]
        }
        return Answer(201, .array(reviews))
    }

    private func reviewers(_ call: Call, of author: ForgeUser, in repository: Repository) throws -> [String] {
        let logins = call.texts("reviewers") ?? []
        if let team = call.texts("team_reviewers")?.first {
            throw missing(call, "team does not exist [org_id: 0, team_id: 0, name: \(team)]")
        }
        for login in logins {
            guard let user = state.user(login) else {
                throw missing(call, "user does not exist [uid: 0, name: \(login)]")
            }
            guard user != author else {
                throw unprocessable("poster of pr can't be reviewer [user_id: \(user.id)]", call)
            }
            guard repository.collaborators.contains(login) else {
                throw unprocessable("Reviewer can't read [user_id: \(user.id)]", call)
            }
        }
        return logins
    }
}

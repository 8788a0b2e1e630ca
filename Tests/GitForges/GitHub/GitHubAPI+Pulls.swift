import JSON

/// Pull requests.
extension GitHubAPI {
    static let pullRoutes: [Route<GitHubAPI>] = [
        Route(
            "GET", "repos/:owner/:repo/pulls",
            query: ["state", "head", "base", "sort", "direction", "page", "per_page"], listPulls),
        Route(
            "POST", "repos/:owner/:repo/pulls",
            body: BodyRule(
                [
                    "title": .filled, "head": .text, "base": .text, "body": .text, "draft": .flag,
                    "maintainer_can_modify": .flag,
                ], required: ["title", "head", "base"]), openPull),
        Route("GET", "repos/:owner/:repo/pulls/:number", readPull),
        Route(
            "PATCH", "repos/:owner/:repo/pulls/:number",
            body: BodyRule([
                "title": .filled, "body": .text, "state": .one(of: ["open", "closed"]), "base": .text,
                "maintainer_can_modify": .flag,
            ]), changePull),
        Route(
            "PUT", "repos/:owner/:repo/pulls/:number/merge",
            body: BodyRule([
                "commit_title": .text, "commit_message": .text, "sha": .text,
                "merge_method": .one(of: ["merge", "squash", "rebase"]),
            ]), mergePull),
        Route(
            "POST", "repos/:owner/:repo/pulls/:number/requested_reviewers",
            body: BodyRule(["reviewers": .texts, "team_reviewers": .texts]), requestReviewers),
    ]

    /// The place of the pull request that the path names.
    func pull(_ call: Call, in repository: Repository) throws -> Int {
        try repository.follow()
        guard let number = Int(call["number"]), let index = repository.index(of: number) else { throw notFound }
        return index
    }

    private func listPulls(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        try repository.follow()
        let wanted = call.query("state") ?? "open"
        guard ["open", "closed", "all"].contains(wanted) else {
            throw unprocessable("Invalid request.\n\nstate must be open, closed or all.", violation: true)
        }
        var found = repository.pulls.filter { wanted == "all" || ($0.state == .open) == (wanted == "open") }
        if let head = call.query("head") {
            // Without an owner GitHub ignores the filter and lists everything, which a client must not rely on.
            guard head.contains(":") else {
                throw unprocessable("Invalid request.\n\nhead must be owner:branch.", violation: true)
            }
            found.removeAll { $0.isFromFork || "\(repository.owner):\($0.head)".lowercased() != head.lowercased() }
        }
        if let base = call.query("base") { found.removeAll { $0.base != base } }
        let order = call.query("sort") ?? "created"
        guard ["created", "updated"].contains(order) else {
            throw unprocessable("Invalid request.\n\nsort must be created or updated.", violation: true)
        }
        if order == "updated" { found.sort { $0.updated < $1.updated } }
        if call.query("direction") != "asc" { found.reverse() }
        return try list(found, call) { try text(of: $0, repository, call, isFull: false) }
    }

    private func openPull(_ call: Call) throws -> Answer {
        let repository = try nonempty(writable(call))
        let base = call.text("base") ?? ""
        var head = call.text("head") ?? ""
        if let colon = head.firstIndex(of: ":") {
            guard head[..<colon].lowercased() == repository.owner.lowercased() else {
                throw invalid("PullRequest", field: "head", code: "invalid")
            }
            head = String(head[head.index(after: colon)...])
        }
        guard let headID = try repository.git.branch(head) else {
            throw invalid("PullRequest", field: "head", code: "invalid")
        }
        guard let baseID = try repository.git.branch(base) else {
            throw invalid("PullRequest", field: "base", code: "invalid")
        }
        guard repository.open(head: head, base: base) == nil else {
            throw invalid("PullRequest", "A pull request already exists for \(repository.owner):\(head).")
        }
        guard try !repository.git.commits(from: baseID, to: headID).isEmpty else {
            throw invalid("PullRequest", "No commits between \(base) and \(head)")
        }
        let index = state.open(
            repository, head: head, headID: headID, base: base, title: call.text("title") ?? "",
            body: call.text("body") ?? "", author: call.user)
        repository.pulls[index].isDraft = call.flag("draft") ?? false
        repository.pulls[index].maintainersMayPush = call.flag("maintainer_can_modify") ?? false
        var answer = Answer(201, try text(of: repository.pulls[index], repository, call, isFull: true))
        answer.headers = [("location", "\(address(of: repository, call))/pulls/\(index + 1)")]
        return answer
    }

    private func readPull(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        let index = try pull(call, in: repository)
        return Answer(200, try text(of: repository.pulls[index], repository, call, isFull: true))
    }

    private func changePull(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let index = try pull(call, in: repository)
        if let base = call.text("base") {
            guard try repository.git.branch(base) != nil else {
                throw invalid("PullRequest", field: "base", code: "invalid")
            }
            repository.pulls[index].base = base
        }
        if let wanted = call.text("state") { try setState(wanted, repository, index) }
        if let title = call.text("title") { repository.pulls[index].title = title }
        if let body = call.text("body") { repository.pulls[index].body = body }
        if let may = call.flag("maintainer_can_modify") { repository.pulls[index].maintainersMayPush = may }
        repository.pulls[index].updated = state.now
        return Answer(200, try text(of: repository.pulls[index], repository, call, isFull: true))
    }

    private func setState(_ wanted: String, _ repository: Repository, _ index: Int) throws {
        let pull = repository.pulls[index]
        guard (wanted == "open") != (pull.state == .open) else { return }
        if wanted == "open" {
            let reason: String? =
                if pull.state == .merged {
                    "state cannot be changed. The pull request cannot be reopened."
                } else if try repository.git.branch(pull.head) == nil {
                    "state cannot be changed. The \(pull.head) branch has been deleted."
                } else if repository.open(head: pull.head, base: pull.base) != nil {
                    "state cannot be changed. There is already an open pull request from \(pull.head) to \(pull.base)."
                } else {
                    nil
                }
            if let reason { throw invalid("PullRequest", field: "state", code: "invalid", reason) }
        }
        state.setOpen(repository, index, wanted == "open")
    }

    private func mergePull(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let index = try pull(call, in: repository)
        let pull = repository.pulls[index]
        if let expected = call.text("sha"), expected != pull.headID {
            throw Refusal(refusal(409, "Head branch was modified. Review and try the merge again."))
        }
        let method = call.text("merge_method") ?? "merge"
        guard method != "rebase" else {
            throw Refusal(refusal(405, "Rebase merges are not allowed on this repository."))
        }
        let title =
            call.text("commit_title") ?? "Merge pull request #\(pull.number) from \(repository.owner)/\(pull.head)"
        let message = "\(title)\n\n\(call.text("commit_message") ?? pull.title)\n"
        guard pull.state == .open, !pull.isDraft, repository.looksBeforeMergeable == 0,
            let id = try state.merge(repository, index, message: message, squash: method == "squash", by: call.user)
        else { throw Refusal(refusal(405, "Pull Request is not mergeable")) }
        return Answer(200, ["sha": .string(id), "merged": true, "message": "Pull Request successfully merged"])
    }

    private func requestReviewers(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let index = try pull(call, in: repository)
        let logins = call.texts("reviewers") ?? []
        guard (call.texts("team_reviewers") ?? []).isEmpty, logins.allSatisfy(repository.collaborators.contains) else {
            throw unprocessable(
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not "
                    + "a collaborator of the \(repository.fullName) repository.")
        }
        guard !logins.contains(repository.pulls[index].author.login) else {
            throw unprocessable("Review cannot be requested from pull request author.")
        }
        for login in logins where !repository.pulls[index].reviewers.contains(login) {
            repository.pulls[index].reviewers.append(login)
        }
        return Answer(201, try text(of: repository.pulls[index], repository, call, isFull: false))
    }
}

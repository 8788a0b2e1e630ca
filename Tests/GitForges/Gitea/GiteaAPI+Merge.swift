import JSON

/// How Gitea merges, and how it writes a pull request.
extension GiteaAPI {
    func mergePull(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let index = try index(call, in: repository)
        let pull = repository.pulls[index]
        let style = call.text("Do") ?? ""
        guard pull.state == .open else {
            throw pull.state == .merged ? Refusal(refusal(405, "The PR is already merged", call)) : missing(call)
        }
        guard !Self.isDraft(pull.title) else {
            throw Refusal(refusal(405, "Work in progress PRs cannot be merged", call))
        }
        if let expected = call.text("head_commit_id"), !expected.isEmpty, expected != pull.headID {
            throw Refusal(refusal(409, "head out of date", call))
        }
        guard repository.looksBeforeMergeable == 0 else {
            repository.looksBeforeMergeable -= 1
            throw Refusal(refusal(405, "Please try again later", call))
        }
        guard style == "merge" || style == "squash" else {
            throw Refusal(refusal(405, "Invalid merge style: \(style)", call))
        }
        if call.flag("merge_when_checks_succeed") == true, repository.hasPendingChecks {
            guard pull.autoMerge == nil else {
                throw Refusal(
                    refusal(
                        409,
                        "pull request is already scheduled to auto merge when checks succeed [pull_id: \(pull.number)]",
                        call))
            }
            repository.pulls[index].autoMerge = style
            return Answer(201)
        }
        let title = call.text("MergeTitleField") ?? "Merge pull request '\(pull.title)' (#\(pull.number))"
        let message = "\(title)\n\n\(call.text("MergeMessageField") ?? "")"
        guard try state.merge(repository, index, message: message, squash: style == "squash", by: call.user) != nil
        else { throw Refusal(refusal(405, "Please try again later", call)) }
        if call.flag("delete_branch_after_merge") == true {
            try state.delete(repository, branch: pull.head, closing: true)
        }
        return Answer(200)
    }

    func cancelMerge(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let index = try index(call, in: repository)
        guard repository.pulls[index].autoMerge != nil else { throw missing(call) }
        repository.pulls[index].autoMerge = nil
        return Answer(204)
    }

    func text(of pull: PullRequest, _ repository: Repository, _ call: Call) throws -> JSON {
        let base = try repository.git.branch(pull.base)
        let isMergeable =
            try pull.state == .open && base.map { try repository.git.mergedTree($0, pull.headID) != nil } == true
        let fork = try base.flatMap { try repository.git.mergeBase($0, pull.headID) } ?? pull.headID
        let page = "\(call.origin)/\(repository.fullName)/pulls/\(pull.number)"
        let closed: JSON = pull.closed.map { .string($0.stamp) } ?? .null
        func people(_ logins: [String]) -> JSON { .array(logins.compactMap(state.user).map { text(of: $0, call) }) }
        // A head whose branch is gone is known by the reference that Gitea keeps of it.
        let head = try repository.git.branch(pull.head) == nil ? "refs/pull/\(pull.number)/head" : pull.head
        func end(_ branch: String, _ ref: String, _ id: String, _ source: Int64) -> JSON {
            [
                "label": .string(branch), "ref": .string(ref), "sha": .string(id),
                "repo_id": .int(source), "repo": text(of: repository, call),
            ]
        }
        return [
            "id": .int(Int64(repository.id * 10_000 + pull.number)),
            "url": "\(address(of: repository, call))/pulls/\(pull.number)", "number": .int(Int64(pull.number)),
            "user": text(of: pull.author, call), "title": .string(pull.title), "body": .string(pull.body),
            "labels": .array(pull.labels.compactMap(repository.label).map { text(of: $0, repository, call) }),
            "milestone": .null, "assignee": .null, "assignees": people(pull.assignees),
            "requested_reviewers": people(pull.reviewers), "requested_reviewers_teams": [],
            "state": pull.state == .open ? "open" : "closed", "draft": .bool(Self.isDraft(pull.title)),
            "is_locked": false, "comments": 0, "additions": 0, "deletions": 0,
            "changed_files": .int(Int64(try repository.git.changes(from: fork, to: pull.headID).count)),
            "html_url": .string(page), "diff_url": "\(page).diff", "patch_url": "\(page).patch",
            "mergeable": .bool(isMergeable), "merged": .bool(pull.state == .merged),
            "merged_at": pull.state == .merged ? closed : .null,
            "merge_commit_sha": pull.mergeCommit.map { .string($0) } ?? .null,
            "merged_by": pull.mergedBy.map { text(of: $0, call) } ?? .null,
            "allow_maintainer_edit": .bool(pull.maintainersMayPush),
            "base": end(pull.base, pull.base, base ?? pull.headID, Int64(repository.id)),
            "head": end(pull.head, head, pull.headID, repository.source(of: pull)), "merge_base": .string(fork),
            "due_date": .null,
            "created_at": .string(pull.created.stamp), "updated_at": .string(pull.updated.stamp),
            "closed_at": closed, "pin_order": 0,
        ]
    }
}

import Foundation
import JSON

/// How GitHub writes a pull request.
extension GitHubAPI {
    /// A pull request; lists leave out what must be computed.
    func text(of pull: PullRequest, _ repository: Repository, _ call: Call, isFull: Bool) throws -> JSON {
        var text = links(of: pull, repository, call)
        let fields: JSONObject = [
            "id": .int(Int64(repository.id * 10_000 + pull.number)), "node_id": .string(Self.node(repository, pull)),
            "number": .int(Int64(pull.number)), "state": pull.state == .open ? "open" : "closed", "locked": false,
            "title": .string(pull.title), "user": self.text(of: pull.author, call),
            "body": pull.body.isEmpty ? .null : .string(pull.body),
            "labels": .array(pull.labels.map { self.text(of: repository.ensureLabel($0), repository, call) }),
            "milestone": .null, "active_lock_reason": .null, "created_at": .string(pull.created.stamp),
            "updated_at": .string(pull.updated.stamp), "closed_at": pull.closed.map { .string($0.stamp) } ?? .null,
            "merged_at": pull.state == .merged ? pull.closed.map { .string($0.stamp) } ?? .null : .null,
            "merge_commit_sha": pull.mergeCommit.map { .string($0) } ?? .null, "assignee": .null,
            "assignees": .array(people(pull.assignees, call)),
            "requested_reviewers": .array(people(pull.reviewers, call)), "requested_teams": [],
            "head": try end(pull.head, pull.headID, repository, call),
            "base": try end(pull.base, try repository.git.branch(pull.base) ?? pull.headID, repository, call),
            "author_association": "COLLABORATOR", "draft": .bool(pull.isDraft), "auto_merge": autoMerge(pull, call),
        ]
        for (name, value) in fields { text[name] = value }
        guard isFull else { return .object(text) }
        for (name, value) in try computed(pull, repository, call) { text[name] = value }
        return .object(text)
    }

    static func node(_ repository: Repository, _ pull: PullRequest) -> String { "PR_\(repository.id)_\(pull.number)" }

    private func links(of pull: PullRequest, _ repository: Repository, _ call: Call) -> JSONObject {
        let base = address(of: repository, call)
        let url = "\(base)/pulls/\(pull.number)"
        let page = "\(call.origin)/\(repository.fullName)/pull/\(pull.number)"
        let all: [(String, String)] = [
            ("self", url), ("html", page), ("issue", "\(base)/issues/\(pull.number)"),
            ("comments", "\(base)/issues/\(pull.number)/comments"), ("review_comments", "\(url)/comments"),
            ("review_comment", "\(base)/pulls/comments{/number}"), ("commits", "\(url)/commits"),
            ("statuses", "\(base)/statuses/\(pull.headID)"),
        ]
        var text: JSONObject = ["url": .string(url), "diff_url": "\(page).diff", "patch_url": "\(page).patch"]
        var links = JSONObject()
        for (name, link) in all {
            if name != "self" { text["\(name)_url"] = .string(link) }
            links[name] = ["href": .string(link)]
        }
        text["_links"] = .object(links)
        return text
    }

    private func computed(_ pull: PullRequest, _ repository: Repository, _ call: Call) throws -> JSONObject {
        let isMergeable =
            try pull.state == .open
            && repository.git.branch(pull.base).map { try repository.git.mergedTree($0, pull.headID) != nil } == true
        let isChecking = repository.isChecking(pull)
        let base = try repository.git.branch(pull.base) ?? pull.headID
        let fork = try repository.git.mergeBase(base, pull.headID) ?? base
        return [
            "merged": .bool(pull.state == .merged),
            "mergeable": pull.state == .open && !isChecking ? .bool(isMergeable) : .null,
            "mergeable_state": pull.state != .open || isChecking
                ? "unknown" : pull.isDraft ? "draft" : isMergeable ? "clean" : "dirty",
            "merged_by": pull.mergedBy.map { text(of: $0, call) } ?? .null, "comments": 0, "review_comments": 0,
            "maintainer_can_modify": .bool(pull.maintainersMayPush),
            "commits": .int(Int64(try repository.git.commits(from: fork, to: pull.headID).count)), "additions": 0,
            "deletions": 0,
            "changed_files": .int(Int64(try repository.git.changes(from: fork, to: pull.headID).count)),
        ]
    }

    private func end(_ branch: String, _ id: String, _ repository: Repository, _ call: Call) throws -> JSON {
        let owner = state.user(repository.owner) ?? ForgeUser(id: 0, login: repository.owner)
        return [
            "label": "\(repository.owner):\(branch)", "ref": .string(branch), "sha": .string(id),
            "user": text(of: owner, call), "repo": text(of: repository, call),
        ]
    }

    private func people(_ logins: [String], _ call: Call) -> [JSON] {
        logins.compactMap { state.user($0).map { text(of: $0, call) } }
    }

    private func autoMerge(_ pull: PullRequest, _ call: Call) -> JSON {
        guard let method = pull.autoMerge else { return .null }
        return [
            "enabled_by": text(of: pull.author, call), "merge_method": .string(method),
            "commit_title": .string(pull.title), "commit_message": "",
        ]
    }
}

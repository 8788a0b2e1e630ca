import Foundation
import JSON

/// How GitLab writes what it knows.
extension GitLabAPI {
    func text(of user: ForgeUser, _ call: Call) -> JSON {
        [
            "id": .int(Int64(user.id)), "username": .string(user.login), "name": .string(user.login),
            "state": "active", "locked": false, "avatar_url": .null, "web_url": "\(call.origin)/\(user.login)",
        ]
    }

    func text(of repository: Repository, _ call: Call) -> JSON {
        let page = "\(call.origin)/\(repository.fullName)"
        let level: JSON = repository.collaborators.contains(call.user.login) ? 30 : 10
        return [
            "id": .int(Int64(repository.id)), "name": .string(repository.name), "path": .string(repository.name),
            "path_with_namespace": .string(repository.fullName),
            "name_with_namespace": .string(repository.fullName.replacing("/", with: " / ")), "description": .null,
            "default_branch": .string(repository.defaultBranch), "web_url": .string(page),
            "http_url_to_repo": "\(page).git", "visibility": "private", "archived": false, "empty_repo": false,
            "created_at": .string(repository.created.stamp), "merge_method": "merge",
            "merge_requests_access_level": "enabled", "only_allow_merge_if_pipeline_succeeds": false,
            "remove_source_branch_after_merge": false, "squash_option": "default_off",
            "namespace": [
                "id": 1, "name": .string(repository.owner), "path": .string(repository.owner), "kind": "group",
                "full_path": .string(repository.owner),
            ],
            "permissions": ["project_access": ["access_level": level], "group_access": .null],
        ]
    }

    func text(of commit: GitCommit, _ repository: Repository, _ call: Call) -> JSON {
        let authored = (commit.author.date ?? state.now).stamp
        let committed = (commit.committer.date ?? state.now).stamp
        return [
            "id": .string(commit.id), "short_id": .string(String(commit.id.prefix(8))),
            "created_at": .string(committed), "parent_ids": .array(commit.parents.map { .string($0) }),
            "title": .string(commit.title), "message": .string(commit.message),
            "author_name": .string(commit.author.name), "author_email": .string(commit.author.email),
            "authored_date": .string(authored), "committer_name": .string(commit.committer.name),
            "committer_email": .string(commit.committer.email), "committed_date": .string(committed),
            "trailers": [:], "extended_trailers": [:],
            "web_url": "\(call.origin)/\(repository.fullName)/-/commit/\(commit.id)",
        ]
    }

    func text(ofBranch name: String, _ id: String, _ repository: Repository, _ call: Call) throws -> JSON {
        let isProtected = repository.protectedBranches.contains(name)
        return [
            "name": .string(name), "commit": text(of: try repository.git.read(commit: id), repository, call),
            "merged": false, "protected": .bool(isProtected), "developers_can_push": .bool(!isProtected),
            "developers_can_merge": .bool(!isProtected), "can_push": .bool(!isProtected),
            "default": .bool(name == repository.defaultBranch),
            "web_url": "\(call.origin)/\(repository.fullName)/-/tree/\(name)",
        ]
    }

    func text(of pull: PullRequest, _ repository: Repository, _ call: Call) throws -> JSON {
        let base = try repository.git.branch(pull.base)
        let isMergeable =
            try pull.state == .open && base.map { try repository.git.mergedTree($0, pull.headID) != nil } == true
        let isDraft = Self.isDraft(pull.title)
        let isChecking = repository.isChecking(pull)
        let detail =
            isChecking
            ? "checking"
            : pull.state != .open ? "not_open" : isDraft ? "draft_status" : isMergeable ? "mergeable" : "conflict"
        let closed: JSON = pull.closed.map { .string($0.stamp) } ?? .null
        let merger = pull.mergedBy.map { text(of: $0, call) } ?? .null
        return [
            "id": .int(Int64(repository.id * 10_000 + pull.number)), "iid": .int(Int64(pull.number)),
            "project_id": .int(Int64(repository.id)), "title": .string(pull.title),
            "description": pull.body.isEmpty ? .null : .string(pull.body),
            "state": pull.state == .open ? "opened" : .string(pull.state.rawValue),
            "created_at": .string(pull.created.stamp), "updated_at": .string(pull.updated.stamp),
            "merged_by": merger, "merge_user": merger, "merged_at": pull.state == .merged ? closed : .null,
            "closed_at": pull.state == .closed ? closed : .null, "closed_by": .null,
            "target_branch": .string(pull.base), "source_branch": .string(pull.head), "user_notes_count": 0,
            "upvotes": 0, "downvotes": 0, "author": text(of: pull.author, call),
            "assignees": .array(people(pull.assignees, call)), "assignee": people(pull.assignees, call).first ?? .null,
            "reviewers": .array(people(pull.reviewers, call)), "source_project_id": .int(repository.source(of: pull)),
            "target_project_id": .int(Int64(repository.id)), "labels": .array(pull.labels.map { .string($0) }),
            "draft": .bool(isDraft), "work_in_progress": .bool(isDraft), "milestone": .null,
            "merge_when_pipeline_succeeds": .bool(pull.autoMerge != nil),
            "merge_status": isChecking ? "checking" : isMergeable ? "can_be_merged" : "cannot_be_merged",
            "detailed_merge_status": .string(detail),
            "sha": .string(pull.headID), "merge_commit_sha": pull.mergeCommit.map { .string($0) } ?? .null,
            "squash_commit_sha": .null, "discussion_locked": .null, "should_remove_source_branch": .null,
            "force_remove_source_branch": .bool(pull.removesSource), "reference": "!\(pull.number)",
            "references": [
                "short": "!\(pull.number)", "relative": "!\(pull.number)",
                "full": "\(repository.fullName)!\(pull.number)",
            ],
            "web_url": "\(call.origin)/\(repository.fullName)/-/merge_requests/\(pull.number)",
            "squash": .bool(pull.squashes), "has_conflicts": .bool(pull.state == .open && !isMergeable),
            "blocking_discussions_resolved": true,
            "diff_refs": [
                "base_sha": base.map { .string($0) } ?? .null, "head_sha": .string(pull.headID),
                "start_sha": base.map { .string($0) } ?? .null,
            ],
        ]
    }

    /// Whether a title says so by its prefix, which is the only way.
    static func isDraft(_ title: String) -> Bool {
        ["draft:", "[draft]", "(draft)"].contains { title.lowercased().hasPrefix($0) }
    }

    private func people(_ logins: [String], _ call: Call) -> [JSON] {
        logins.compactMap { state.user($0).map { text(of: $0, call) } }
    }
}

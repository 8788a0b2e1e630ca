import Foundation
import JSON

/// What GitLab tells of a merge request. The secret comes as it is; nothing is signed.
extension GitLabAPI {
    func delivery(_ scene: Scene, secret: String) throws -> WebhookDelivery {
        let (name, body) =
            if let succeeded = scene.event.hasSucceeded {
                ("Pipeline Hook", try pipeline(scene, succeeded))
            } else {
                ("Merge Request Hook", try mergeRequest(scene))
            }
        return WebhookDelivery(
            headers: [
                ("Content-Type", "application/json"), ("User-Agent", "GitLab/18.0.0"), ("X-Gitlab-Event", name),
                ("X-Gitlab-Token", secret), ("X-Gitlab-Instance", scene.call.origin),
                ("X-Gitlab-Event-UUID", scene.id), ("X-Gitlab-Webhook-UUID", scene.id),
                ("Idempotency-Key", scene.id),
            ], body: body.serialized())
    }

    private var actions: [WebhookEvent: String] {
        [.opened: "open", .closed: "close", .merged: "merge", .reopened: "reopen", .pushed: "update"]
    }

    private func mergeRequest(_ scene: Scene) throws -> JSON {
        var attributes = try attributes(scene)
        attributes["action"] = .string(actions[scene.event] ?? "update")
        if scene.event == .pushed {
            let head = try scene.head
            attributes["oldrev"] = .string(head.parents.first ?? head.id)
        }
        return [
            "object_kind": "merge_request", "event_type": "merge_request", "user": person(scene.sender, scene),
            "project": project(scene), "object_attributes": .object(attributes),
            "labels": .array(
                scene.pull.labels.map { name in
                    ["id": .int(Int64(scene.repository.ensureLabel(name).id)), "title": .string(name)]
                }),
            "changes": [:],
            "repository": [
                "name": .string(scene.repository.name), "url": "\(scene.call.origin)/\(scene.repository.fullName).git",
                "description": .null, "homepage": "\(scene.call.origin)/\(scene.repository.fullName)",
            ],
            "assignees": [],
            "reviewers": .array(scene.pull.reviewers.compactMap(state.user).map { person($0, scene) }),
        ]
    }

    private func attributes(_ scene: Scene) throws -> JSONObject {
        let pull = scene.pull
        let head = try scene.head
        return [
            "id": .int(Int64(scene.repository.id * 10_000 + pull.number)), "iid": .int(Int64(pull.number)),
            "target_branch": .string(pull.base), "source_branch": .string(pull.head),
            "source_project_id": .int(Int64(scene.repository.id)),
            "target_project_id": .int(Int64(scene.repository.id)), "author_id": .int(Int64(pull.author.id)),
            "title": .string(pull.title), "description": .string(pull.body),
            "state": pull.state == .open ? "opened" : .string(pull.state.rawValue),
            "created_at": .string(pull.created.stamp), "updated_at": .string(pull.updated.stamp),
            "merge_commit_sha": pull.mergeCommit.map { .string($0) } ?? .null, "merge_status": "can_be_merged",
            "detailed_merge_status": pull.state == .open ? "mergeable" : "not_open",
            "draft": .bool(Self.isDraft(pull.title)), "work_in_progress": .bool(Self.isDraft(pull.title)),
            "url": "\(scene.call.origin)/\(scene.repository.fullName)/-/merge_requests/\(pull.number)",
            "source": project(scene), "target": project(scene),
            "last_commit": [
                "id": .string(head.id), "message": .string(head.message), "title": .string(head.title),
                "timestamp": .string((head.committer.date ?? state.now).stamp),
                "url": "\(scene.call.origin)/\(scene.repository.fullName)/-/commit/\(head.id)",
                "author": ["name": .string(head.author.name), "email": .string(head.author.email)],
            ],
        ]
    }

    private func pipeline(_ scene: Scene, _ succeeded: Bool) throws -> JSON {
        let attributes = try attributes(scene)
        var request = JSONObject()
        for name in [
            "id", "iid", "title", "source_branch", "source_project_id", "target_branch", "target_project_id", "state",
            "merge_status", "detailed_merge_status", "url",
        ] { request[name] = attributes[name] }
        return [
            "object_kind": "pipeline",
            "object_attributes": [
                "id": 1, "iid": 1, "name": .null, "ref": .string(scene.pull.head), "tag": false,
                "sha": .string(scene.pull.headID), "before_sha": .string(String(repeating: "0", count: 40)),
                "source": "merge_request_event", "status": succeeded ? "success" : "failed",
                "detailed_status": succeeded ? "passed" : "failed", "stages": ["test"],
                "created_at": .string(state.now.stamp), "finished_at": .string(state.now.stamp), "duration": 1,
                "queued_duration": 0, "variables": [],
                "url": "\(scene.call.origin)/\(scene.repository.fullName)/-/pipelines/1",
            ],
            "merge_request": .object(request), "user": person(scene.sender, scene), "project": project(scene),
            "commit": attributes["last_commit"] ?? .null, "builds": [],
        ]
    }

    private func person(_ user: ForgeUser, _ scene: Scene) -> JSON {
        [
            "id": .int(Int64(user.id)), "name": .string(user.login), "username": .string(user.login),
            "avatar_url": .null, "email": "[REDACTED]",
        ]
    }

    private func project(_ scene: Scene) -> JSON {
        let page = "\(scene.call.origin)/\(scene.repository.fullName)"
        return [
            "id": .int(Int64(scene.repository.id)), "name": .string(scene.repository.name), "description": .null,
            "web_url": .string(page), "avatar_url": .null, "git_http_url": "\(page).git",
            "git_ssh_url": "git@localhost:\(scene.repository.fullName).git",
            "namespace": .string(scene.repository.owner), "visibility_level": 0,
            "path_with_namespace": .string(scene.repository.fullName),
            "default_branch": .string(scene.repository.defaultBranch), "ci_config_path": .null,
        ]
    }
}

import Foundation
import JSON

/// What GitHub tells of a pull request.
extension GitHubAPI {
    func delivery(_ scene: Scene, secret: String) throws -> WebhookDelivery {
        var (name, body) = try payload(scene)
        body["repository"] = text(of: scene.repository, scene.call)
        body["sender"] = text(of: scene.sender, scene.call)
        let bytes = JSON.object(body).serialized()
        return WebhookDelivery(
            headers: [
                ("Content-Type", "application/json"), ("User-Agent", "GitHub-Hookshot/044aadd"),
                ("X-GitHub-Event", name), ("X-GitHub-Delivery", scene.id), ("X-GitHub-Hook-ID", "1"),
                ("X-GitHub-Hook-Installation-Target-Type", "repository"),
                ("X-GitHub-Hook-Installation-Target-ID", "\(scene.repository.id)"),
                ("X-Hub-Signature-256", "sha256=" + signature(of: bytes, secret: secret)),
            ], body: bytes)
    }

    private func payload(_ scene: Scene) throws -> (event: String, body: JSONObject) {
        switch scene.event {
        case .opened: ("pull_request", try change("opened", scene))
        case .closed, .merged: ("pull_request", try change("closed", scene))
        case .reopened: ("pull_request", try change("reopened", scene))
        case .pushed: ("pull_request", try change("synchronize", scene))
        case .check(let succeeded): ("check_run", ["action": "completed", "check_run": run(scene, succeeded)])
        case .suite(let succeeded):
            ("check_suite", ["action": "completed", "check_suite": try suite(scene, succeeded)])
        case .status(let succeeded): ("status", try status(scene, succeeded))
        }
    }

    private func change(_ action: String, _ scene: Scene) throws -> JSONObject {
        var body: JSONObject = [
            "action": .string(action), "number": .int(Int64(scene.pull.number)),
            "pull_request": try text(of: scene.pull, scene.repository, scene.call, isFull: true),
        ]
        if action == "synchronize" {
            let head = try scene.head
            body["before"] = .string(head.parents.first ?? head.id)
            body["after"] = .string(head.id)
        }
        return body
    }

    private func conclusion(_ succeeded: Bool) -> JSON { succeeded ? "success" : "failure" }

    private func run(_ scene: Scene, _ succeeded: Bool) -> JSON {
        let base = address(of: scene.repository, scene.call)
        return [
            "id": 1, "node_id": "CR_1", "name": "tests", "head_sha": .string(scene.pull.headID), "external_id": "",
            "url": "\(base)/check-runs/1", "html_url": "\(base)/runs/1", "details_url": "\(base)/runs/1",
            "status": "completed", "conclusion": conclusion(succeeded), "started_at": .string(state.now.stamp),
            "completed_at": .string(state.now.stamp),
            "output": [
                "title": .null, "summary": .null, "text": .null, "annotations_count": 0,
                "annotations_url": "\(base)/check-runs/1/annotations",
            ],
            "check_suite": [
                "id": 1, "node_id": "CS_1", "head_branch": .string(scene.pull.head),
                "head_sha": .string(scene.pull.headID), "status": "completed", "conclusion": conclusion(succeeded),
                "url": "\(base)/check-suites/1", "before": .null, "after": .null,
                "pull_requests": [mention(scene)], "app": app(scene), "created_at": .string(state.now.stamp),
                "updated_at": .string(state.now.stamp),
            ],
            "app": app(scene), "pull_requests": [mention(scene)],
        ]
    }

    private func suite(_ scene: Scene, _ succeeded: Bool) throws -> JSON {
        let base = address(of: scene.repository, scene.call)
        let head = try scene.head
        return [
            "id": 1, "node_id": "CS_1", "head_branch": .string(scene.pull.head), "head_sha": .string(head.id),
            "status": "completed", "conclusion": conclusion(succeeded), "url": "\(base)/check-suites/1",
            "before": .null, "after": .null, "pull_requests": [mention(scene)], "app": app(scene),
            "created_at": .string(state.now.stamp), "updated_at": .string(state.now.stamp),
            "latest_check_runs_count": 1, "check_runs_url": "\(base)/check-suites/1/check-runs",
            "head_commit": [
                "id": .string(head.id), "tree_id": .string(head.tree), "message": .string(head.message),
                "timestamp": .string((head.committer.date ?? state.now).stamp),
                "author": ["name": .string(head.author.name), "email": .string(head.author.email)],
                "committer": ["name": .string(head.committer.name), "email": .string(head.committer.email)],
            ],
        ]
    }

    private func status(_ scene: Scene, _ succeeded: Bool) throws -> JSONObject {
        [
            "id": 1, "sha": .string(scene.pull.headID), "name": .string(scene.repository.fullName),
            "context": "tests", "description": .null, "state": conclusion(succeeded), "target_url": .null,
            "avatar_url": .null,
            "branches": [
                [
                    "name": .string(scene.pull.head), "protected": false,
                    "commit": [
                        "sha": .string(scene.pull.headID),
                        "url": "\(address(of: scene.repository, scene.call))/commits/\(scene.pull.headID)",
                    ],
                ]
            ],
            "commit": commit(try scene.head, scene.repository, scene.call), "created_at": .string(state.now.stamp),
            "updated_at": .string(state.now.stamp),
        ]
    }

    /// A pull request as checks name it.
    private func mention(_ scene: Scene) -> JSON {
        let base = address(of: scene.repository, scene.call)
        let repository: JSON = [
            "id": .int(Int64(scene.repository.id)), "url": .string(base), "name": .string(scene.repository.name),
        ]
        return [
            "id": .int(Int64(scene.repository.id * 10_000 + scene.pull.number)),
            "number": .int(Int64(scene.pull.number)), "url": "\(base)/pulls/\(scene.pull.number)",
            "head": ["ref": .string(scene.pull.head), "sha": .string(scene.pull.headID), "repo": repository],
            "base": ["ref": .string(scene.pull.base), "sha": .string(scene.pull.headID), "repo": repository],
        ]
    }

    private func app(_ scene: Scene) -> JSON {
        [
            "id": 15368, "slug": "github-actions", "node_id": "A_1", "owner": text(of: scene.sender, scene.call),
            "name": "GitHub Actions", "description": .null, "external_url": "https://help.github.com/en/actions",
            "html_url": "https://github.com/apps/github-actions", "created_at": .string(state.now.stamp),
            "updated_at": .string(state.now.stamp), "permissions": ["checks": "write"], "events": ["check_run"],
        ]
    }
}

import JSON

/// What Gitea tells of a pull request.
extension GiteaAPI {
    func delivery(_ scene: Scene, secret: String) throws -> WebhookDelivery {
        var (name, body) =
            if let succeeded = scene.event.hasSucceeded {
                ("status", try status(scene, succeeded))
            } else {
                ("pull_request", try change(scene))
            }
        body["repository"] = text(of: scene.repository, scene.call)
        body["sender"] = text(of: scene.sender, scene.call)
        let bytes = JSON.object(body).serialized()
        let signature = signature(of: bytes, secret: secret)
        return WebhookDelivery(
            headers: [
                ("Content-Type", "application/json"), ("X-Gitea-Delivery", scene.id), ("X-Gitea-Event", name),
                ("X-Gitea-Event-Type", name), ("X-Gitea-Signature", signature),
                // The same once more under other names, for receivers that were made for another forge.
                ("X-GitHub-Delivery", scene.id), ("X-GitHub-Event", name),
                ("X-Hub-Signature-256", "sha256=\(signature)"),
            ], body: bytes)
    }

    private var actions: [WebhookEvent: String] {
        [.opened: "opened", .closed: "closed", .merged: "closed", .reopened: "reopened", .pushed: "synchronized"]
    }

    private func change(_ scene: Scene) throws -> JSONObject {
        [
            "action": .string(actions[scene.event] ?? "edited"), "number": .int(Int64(scene.pull.number)),
            "pull_request": try text(of: scene.pull, scene.repository, scene.call), "requested_reviewer": .null,
            "commit_id": "", "review": .null,
        ]
    }

    private func status(_ scene: Scene, _ succeeded: Bool) throws -> JSONObject {
        let head = try scene.head
        return [
            "id": 1, "sha": .string(head.id), "context": "tests", "description": "", "target_url": "",
            "state": succeeded ? "success" : "failure", "created_at": .string(state.now.stamp),
            "updated_at": .string(state.now.stamp),
            "commit": [
                "id": .string(head.id), "message": .string(head.message),
                "url": "\(scene.call.origin)/\(scene.repository.fullName)/commit/\(head.id)",
                "author": ["name": .string(head.author.name), "email": .string(head.author.email), "username": ""],
                "committer": [
                    "name": .string(head.committer.name), "email": .string(head.committer.email), "username": "",
                ],
                "timestamp": .string((head.committer.date ?? state.now).stamp),
            ],
        ]
    }
}

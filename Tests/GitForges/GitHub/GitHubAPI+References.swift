import JSON

/// References: branches under their full names.
extension GitHubAPI {
    static let referenceRoutes: [Route<GitHubAPI>] = [
        Route("GET", "repos/:owner/:repo/git/ref/*ref", readReference),
        Route("GET", "repos/:owner/:repo/git/matching-refs/*ref", query: ["page", "per_page"], matchReferences),
        Route(
            "POST", "repos/:owner/:repo/git/refs",
            body: BodyRule(["ref": .text, "sha": .text], required: ["ref", "sha"]), makeReference),
        Route(
            "PATCH", "repos/:owner/:repo/git/refs/*ref",
            body: BodyRule(["sha": .text, "force": .flag], required: ["sha"]), moveReference),
        Route("DELETE", "repos/:owner/:repo/git/refs/*ref", deleteReference),
    ]

    private func readReference(_ call: Call) throws -> Answer {
        let repository = try nonempty(repository(call))
        let name = "refs/\(call["ref"])"
        guard let id = try repository.git.reference(name) else { throw notFound }
        return Answer(200, text(of: name, id, repository, call))
    }

    private func matchReferences(_ call: Call) throws -> Answer {
        let repository = try nonempty(repository(call))
        let found = try repository.git.references("refs/\(call["ref"])")
        return list(found, call) { text(of: $0.name, $0.id, repository, call) }
    }

    private func makeReference(_ call: Call) throws -> Answer {
        let repository = try nonempty(writable(call))
        let name = call.text("ref") ?? ""
        guard name.hasPrefix("refs/"), name.split(separator: "/").count > 2,
            try repository.git.isValid(reference: name)
        else { throw unprocessable("\(name) is not a valid ref name.", violation: true) }
        let id = try commit("sha", call, repository)
        guard try repository.git.reference(name) == nil else { throw unprocessable("Reference already exists") }
        try repository.git.move(name, from: nil, to: id)
        return Answer(201, text(of: name, id, repository, call))
    }

    private func moveReference(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let (name, old) = try existing(call, repository)
        let id = try commit("sha", call, repository)
        guard try call.flag("force") == true || repository.git.isAncestor(old, of: id) else {
            throw unprocessable("Update is not a fast forward")
        }
        try repository.git.move(name, from: old, to: id)
        return Answer(200, text(of: name, id, repository, call))
    }

    private func deleteReference(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let (name, old) = try existing(call, repository)
        if let branch = name.branchName {
            try state.delete(repository, branch: branch, closing: true)
        } else {
            try repository.git.move(name, from: old, to: nil)
        }
        return Answer(204)
    }

    private func existing(_ call: Call, _ repository: Repository) throws -> (name: String, id: String) {
        let name = "refs/\(call["ref"])"
        guard let id = try repository.git.reference(name) else { throw unprocessable("Reference does not exist") }
        if let branch = name.branchName, repository.protectedBranches.contains(branch) {
            throw unprocessable("Protected branch update failed for \(name).")
        }
        return (name, id)
    }

    /// A commit that a body names. One that is not there was never made: the order of calls is wrong.
    private func commit(_ field: String, _ call: Call, _ repository: Repository) throws -> String {
        let id = call.text(field) ?? ""
        guard id.count == 40 else {
            throw unprocessable(
                "The \(field) parameter must be exactly 40 characters and contain only [0-9a-f].", violation: true)
        }
        guard let kind = try repository.git.kind(of: id) else {
            throw unprocessable("Object does not exist", violation: true)
        }
        guard kind == "commit" else { throw unprocessable("Reference update failed: not a commit", violation: true) }
        return id
    }

    private func text(of name: String, _ id: String, _ repository: Repository, _ call: Call) -> JSON {
        let base = address(of: repository, call)
        return [
            "ref": .string(name), "node_id": "REF_\(repository.id)_\(name)", "url": "\(base)/git/\(name)",
            "object": ["type": "commit", "sha": .string(id), "url": "\(base)/git/commits/\(id)"],
        ]
    }
}

extension String {
    /// The branch that a full reference names; nil for a tag and the like.
    fileprivate var branchName: String? { hasPrefix("refs/heads/") ? String(dropFirst(11)) : nil }
}

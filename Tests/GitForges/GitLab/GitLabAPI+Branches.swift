import JSON

/// Branches.
extension GitLabAPI {
    static let branchRoutes: [Route<GitLabAPI>] = [
        Route("GET", "projects/:id/repository/branches/:branch", readBranch),
        Route(
            "POST", "projects/:id/repository/branches", query: ["branch", "ref"],
            body: BodyRule(["branch": .text, "ref": .text]), makeBranch),
        Route("DELETE", "projects/:id/repository/branches/:branch", deleteBranch),
    ]

    private func readBranch(_ call: Call) throws -> Answer {
        let repository = try project(call)
        guard let id = try repository.git.branch(call["branch"]) else { throw missing("Branch") }
        return Answer(200, try text(ofBranch: call["branch"], id, repository, call))
    }

    private func makeBranch(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        // GitLab takes parameters in the query as well; its own examples do.
        let names = ["branch", "ref"].map { call.text($0) ?? call.query($0) }
        let absent = zip(["branch", "ref"], names).filter { $0.1 == nil }.map(\.0)
        guard absent.isEmpty, let branch = names[0], let start = names[1] else {
            throw Refusal(malformed(call, .missing(absent)), violation: "a branch needs \(absent)")
        }
        guard try repository.git.isValid(reference: "refs/heads/\(branch)") else {
            throw bad("Branch name is invalid", violation: true)
        }
        guard try repository.git.branch(branch) == nil else { throw bad("Branch already exists") }
        guard let id = try repository.git.commit(named: start) else { throw bad("Invalid reference name: \(start)") }
        try repository.git.move("refs/heads/\(branch)", from: nil, to: id)
        return Answer(201, try text(ofBranch: branch, id, repository, call))
    }

    private func deleteBranch(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let branch = call["branch"]
        guard try repository.git.branch(branch) != nil else { throw missing("Branch") }
        guard branch != repository.defaultBranch, !repository.protectedBranches.contains(branch) else {
            throw Refusal(refusal(403, "403 Forbidden - Cannot remove a protected branch"))
        }
        // Merge requests stay open here, unlike at the other providers.
        try state.delete(repository, branch: branch, closing: false)
        return Answer(204)
    }
}

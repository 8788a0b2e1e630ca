import JSON

/// What is read of a repository, and its branches.
extension GiteaAPI {
    static let readingRoutes: [Route<GiteaAPI>] = [
        Route("GET", "user", readUser),
        Route("GET", "repos/:owner/:repo", readRepository),
        Route(
            "GET", "repos/:owner/:repo/git/trees/:id", query: ["recursive", "page", "per_page"], readTree),
        Route(
            "GET", "repos/:owner/:repo/git/commits/:id", query: ["stat", "verification", "files"], readCommit),
        Route("GET", "repos/:owner/:repo/compare/*spec", compare),
    ]

    static let branchRoutes: [Route<GiteaAPI>] = [
        Route("GET", "repos/:owner/:repo/branches/*branch", readBranch),
        Route(
            "POST", "repos/:owner/:repo/branches",
            body: BodyRule(
                ["new_branch_name": .filled, "old_branch_name": .text, "old_ref_name": .text],
                required: ["new_branch_name"]), makeBranch),
        Route("DELETE", "repos/:owner/:repo/branches/*branch", deleteBranch),
    ]

    private func readUser(_ call: Call) throws -> Answer { Answer(200, text(of: call.user, call)) }

    private func readRepository(_ call: Call) throws -> Answer { Answer(200, text(of: try repository(call), call)) }

    private func readTree(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        var id = call["id"]
        if try repository.git.kind(of: id) != "tree" {
            guard let commit = try repository.git.commit(named: id) else { throw missing(call) }
            id = try repository.git.read(commit: commit).tree
        }
        let all = try repository.git.entries(of: id, recursive: call.isSet("recursive"))
        let base = "\(address(of: repository, call))/git"
        let (page, size) = call.window(usual: 100)
        let shown = all.dropFirst((page - 1) * size).prefix(size)
        return Answer(
            200,
            [
                "sha": .string(id), "url": "\(base)/trees/\(id)", "page": .int(Int64(page)),
                "truncated": .bool(shown.endIndex < all.endIndex), "total_count": .int(Int64(all.count)),
                "tree": .array(
                    shown.map { entry -> JSON in
                        [
                            "path": .string(entry.path), "mode": .string(entry.mode), "type": .string(entry.kind),
                            "size": .int(Int64(entry.size ?? 0)), "sha": .string(entry.id),
                            "url": "\(base)/\(entry.kind)s/\(entry.id)",
                        ]
                    }),
            ])
    }

    private func readCommit(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        guard let id = try repository.git.commit(named: call["id"]) else { throw missing(call) }
        return Answer(200, text(of: try repository.git.read(commit: id), repository, call))
    }

    private func compare(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        let ends = call["spec"].split(separator: "...", omittingEmptySubsequences: false).map(String.init)
        guard ends.count == 2, let base = try repository.git.commit(named: ends[0]),
            let head = try repository.git.commit(named: ends[1])
        else { throw missing(call) }
        let commits = try repository.git.commits(from: base, to: head)
        return Answer(
            200,
            [
                "total_commits": .int(Int64(commits.count)),
                "commits": .array(
                    try commits.map { text(of: try repository.git.read(commit: $0), repository, call) }),
            ])
    }

    // MARK: Branches

    private func readBranch(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        guard let id = try repository.git.branch(call["branch"]) else { throw missing(call) }
        return Answer(200, try text(ofBranch: call["branch"], id, repository, call))
    }

    private func makeBranch(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let name = call.text("new_branch_name") ?? ""
        let start = call.text("old_ref_name") ?? call.text("old_branch_name") ?? repository.defaultBranch
        guard try repository.git.isValid(reference: "refs/heads/\(name)") else {
            throw unprocessable("[NewBranchName]: GitRefName", call, violation: true)
        }
        guard let id = try repository.git.commit(named: start) else {
            throw missing(call, "The old branch does not exist")
        }
        guard try repository.git.branch(name) == nil else {
            throw Refusal(refusal(409, "The branch already exists.", call))
        }
        try repository.git.move("refs/heads/\(name)", from: nil, to: id)
        return Answer(201, try text(ofBranch: name, id, repository, call))
    }

    private func deleteBranch(_ call: Call) throws -> Answer {
        let repository = try writable(call)
        let name = call["branch"]
        guard try repository.git.branch(name) != nil else { throw missing(call) }
        guard name != repository.defaultBranch else {
            throw Refusal(refusal(403, "can not delete default or pull request target branch", call))
        }
        guard !repository.protectedBranches.contains(name) else {
            throw Refusal(refusal(403, "branch protected", call))
        }
        try state.delete(repository, branch: name, closing: true)
        return Answer(204)
    }
}

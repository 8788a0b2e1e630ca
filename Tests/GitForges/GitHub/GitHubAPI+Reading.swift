import JSON

/// What is read of a repository beside git's own objects.
extension GitHubAPI {
    static let readingRoutes: [Route<GitHubAPI>] = [
        Route("GET", "repos/:owner/:repo", readRepository),
        Route("GET", "repos/:owner/:repo/branches/*branch", readBranch),
        Route("GET", "repos/:owner/:repo/commits/*ref", readCommit),
        Route("GET", "repos/:owner/:repo/compare/*spec", query: ["page", "per_page"], compare),
        Route("GET", "repos/:owner/:repo/contents/*path", query: ["ref"], readContents),
        Route("GET", "rate_limit", readLimits),
    ]

    private func readRepository(_ call: Call) throws -> Answer {
        Answer(200, text(of: try repository(call), call, isFull: true))
    }

    private func readBranch(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        let name = call["branch"]
        guard let id = try repository.git.branch(name) else { throw Refusal(refusal(404, "Branch not found")) }
        let base = "\(address(of: repository, call))/branches/\(name)"
        let isProtected = repository.protectedBranches.contains(name)
        return Answer(
            200,
            [
                "name": .string(name), "commit": commit(try repository.git.read(commit: id), repository, call),
                "_links": ["html": "\(call.origin)/\(repository.fullName)/tree/\(name)", "self": .string(base)],
                "protected": .bool(isProtected), "protection": ["enabled": .bool(isProtected)],
                "protection_url": "\(base)/protection",
            ])
    }

    private func readCommit(_ call: Call) throws -> Answer {
        let repository = try nonempty(repository(call))
        guard let id = try repository.git.commit(named: call["ref"]) else {
            throw unprocessable("No commit found for SHA: \(call["ref"])")
        }
        return Answer(200, commit(try repository.git.read(commit: id), repository, call))
    }

    private func compare(_ call: Call) throws -> Answer {
        let repository = try nonempty(repository(call))
        let ends = call["spec"].split(separator: "...", omittingEmptySubsequences: false).map(String.init)
        guard ends.count == 2, let base = try repository.git.commit(named: ends[0]),
            let head = try repository.git.commit(named: ends[1]),
            let fork = try repository.git.mergeBase(base, head)
        else { throw notFound }
        let ahead = try repository.git.commits(from: base, to: head)
        let shown = call.query("page") == nil && call.query("per_page") == nil ? ahead.prefix(250) : call.page(ahead)
        let behind = try repository.git.commits(from: head, to: base)
        let status =
            switch (ahead.isEmpty, behind.isEmpty) {
            case (true, true): "identical"
            case (false, true): "ahead"
            case (true, false): "behind"
            case (false, false): "diverged"
            }
        let page = "\(call.origin)/\(repository.fullName)/compare/\(call["spec"])"
        return Answer(
            200,
            [
                "url": "\(address(of: repository, call))/compare/\(call["spec"])", "html_url": .string(page),
                "permalink_url": .string(page), "diff_url": "\(page).diff", "patch_url": "\(page).patch",
                "base_commit": commit(try repository.git.read(commit: base), repository, call),
                "merge_base_commit": commit(try repository.git.read(commit: fork), repository, call),
                "status": .string(status), "ahead_by": .int(Int64(ahead.count)),
                "behind_by": .int(Int64(behind.count)), "total_commits": .int(Int64(ahead.count)),
                "commits": .array(
                    try shown.map { commit(try repository.git.read(commit: $0), repository, call) }),
                "files": .array(
                    try repository.git.changes(from: fork, to: head).map { file($0, head, repository, call) }),
            ])
    }

    private func file(_ change: GitChange, _ head: String, _ repository: Repository, _ call: Call) -> JSON {
        let names = ["A": "added", "D": "removed"]
        return [
            "sha": .string(change.id), "filename": .string(change.path),
            "status": .string(names[change.status] ?? "modified"), "additions": 0, "deletions": 0, "changes": 0,
            "blob_url": "\(call.origin)/\(repository.fullName)/blob/\(head)/\(change.path)",
            "raw_url": "\(call.origin)/\(repository.fullName)/raw/\(head)/\(change.path)",
            "contents_url": "\(address(of: repository, call))/contents/\(change.path)?ref=\(head)",
        ]
    }

    private func readContents(_ call: Call) throws -> Answer {
        let repository = try repository(call)
        let ref = call.query("ref") ?? repository.defaultBranch
        guard let id = try repository.git.commit(named: ref) else {
            throw Refusal(refusal(404, "No commit found for the ref \(ref)"))
        }
        let path = call["path"]
        let found = path.isEmpty ? nil : try repository.git.entry(path, of: id)
        if path.isEmpty || found?.kind == "tree" {
            let entries = try repository.git.entries(of: path.isEmpty ? id : "\(id):\(path)")
            let prefix = path.isEmpty ? "" : "\(path)/"
            return Answer(200, .array(entries.map { .object(content($0, prefix + $0.path, ref, repository, call)) }))
        }
        guard let found else { throw notFound }
        let bytes = try repository.git.read(blob: found.id)
        var text = content(found, path, ref, repository, call)
        text["content"] = .string(bytes.base64Lines)
        text["encoding"] = "base64"
        return Answer(200, .object(text))
    }

    private func content(
        _ entry: GitEntry, _ path: String, _ ref: String, _ repository: Repository, _ call: Call
    ) -> JSONObject {
        let base = address(of: repository, call)
        let isFolder = entry.kind == "tree"
        let url: JSON = "\(base)/contents/\(path)?ref=\(ref)"
        let git: JSON = "\(base)/git/\(entry.kind)s/\(entry.id)"
        let html: JSON = "\(call.origin)/\(repository.fullName)/\(entry.kind)/\(ref)/\(path)"
        let kind = isFolder ? "dir" : entry.mode == "120000" ? "symlink" : "file"
        return [
            "type": .string(kind), "size": .int(Int64(entry.size ?? 0)), "name": .string(entry.name),
            "path": .string(path), "sha": .string(entry.id), "url": url, "git_url": git, "html_url": html,
            "download_url": isFolder ? .null : "\(call.origin)/raw/\(repository.fullName)/\(ref)/\(path)",
            "_links": ["self": url, "git": git, "html": html],
        ]
    }

    private func readLimits(_ call: Call) throws -> Answer {
        // Looking at the limit costs nothing.
        state.used[call.key, default: 1] -= 1
        let used = state.used[call.key] ?? 0
        let core: JSON = [
            "limit": .int(Int64(state.hourlyLimit)), "used": .int(Int64(used)),
            "remaining": .int(Int64(max(0, state.hourlyLimit - used))),
            "reset": .int(Int64(state.now.timeIntervalSince1970) + 3600),
        ]
        let search: JSON = ["limit": 30, "used": 0, "remaining": 30, "reset": core["reset"] ?? 0]
        return Answer(200, ["resources": ["core": core, "search": search, "graphql": core], "rate": core])
    }
}

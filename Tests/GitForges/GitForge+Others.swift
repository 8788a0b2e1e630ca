/// What other people do, and what a test looks at.
extension GitForge {
    /// Commits files as somebody else would, on a branch that is made from the default one if need be; answers the commit.
    @discardableResult
    public func push(
        _ fullName: String, branch: String, files: [ForgeFile], author: String, message: String = "Work of others\n"
    ) async throws -> String {
        try await with(fullName) { state, repository in
            try state.push(
                repository, branch: branch, files: files, message: message, author: state.addUser(author).signature)
        }
    }

    /// Opens a pull request from a branch of a fork, with a file of theirs.
    public func openFromFork(_ branch: String, of fullName: String, by login: String) async throws {
        try await with(fullName) { state, repository in
            let user = state.addUser(login)
            let (git, base) = (repository.git, repository.defaultBranch)
            let parent = try git.branch(base)
            let file = GitEdit.put(path: "theirs", mode: "100644", id: try git.write(blob: Array("theirs".utf8)))
            let commit = try git.write(
                commitOf: git.write(tree: parent, [file]), parents: parent.map { [$0] } ?? [], message: "Theirs\n",
                author: user.signature, committer: user.signature, now: state.now)
            let index = state.open(
                repository, head: branch, headID: commit, base: base, title: "Theirs", body: "", author: user)
            repository.pulls[index].isFromFork = true
        }
    }

    /// Merges a pull request; answers the commit.
    @discardableResult
    public func merge(_ number: Int, of fullName: String, by login: String, squash: Bool = false) async throws -> String
    {
        try await with(fullName) { state, repository in
            let index = try Self.index(number, repository)
            guard repository.pulls[index].state == .open else {
                throw GitForgeError("the pull request \(number) is not open")
            }
            guard
                let commit = try state.merge(
                    repository, index, message: nil, squash: squash, by: state.addUser(login))
            else { throw GitForgeError("the pull request \(number) conflicts with its base") }
            return commit
        }
    }

    /// Closes a pull request without merging it.
    public func close(_ number: Int, of fullName: String) async throws {
        try await with(fullName) { state, repository in
            state.setOpen(repository, try Self.index(number, repository), false)
        }
    }

    /// Deletes a branch.
    public func deleteBranch(_ branch: String, of fullName: String) async throws {
        let closing = provider != .gitlab
        try await with(fullName) { state, repository in
            try state.delete(repository, branch: branch, closing: closing)
        }
    }

    /// All pull requests of a repository, by number.
    public func pulls(_ fullName: String) async throws -> [PullRequest] {
        try await with(fullName) { _, repository in
            try repository.follow()
            return repository.pulls
        }
    }

    /// The folder of the bare repository, to look at with `git`.
    public func folder(_ fullName: String) async throws -> String {
        try await with(fullName) { _, repository in repository.git.git.folder }
    }

    func with<Result: Sendable>(
        _ fullName: String, _ work: @Sendable (ForgeState, Repository) throws -> Result
    ) async throws -> Result {
        try await actor.perform { state in
            guard let repository = state.repository(fullName) else {
                throw GitForgeError("there is no repository \(fullName)")
            }
            return try work(state, repository)
        }
    }

    private static func index(_ number: Int, _ repository: Repository) throws(GitForgeError) -> Int {
        guard let index = repository.index(of: number) else {
            throw GitForgeError("\(repository.fullName) has no pull request \(number)")
        }
        return index
    }
}

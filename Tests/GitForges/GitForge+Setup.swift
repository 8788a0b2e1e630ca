import Foundation

/// What a test sets up.
extension GitForge {
    /// Adds somebody with an account, or finds them.
    @discardableResult
    public func addUser(_ login: String) async -> ForgeUser {
        await actor.perform { $0.addUser(login) }
    }

    /// Makes a token; the default scopes may do all that a worker needs.
    ///
    /// Scopes are the provider's own: `repo` at GitHub, `api` or `read_api` at GitLab, `write:repository` and `write:issue` at Gitea.
    public func addToken(for login: String, scopes: Set<String>? = nil) async -> String {
        let provider = provider
        return await actor.perform { state in
            let (prefix, usual): (String, Set<String>) =
                switch provider {
                case .github: ("ghp_", ["repo"])
                case .gitlab: ("glpat-", ["api"])
                case .gitea: ("", ["write:repository", "write:issue"])
                }
            return state.addToken(prefix, user: state.addUser(login), scopes: scopes ?? usual).text
        }
    }

    /// All tokens that are in use, those of installations too.
    public var tokens: [String] {
        get async { await actor.perform { $0.tokens.keys.sorted() } }
    }

    /// Ends a token.
    public func revoke(_ token: String) async {
        await actor.perform { $0.tokens[token] = nil }
    }

    /// Makes a repository with a first commit on its default branch; no files make an empty repository.
    ///
    /// - Parameters:
    ///   - fullName: owner and name, at GitLab with groups: `group/subgroup/project`.
    ///   - collaborators: logins of those who may push and review.
    public func addRepository(
        _ fullName: String, files: [ForgeFile] = [ForgeFile("README.md", "# A repository\n")],
        collaborators: [String], defaultBranch: String = "main"
    ) async throws {
        guard let slash = fullName.lastIndex(of: "/") else { throw GitForgeError("\(fullName) has no owner") }
        try await actor.perform { state in
            let repository = try state.addRepository(
                String(fullName[..<slash]), String(fullName[fullName.index(after: slash)...]),
                defaultBranch: defaultBranch)
            repository.collaborators = Set(collaborators.map { state.addUser($0).login })
            guard !files.isEmpty, let first = collaborators.first else { return }
            _ = try state.push(
                repository, branch: defaultBranch, files: files, message: "First commit\n",
                author: state.addUser(first).signature)
        }
    }

    /// Installs a GitHub App for every repository.
    ///
    /// - Parameter publicKey: PEM of the key by which its tokens (RS256) are checked.
    /// - Returns: the number of the installation.
    public func addApp(_ id: Int, publicKey: String) async -> Int {
        await actor.perform { state in
            let user = state.addUser("app-\(id)[bot]")
            let app = ForgeApp(id: id, installation: id * 10 + 1, publicKey: publicKey, user: user)
            state.apps.append(app)
            return app.installation
        }
    }

    /// Makes a branch one that nobody may push to or delete.
    public func protect(_ branch: String, of fullName: String) async throws {
        try await with(fullName) { _, repository in _ = repository.protectedBranches.insert(branch) }
    }

    /// Whether pull requests may be merged by themselves, at GitHub; they may unless this says otherwise.
    public func allowAutoMerge(_ isAllowed: Bool, in fullName: String) async throws {
        try await with(fullName) { _, repository in repository.allowsAutoMerge = isAllowed }
    }

    /// Ends the checks of all pull requests, now and later, so that they can be merged at once; before they run without an end.
    public func endChecks(in fullName: String) async throws {
        try await with(fullName) { _, repository in repository.hasPendingChecks = false }
    }

    /// Has it found out only at the last of so many looks whether a pull request can be merged.
    public func delayMerges(byLooks looks: Int, in fullName: String) async throws {
        try await with(fullName) { _, repository in repository.looksBeforeMergeable = looks }
    }

    /// Leaves out all reviewers of a merge request but the first ones, as GitLab does without a licence.
    public func limit(reviewers: Int, in fullName: String) async throws {
        try await with(fullName) { _, repository in repository.mostReviewers = reviewers }
    }

    /// Makes a label.
    public func addLabel(_ name: String, to fullName: String) async throws {
        try await with(fullName) { _, repository in _ = repository.ensureLabel(name) }
    }

    /// Puts the forge's clock forward: tokens of installations end after an hour, and the hour's requests come again.
    public func advance(by duration: Duration) async {
        await actor.perform { state in
            state.ahead += Double(duration.components.seconds)
            if duration >= .seconds(3600) { state.used = [:] }
        }
    }

    /// How many requests each token has in an hour; 5000 unless this says otherwise.
    public func limit(requestsPerHour: Int) async {
        await actor.perform { $0.hourlyLimit = requestsPerHour }
    }

    /// How many writes one token may make in a minute before the provider's secondary limit refuses them; there is no such limit unless
    /// this sets one. GitHub's documentation names 80.
    public func limit(writesPerMinute: Int) async {
        await actor.perform { $0.minuteLimit = writesPerMinute }
    }
}

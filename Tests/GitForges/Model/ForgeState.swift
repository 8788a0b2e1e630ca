import Crypto
import Foundation

/// Everything that a forge knows beside git; only its actor touches it.
final class ForgeState {
    let folder: String
    var users: [ForgeUser] = []
    var tokens: [String: Token] = [:]
    var apps: [ForgeApp] = []
    private(set) var repositories: [Repository] = []
    private(set) var violations: [String] = []
    /// How far the forge's clock is ahead, in seconds.
    var ahead: TimeInterval = 0
    /// Requests in an hour with one token.
    var hourlyLimit = 5000
    var used: [String: Int] = [:]
    /// Writes in a minute with one token, after which a burst is refused; nil for no such limit.
    var minuteLimit: Int?
    private var writes: [String: [Date]] = [:]

    init(folder: String) { self.folder = folder }

    /// The forge's own time.
    var now: Date { Date().addingTimeInterval(ahead) }

    func repository(_ fullName: String) -> Repository? {
        repositories.first { $0.fullName.lowercased() == fullName.lowercased() }
    }

    func user(_ login: String) -> ForgeUser? { users.first { $0.login.lowercased() == login.lowercased() } }

    func addUser(_ login: String) -> ForgeUser {
        if let user = user(login) { return user }
        let user = ForgeUser(id: users.count + 1, login: login)
        users.append(user)
        return user
    }

    func addToken(
        _ prefix: String, user: ForgeUser, scopes: Set<String>, expires: Date? = nil, repositories: Set<String>? = nil
    ) -> Token {
        let text = prefix + Hex.encode(randomBytes(20))
        let token = Token(text: text, user: user, scopes: scopes, expires: expires, repositories: repositories)
        tokens[text] = token
        return token
    }

    func addRepository(_ owner: String, _ name: String, defaultBranch: String) throws(GitError) -> Repository {
        let id = repositories.count + 1
        let git = try GitRepository(creating: "\(folder)/\(id).git", defaultBranch: defaultBranch)
        let repository = Repository(
            id: id, owner: owner, name: name, git: git, defaultBranch: defaultBranch, created: now)
        repositories.append(repository)
        return repository
    }

    /// Counts a write and answers how many seconds to wait when it is one too many.
    func countWrite(_ key: String) -> Int? {
        guard let minuteLimit else { return nil }
        var recent = writes[key, default: []].filter { now.timeIntervalSince($0) < 60 }
        defer { writes[key] = recent }
        if recent.count >= minuteLimit {
            return recent.first.map { max(1, Int((60 - now.timeIntervalSince($0)).rounded(.up))) } ?? 60
        }
        recent.append(now)
        return nil
    }

    /// Keeps what a client did wrong.
    func note(_ violation: String) { violations.append(violation) }
}

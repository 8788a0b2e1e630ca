import Config
import Crypto
import Foundation
import HTTPClient
import JSON
import WorkerKit

/// By what the providers let jobs in that do not bring a token of their own: the file that `SWITCHYARD_FORGES` names.
///
/// A JSON object of accounts by their names, each with `provider`, `token_file` or `app` (`id`, `private_key_file`), and, to hold it to what it is for,
/// `base_url`, `repositories` (patterns with `*`) and `namespaces`. The secrets stay in files of their own, so that they can be replaced while the worker
/// runs.
struct ForgeAccounts: Sendable {
    private struct Account: Decodable, Sendable {
        let provider: PullRequest.Provider
        let baseURL: String?
        let tokenFile: String?
        let app: App?
        let repositories: [String]?
        let namespaces: [String]?

        enum CodingKeys: String, CodingKey {
            case provider, app, repositories, namespaces
            case baseURL = "base_url"
            case tokenFile = "token_file"
        }
    }

    private struct App: Decodable, Sendable {
        let id: Int
        let privateKeyFile: String

        enum CodingKeys: String, CodingKey {
            case id
            case privateKeyFile = "private_key_file"
        }
    }

    private static let setting = "SWITCHYARD_FORGES"
    private let accounts: [String: Account]
    /// Where the providers of the accounts are.
    private let addresses: [String: WebURL]

    /// - Throws: `ConfigError` for a file that cannot be read or says something else.
    init(_ environment: Environment) throws {
        guard environment.contains(Self.setting) else {
            (accounts, addresses) = ([:], [:])
            return
        }
        let path = try environment.string(Self.setting)
        do {
            accounts = try JSON.parse(Array(try Data(contentsOf: URL(fileURLWithPath: path)))).decode(
                [String: Account].self)
            addresses = try accounts.mapValues { try $0.provider.address($0.baseURL) }
        } catch {
            throw ConfigError(
                name: Self.setting, found: .text(path),
                wanted: "a readable JSON file with accounts by their names: \(error)")
        }
    }

    /// What a job is let in by.
    ///
    /// - Throws: `JobFailure` `unknown_credentials` for one that is not there, or not for this job; the reason is not told apart.
    func credential(
        for input: PullRequest, at address: WebURL, namespace: String
    ) throws(JobFailure) -> ForgeCredential {
        if let token = input.credentials.token { return .token(token) }
        if let app = input.credentials.app { return .app(id: app.id, privateKey: app.privateKey) }
        let name = input.credentials.name ?? ""
        guard let account = accounts[name], account.provider == input.provider,
            account.namespaces?.contains(namespace) ?? true, addresses[name] == address,
            account.repositories?.contains(where: { Self.matches(input.repository, $0) }) ?? true
        else {
            throw JobFailure(
                code: "unknown_credentials",
                message:
                    "There are no credentials \"\(name)\" for \(input.repository) at this provider; the operator names them in \(Self.setting)."
            )
        }
        if let app = account.app { return .app(id: app.id, privateKey: try Self.secret(app.privateKeyFile, name)) }
        return .token(try Self.secret(account.tokenFile ?? "", name))
    }

    private static func secret(_ path: String, _ name: String) throws(JobFailure) -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw JobFailure(
                code: "unreadable_credentials",
                message: "The secret of the credentials \"\(name)\" cannot be read; the operator looks at its file.")
        }
    }

    /// Whether a name has the form of a pattern, in which `*` stands for anything.
    private static func matches(_ name: String, _ pattern: String) -> Bool {
        let parts = pattern.lowercased().split(separator: "*", omittingEmptySubsequences: false)
        var rest = name.lowercased()[...]
        guard let first = parts.first, let last = parts.last, parts.count > 1 else {
            return rest == pattern.lowercased()
        }
        guard rest.count >= first.count + last.count, rest.hasPrefix(first), rest.hasSuffix(last) else { return false }
        rest = rest.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() {
            guard let place = rest.range(of: part) else { return false }
            rest = rest[place.upperBound...]
        }
        return true
    }
}

/// By what a provider lets a job in. It prints as a placeholder.
enum ForgeCredential: Sendable, CustomStringConvertible, CustomReflectable {
    case token(String)
    /// A GitHub App, with its key as PEM.
    case app(id: Int, privateKey: String)

    /// What the provider counts by: the token, or all tokens that an App gets by its key; who has not the key is not counted with it.
    var identity: String {
        switch self {
        case .token(let text): text
        case .app(let id, let key):
            "app \(id) \(Hex.encode(sha256(key.trimmingCharacters(in: .whitespacesAndNewlines))))"
        }
    }

    var description: String { "[hidden]" }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}

import Crypto
import Foundation
import HTTPClient
import JSON
import WorkerKit

/// A GitHub App: its key signs an assertion (RFC 7519, RS256), for which GitHub gives a token for one repository that lasts an hour.
struct GitHubApp {
    /// GitHub takes assertions of at most ten minutes; the minute before is for clocks that differ.
    private static let lasts: TimeInterval = 540
    private static let before: TimeInterval = 60

    let id: Int
    let privateKey: String
    let base: WebURL
    let connection: ForgeConnection

    /// A token for a repository.
    ///
    /// - Throws: `JobFailure` `invalid_key`, or `ForgeError`.
    func token(for repository: String) async throws -> String {
        let client = ForgeClient(
            provider: "GitHub", base: base, headers: GitHubForge.headers(try assertion()), connection: connection,
            explain: GitHubForge.explain)
        let path = WebURL.encoded(repository, keeping: "/")
        guard let installation = try await client.get("/repos/\(path)/installation").json["id"]?.intValue else {
            throw ForgeError(.unclear, "provider_unavailable", "GitHub's answer names no installation.")
        }
        let name = repository.split(separator: "/").last.map(String.init) ?? repository
        return try await client.write(
            "POST", "/app/installations/\(installation)/access_tokens", ["repositories": [.string(name)]]
        ).text("token")
    }

    private func assertion() throws(JobFailure) -> String {
        let now = Date().timeIntervalSince1970
        let head: JSON = ["alg": "RS256", "typ": "JWT"]
        let claims: JSON = [
            "iat": .int(Int64(now - Self.before)), "exp": .int(Int64(now + Self.lasts)), "iss": .string(String(id)),
        ]
        let text = Base64URL.encode(head.serialized()) + "." + Base64URL.encode(claims.serialized())
        guard let signature = RSAKey(pem: privateKey)?.sign(Array(text.utf8)) else {
            throw JobFailure(code: "invalid_key", message: "The App's private key is no RSA key in PEM.")
        }
        return text + "." + Base64URL.encode(signature)
    }
}

import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs
import ServiceKit

/// Addresses by which whoever has them may download one file, for a while and without a key.
///
/// The signature is HMAC-SHA-256 over the call, the file's id and the end, under a key that is derived from the sealing key, which all gateways
/// share. An address cannot be taken back but by another sealing key; so it should not live longer than it must.
struct SignedURLs: Sendable {
    static let longest = 604_800
    static let usual = 3600

    private let key: [UInt8]

    init(_ box: SecretBox) { key = box.key(for: "switchyard artifact urls 1") }

    /// The path and query for a file, valid until a time in whole seconds.
    func path(of id: UUID, expires: Int) -> String {
        "/api/v1/artifacts/\(id.text)?expires=\(expires)&signature=\(Base64URL.encode(signature(id, expires)))"
    }

    /// Holds a request to its signature, and then to its time.
    func check(_ id: UUID, expires: Int, signature text: String, now: Date = Date()) throws(Problem) {
        guard let given = Base64URL.decode(text), constantTimeEquals(given, signature(id, expires)) else {
            throw .badSignature
        }
        guard Double(expires) > now.timeIntervalSince1970 else { throw .urlExpired }
    }

    private func signature(_ id: UUID, _ expires: Int) -> [UInt8] {
        hmacSHA256(key: key, message: Array("GET\n\(id.text)\n\(expires)".utf8))
    }
}

/// A signed address as clients see it.
struct SignedURL: Representation {
    let url: String
    let expiresAt: Date

    static let schemaName = "SignedURL"
    static let schema = Schema.answer(
        "An address that downloads one file without a key.",
        [
            "url": Schema.text.described("The path and query, at the address of the API."),
            "expires_at": Schema.time.described("From when on it answers 403."),
        ])

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("url", url)
        json.member("expires_at", expiresAt)
        json.endObject()
    }
}

extension Gateway {
    /// `POST /artifacts/{id}/url`.
    func signArtifact(_ call: Call) async throws -> HTTPResponse {
        guard let id = UUID(text: call.parameters[0]), let file = try await store.file(id, namespace: call.namespace)
        else {
            throw Problem.notFound("artifact")
        }
        let seconds = call.json["expires_in"]?.intValue ?? SignedURLs.usual
        let expires = Int(Date().timeIntervalSince1970) + seconds
        return HTTPResponse(
            SignedURL(
                url: signedURLs.path(of: file.id, expires: expires),
                expiresAt: Date(timeIntervalSince1970: Double(expires))))
    }

    /// `GET /artifacts/{id}?expires=…&signature=…`, without a key: whoever signed it might read the file.
    func getSignedArtifact(_ request: HTTPRequest, _ parameters: [String]) async throws -> HTTPResponse {
        guard let id = UUID(text: parameters[0]), let expires = request.query("expires").flatMap({ Int($0) }) else {
            throw Problem.badSignature
        }
        try signedURLs.check(id, expires: expires, signature: request.query("signature") ?? "")
        guard let file = try await store.file(id) else { throw Problem.notFound("artifact") }
        return try await download(file, request)
    }
}

import Crypto
import Foundation
import GitForges
import JSON
import LocalServers
import Testing

/// Tokens of GitHub Apps, with a real key of OpenSSL's.
@Suite struct AppTests {
    private struct Key {
        let folder: String

        init() async throws {
            folder = NSTemporaryDirectory() + "app-key-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await openssl("genrsa", "-out", "\(folder)/key.pem", "2048")
            try await openssl("rsa", "-in", "\(folder)/key.pem", "-pubout", "-out", "\(folder)/public.pem")
        }

        var publicPEM: String { get throws { try String(contentsOfFile: "\(folder)/public.pem", encoding: .utf8) } }

        /// RFC 7519 with RS256.
        func assertion(app: Int, issued: Double, lasts: Double) async throws -> String {
            let head = Base64URL.encode(Array(#"{"alg":"RS256","typ":"JWT"}"#.utf8))
            let claims: JSON = [
                "iat": .int(Int64(issued)), "exp": .int(Int64(issued + lasts)), "iss": .string("\(app)"),
            ]
            let text = "\(head).\(Base64URL.encode(claims.serialized()))"
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/text"))
            try await openssl(
                "dgst", "-sha256", "-sign", "\(folder)/key.pem", "-out", "\(folder)/sig", "\(folder)/text")
            return "\(text).\(Base64URL.encode(Array(try Data(contentsOf: URL(filePath: "\(folder)/sig")))))"
        }

        func remove() throws { try FileManager.default.removeItem(atPath: folder) }

        private func openssl(_ arguments: String...) async throws {
            let outcome = try await ChildProcess.run(
                ChildProcess.Launch("/usr/bin/openssl", arguments, environment: [:]), limit: .seconds(60))
            try #require(outcome.status == 0, "\(outcome.errors)")
        }
    }

    @Test func anAssertionGivesATokenForAnHour() async throws {
        let key = try await Key()
        try await withForge(.github) { caller, _ in
            let installation = await caller.forge.addApp(77, publicKey: try key.publicPEM)
            try await caller.forge.addRepository("acme/other", collaborators: ["robot"])
            let now = Date().timeIntervalSince1970
            let app = Caller(
                forge: caller.forge, token: try await key.assertion(app: 77, issued: now - 60, lasts: 600))
            let found = try await app.send("GET", "/repos/acme/site/installation")
            #expect(found["id"]?.intValue == installation)
            let made = try await app.send(
                "POST", "/app/installations/\(installation)/access_tokens", ["repositories": ["site"]])
            #expect(made.status == 201)
            let token = Caller(forge: caller.forge, token: made["token"]?.stringValue ?? "")
            #expect(try await token.send("POST", "/repos/acme/site/git/blobs", ["content": "x"]).status == 201)
            #expect(try await token.send("GET", "/repos/acme/other").status == 404)
            await caller.forge.advance(by: .seconds(3601))
            #expect(try await token.send("GET", "/repos/acme/site").message == "Bad credentials")
        }
        try key.remove()
    }

    @Test func aWrongAssertionIsRefused() async throws {
        let (key, other) = (try await Key(), try await Key())
        try await withForge(.github, violations: true) { caller, _ in
            _ = await caller.forge.addApp(77, publicKey: try key.publicPEM)
            let now = Date().timeIntervalSince1970
            func message(_ assertion: String) async throws -> String {
                let reply = try await Caller(forge: caller.forge, token: assertion)
                    .send("GET", "/repos/acme/site/installation")
                #expect(reply.status == 401)
                return reply.message
            }
            let foreign = try await other.assertion(app: 77, issued: now, lasts: 600)
            #expect(try await message(foreign) == "A JSON web token could not be decoded")
            let long = try await key.assertion(app: 77, issued: now, lasts: 3600)
            #expect(try await message(long) == "'Expiration time' claim ('exp') is too far in the future")
            let old = try await key.assertion(app: 77, issued: now - 700, lasts: 600)
            #expect(try await message(old).hasPrefix("'Expiration time' claim ('exp') must be"))
            let unknown = try await key.assertion(app: 78, issued: now, lasts: 600)
            #expect(try await message(unknown) == "Integration not found")
            #expect(try await message(caller.token) == "A JSON web token could not be decoded")
        }
        try key.remove()
        try other.remove()
    }
}

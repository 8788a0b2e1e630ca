import Foundation
import LocalServers
import Testing

struct TLSListenerTests {
    @Test func onlyWhoAsksGetsItAndItsCertificateStays() async throws {
        try await withStack { plain, folder in
            _ = try await plain.rabbitMQ.start()
            #expect(plain.rabbitMQ.tlsListener == nil)
            let broker = LocalRabbitMQ(folder: folder, tls: true)
            await #expect(throws: ServerError.self) { try await broker.start() }
            try await broker.stop()

            let url = try await broker.start()
            #expect(try await login(url))
            let listener = try #require(broker.tlsListener)
            #expect(listener.url.hasSuffix("/switchyard"))
            let certificate = try #require(try await shownCertificate(listener))
            let parts = URL(fileURLWithPath: listener.authorityFile).deletingLastPathComponent().path
            #expect(try FileManager.default.contentsOfDirectory(atPath: parts).contains("authority-key.pem") == false)
            let key = try FileManager.default.attributesOfItem(atPath: "\(parts)/server-key.pem")
            #expect(key[.posixPermissions] as? Int == 0o600)
            // Nobody else vouches for it, and it is for no other name.
            #expect(try await shownCertificate((listener.url, "/etc/ssl/certs/ca-certificates.crt")) == nil)
            #expect(try await shownCertificate(listener, name: "127.0.0.1") == nil)

            // Who does not ask, as a supervisor that starts a crashed server again, takes it from nobody.
            plain.rabbitMQ.kill()
            #expect(try await plain.rabbitMQ.start() == url)
            #expect(try #require(plain.rabbitMQ.tlsListener) == listener)
            #expect(try await shownCertificate(listener) == certificate)
        }
    }

    /// The certificate (PEM) by which the server was accepted; nil when it was refused.
    private func shownCertificate(
        _ listener: (url: String, authorityFile: String), name: String = "localhost"
    ) async throws -> String? {
        let parts = try #require(URLComponents(string: listener.url))
        #expect(parts.host == "localhost")
        let port = try #require(parts.port)
        let launch = ChildProcess.Launch(
            "/usr/bin/openssl",
            [
                "s_client", "-connect", "localhost:\(port)", "-verify_return_error", "-verify_hostname", name,
                "-CAfile",
                listener.authorityFile,
            ])
        let outcome = try await ChildProcess.run(launch, limit: .seconds(30))
        guard outcome.status == 0 else {
            // A refusal, not a missing listener.
            #expect(outcome.errors.contains("certificate verify failed"), "\(outcome.errors)")
            return nil
        }
        let pattern = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/
        return try String(#require(outcome.output.firstMatch(of: pattern)).output)
    }
}

import Foundation

/// The certificate by which a private server is known as `localhost`, its key, and the authority that vouches for it.
///
/// The authority signs this one certificate and then its key is thrown away: who trusts it trusts nothing else.
struct ServerCertificate: Sendable {
    private let folder: String

    /// Names the server's data folder; the certificate is in `tls` below it.
    init(in data: String) { folder = "\(data)/tls" }

    /// The authority's certificate, for clients.
    var authorityFile: String { "\(folder)/authority.pem" }
    /// The server's certificate.
    var certificateFile: String { "\(folder)/server.pem" }
    /// The server's key, which only the server's account can read.
    var keyFile: String { "\(folder)/server-key.pem" }

    /// Makes authority and certificate, valid for ten years, unless they are there.
    ///
    /// The folder gets its name when it is complete, so what an interrupted call left behind is never used. The options are
    /// those of OpenSSL 3.0 and later.
    func make(as account: ServerAccount) async throws(ServerError) {
        guard !FileManager.default.fileExists(atPath: folder) else { return }
        let unfinished = "\(folder).new"
        try removeFolder(unfinished)
        guard mkdir(unfinished, 0o700) == 0 else {
            throw ServerError(.folder, "cannot make \(unfinished): \(lastSystemError())")
        }
        try account.own(unfinished)
        try writeFile("\(unfinished)/openssl.cnf", Self.configuration, mode: 0o444)
        try await request(["-extensions", "authority"], "authority", in: unfinished, as: account)
        try await request(
            ["-CA", "authority.pem", "-CAkey", "authority-key.pem", "-subj", "/CN=localhost", "-extensions", "server"],
            "server", in: unfinished, as: account)
        guard unlink("\(unfinished)/authority-key.pem") == 0, rename(unfinished, folder) == 0 else {
            throw ServerError(.folder, "cannot make \(folder): \(lastSystemError())")
        }
    }

    /// Makes a key (`<name>-key.pem`, mode 600) and a certificate for it (`<name>.pem`).
    private func request(
        _ arguments: [String], _ name: String, in directory: String, as account: ServerAccount
    ) async throws(ServerError) {
        let program = "/usr/bin/openssl"
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw ServerError(.notInstalled, "OpenSSL's program is not installed: install the package openssl")
        }
        let fixed = [
            "req", "-x509", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
            "-days", "3650", "-keyout", "\(name)-key.pem", "-out", "\(name).pem",
        ]
        let launch = ChildProcess.Launch(
            program, fixed + arguments, environment: ["LANG": "C.UTF-8"], directory: directory)
        let outcome = try await ChildProcess.run(account.launch(launch), limit: .seconds(30))
        guard outcome.status == 0 else {
            throw ServerError(.system, "openssl did not make the certificate \(name)", log: outcome.errors)
        }
    }

    /// A configuration of our own: the system's adds extensions, and one that stands twice makes a certificate invalid.
    private static let configuration = """
        [req]
        distinguished_name = authority_name
        prompt = no

        [authority_name]
        CN = Authority of a private Switchyard server

        [authority]
        basicConstraints = critical, CA:TRUE, pathlen:0
        keyUsage = critical, keyCertSign
        subjectKeyIdentifier = hash

        [server]
        basicConstraints = critical, CA:FALSE
        keyUsage = critical, digitalSignature
        extendedKeyUsage = serverAuth
        subjectAltName = DNS:localhost
        subjectKeyIdentifier = hash
        authorityKeyIdentifier = keyid

        """
}

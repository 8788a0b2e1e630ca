import Foundation

// @unchecked: the process is started before it is shared, and Process guards its own state.
/// A real S3 server for tests: moto's, a process of its own, with objects in memory, that checks every signature.
public final class ObjectServer: @unchecked Sendable {
    /// Where it listens.
    public let port: UInt16
    /// A bucket that is there.
    public let bucket = "switchyard-tests"
    /// The region in which the bucket is.
    public let region = "eu-west-1"
    /// A key that may do everything.
    public private(set) var keyID = ""
    /// Its secret.
    public private(set) var secret = ""
    /// Keys for a limited time, with their token; they may do everything too.
    public private(set) var session = (keyID: "", secret: "", token: "")

    private let process = Process()
    private let log: String

    /// Starts a server and makes a bucket and a key; `stop` ends it.
    public static func start() async throws -> ObjectServer {
        let server = try ObjectServer()
        do { try await server.prepare() } catch {
            server.stop()
            throw error
        }
        return server
    }

    private init() throws {
        guard let program = ProcessInfo.processInfo.environment["SWITCHYARD_MOTO"] else {
            throw TestKitError("SWITCHYARD_MOTO is not set: compose/test installs moto and says where it is")
        }
        port = try freePort()
        log = NSTemporaryDirectory() + "switchyard-moto-\(port).log"
        guard FileManager.default.createFile(atPath: log, contents: nil), let handle = FileHandle(forWritingAtPath: log)
        else {
            throw TestKitError("cannot write \(log)")
        }
        // Ends with this process, however that ends.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments = ["--pdeathsig", "KILL", "--", program, "-H", "127.0.0.1", "-p", String(port)]
        // Signatures are not checked until a key is made.
        process.environment = ["PATH": "/usr/bin:/bin", "INITIAL_NO_AUTH_ACTION_COUNT": "1000000"]
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    private func prepare() async throws {
        try await poll(
            "moto to be ready", details: { (try? String(contentsOfFile: self.log, encoding: .utf8)) ?? "" }
        ) {
            do { return try await client.get("/moto-api/data.json").status == 200 } catch { return false }
        }
        _ = try await call("Action=CreateUser&UserName=tests")
        let key = try await call("Action=CreateAccessKey&UserName=tests")
        keyID = try Self.element("AccessKeyId", in: key)
        secret = try Self.element("SecretAccessKey", in: key)
        let policy = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
        let encoded = policy.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        _ = try await call("Action=PutUserPolicy&UserName=tests&PolicyName=all&PolicyDocument=\(encoded)")
        _ = try await call("Action=CreateRole&RoleName=tests&AssumeRolePolicyDocument=\(encoded)")
        _ = try await call("Action=PutRolePolicy&RoleName=tests&PolicyName=all&PolicyDocument=\(encoded)")
        let role = "Action=AssumeRole&RoleSessionName=tests&RoleArn=arn:aws:iam::123456789012:role/tests"
        let assumed = try await call(role, service: "sts", version: "2011-06-15")
        session = (
            try Self.element("AccessKeyId", in: assumed), try Self.element("SecretAccessKey", in: assumed),
            try Self.element("SessionToken", in: assumed)
        )
        let place =
            "<CreateBucketConfiguration><LocationConstraint>\(region)</LocationConstraint></CreateBucketConfiguration>"
        try await expectSuccess(
            client.send("PUT", "/\(bucket)", body: Array(place.utf8), headers: [("Content-Type", "application/xml")]))
        try await expectSuccess(
            client.send(
                "POST", "/moto-api/reset-auth", body: Array("0".utf8), headers: [("Content-Type", "text/plain")]))
    }

    /// `kill -9`, and waits until it is gone: asked politely it would wait for its clients' connections.
    public func stop() {
        kill(process.processIdentifier, SIGKILL)
        while process.isRunning { usleep(5000) }
        unlink(log)
    }

    private var client: HTTPClient { HTTPClient(port: port, key: nil) }

    /// A call to the server's IAM or STS.
    private func call(
        _ form: String, service: String = "iam", version: String = "2010-05-08"
    ) async throws -> String {
        let response = try await client.send(
            "POST", "/", body: Array((form + "&Version=\(version)").utf8),
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/\(service)/aws4_request"),
            ])
        try expectSuccess(response)
        return response.text
    }

    private func expectSuccess(_ response: HTTPClient.Response) throws {
        guard response.status == 200 else { throw TestKitError("moto answers \(response.status): \(response.text)") }
    }

    private static func element(_ name: String, in text: String) throws -> String {
        guard let start = text.range(of: "<\(name)>"),
            let end = text.range(of: "</\(name)>", range: start.upperBound..<text.endIndex)
        else { throw TestKitError("moto's answer has no \(name): \(text)") }
        return String(text[start.upperBound..<end.lowerBound])
    }
}

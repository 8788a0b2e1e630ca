import Foundation
import LocalServers

extension Command {
    /// `switchyard demo`
    static let demo = Command(
        name: "demo", summary: "Runs one document through the running stack and shows what curl would show.",
        words: "[FILE]",
        options: [Option("--folder", "FOLDER", "the folder that was given to up (default .switchyard)")],
        run: { arguments in
            let file = arguments.words.first ?? "compose/samples/sample.pdf"
            try await Demo(Workspace(arguments.value("--folder")), file: file).run()
            return 0
        })
}

/// Uploads a document, submits a job for it, follows it, and prints the text.
struct Demo: Sendable {
    private static let patience: Duration = .seconds(600)

    private let workspace: Workspace
    private let file: String
    private let url: String
    private let key: String

    /// Reads the address and the key that `up` wrote.
    init(_ workspace: Workspace, file: String) throws {
        let variables = workspace.environment()
        guard let url = variables["SWITCHYARD_URL"], let key = variables["SWITCHYARD_KEY"] else {
            throw ServerError(.unhealthy, "\(workspace.environmentFile) is not there: start switchyard up first")
        }
        guard access(file, R_OK) == 0 else {
            throw ServerError(.folder, "cannot read \(file): \(lastSystemError())")
        }
        (self.workspace, self.file, self.url, self.key) = (workspace, file, url, key)
    }

    func run() async throws {
        let name = String(file.split(separator: "/").last ?? "file")
        let escaped = name.addingPercentEncoding(
            withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "._-")))
        let upload = try await json(
            ["--header", "Content-Type: application/octet-stream", "--data-binary", "@\(file)"],
            "/api/v1/files?name=\(escaped ?? "file")")
        let input = try text(upload, "id")
        show("uploaded \(name): \(url)/api/v1/artifacts/\(input)")

        let request = #"{"type":"document_processing","spec":{"inputs":[{"file_id":"\#(input)"}]}}"#
        let job = try text(
            try await json(["--header", "Content-Type: application/json", "--data", request], "/api/v1/jobs"), "id")
        show("submitted job: \(url)/api/v1/jobs/\(job)")
        try await follow(job)

        let ended = try await json([], "/api/v1/jobs/\(job)")
        guard ended["status"] as? String == "completed", let artifact = Self.textArtifact(ended["result"]) else {
            throw ServerError(
                .unhealthy, "the job ended as \(ended["status"] ?? "nothing"): \(ended["error"] ?? "no text")")
        }
        show("\n--- the text of \(name) ---")
        show(try await curl([], "/api/v1/artifacts/\(artifact)").trimmingCharacters(in: .newlines))
        show("--- end: \(url)/api/v1/artifacts/\(artifact) ---\n")
    }

    /// Prints the job's events as they come, until it ends.
    private func follow(_ job: String) async throws {
        let end = ContinuousClock.now + Self.patience
        var shown = 0
        var hasEnded = false
        while !hasEnded {
            guard ContinuousClock.now < end else {
                throw ServerError(
                    .unhealthy, "the job has not ended after \(Self.patience): does a documents worker run?")
            }
            // Asked before the events are read, so that the last ones are among them.
            hasEnded = try await json([], "/api/v1/jobs/\(job)?wait=1s")["finished_at"] is String
            let history = try await json([], "/api/v1/jobs/\(job)/history?limit=500")
            let events = history["events"] as? [[String: Any]] ?? []
            for event in events.dropFirst(shown) {
                let more = (event["data"] as? [String: Any]).map { data in
                    data.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
                }
                show("  \(event["at"] ?? "") \(event["event"] ?? event["status"] ?? "")\(more ?? "")")
            }
            shown = events.count
        }
    }

    private static func textArtifact(_ result: Any?) -> String? {
        let artifacts = (result as? [String: Any])?["artifacts"] as? [[String: Any]] ?? []
        return artifacts.first { $0["kind"] as? String == "text" }?["id"] as? String
    }

    private func text(_ object: [String: Any], _ name: String) throws -> String {
        guard let value = object[name] as? String else { throw ServerError(.unhealthy, "the answer has no \(name)") }
        return value
    }

    private func json(_ options: [String], _ path: String) async throws -> [String: Any] {
        let body = try await curl(options, path)
        guard let object = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] else {
            throw ServerError(.unhealthy, "\(path) did not answer with a JSON object: \(body)")
        }
        return object
    }

    private func curl(_ options: [String], _ path: String) async throws -> String {
        // In a file, because anybody can read the command lines of others.
        let secret = "\(workspace.path)/run/curl-\(getpid())"
        try writeFile(secret, "header = \"Authorization: Bearer \(key)\"\n", mode: 0o600)
        defer { unlink(secret) }
        let launch = ChildProcess.Launch(
            "/usr/bin/curl",
            ["--silent", "--show-error", "--fail-with-body", "--config", secret] + options + [url + path],
            environment: ["PATH": "/usr/bin:/bin"])
        let outcome = try await ChildProcess.run(launch, limit: .seconds(120))
        guard outcome.status == 0 else {
            throw ServerError(.unhealthy, "\(path) failed", log: outcome.errors + outcome.output)
        }
        return outcome.output
    }
}

import Foundation
import JSON
import Jobs
import TestKit
import Testing

extension Stack {
    func startImport(_ text: String, _ spec: JSON) async throws -> UUID {
        try await startImport(Array(text.utf8), spec)
    }

    func startImport(_ bytes: [UInt8], _ spec: JSON) async throws -> UUID {
        let file = try await api.send(
            "POST", "/api/v1/files?name=rows", body: bytes, headers: [("Content-Type", "application/octet-stream")])
        guard case .object(var spec) = spec else { throw TestKitError("a spec is an object") }
        spec["source"] = ["file_id": try #require(file.json["id"], "\(file.text)")]
        return try await submit("import", .object(spec))
    }

    /// The result of an import that must succeed.
    func imported(_ text: String, _ spec: JSON) async throws -> JSON {
        try await imported(Array(text.utf8), spec)
    }

    func imported(_ bytes: [UInt8], _ spec: JSON) async throws -> JSON {
        let end = try await ended(startImport(bytes, spec))
        return try #require(end["status"] == "completed" ? end["result"] : nil, "\(end)")
    }

    func rowCount(of table: StaticString) async throws -> Int {
        try await database.query("SELECT count(*) AS n FROM \(raw: table)")[0].decode("n")
    }

    /// The end of an import whose worker is killed at ten random moments while it runs.
    func endedAfterTenKills(_ job: UUID, worker first: ServiceProcess, _ environment: [String: String] = [:])
        async throws
        -> JSON
    {
        var worker = first
        for attempt in 1...10 {
            try await poll("attempt \(attempt) to run", within: .seconds(60), details: { logs }) {
                let row = try await api.get("/api/v1/jobs/\(job.text)").json
                return row["attempt"]?.intValue == attempt && row["status"] == "running"
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...400)))
            worker.kill()
            worker = try await startWorker("ExportsWorker", environment)
        }
        return try await ended(job)
    }
}

import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Imports into jobs that have secrets, and whose workers die.
@Suite(.serialized) struct ImportedJobFaultTests {
    @Test func secretsAreSealedAndShownToNobody() async throws {
        try await withProbe { stack, _ in
            let csv = "start_urls,password\nhttps://a.example,c0ffee-row-1\nhttps://b.example,c0ffee\n"
            let spec: JSON = [
                "target": ["jobs": ["type": "probe", "spec": ["mode": "fast", "code": "c0ffee-fixed"]]],
                "on_error": "skip",
            ]
            var dry = try #require(spec.objectValue)
            dry["dry_run"] = true
            let shown = try await stack.imported(csv, .object(dry))
            #expect(shown["examples"]?[0]?["password"] == "***" && shown["faults"]?[0]?["value"] == "***", "\(shown)")
            #expect(shown["examples"]?[0]?["start_urls"] == ["https://a.example"])
            #expect(!"\(shown)".contains("c0ffee-row"), "\(shown)")
            let job = try await stack.startImport(csv, spec)
            let end = try await stack.ended(job)
            let result = try #require(end["result"])
            #expect(result["loaded"] == 1 && result["rejected"] == 1, "\(end)")
            let id = try #require(result["artifacts"]?[0]?["id"]?.stringValue)
            let rejects = try await stack.api.get("/api/v1/artifacts/\(id)").text
            #expect(rejects.contains("https://b.example,***,3,password,***,"), "\(rejects)")
            let made = try await stack.specs(of: result)
            #expect(made.count == 1 && made[0]["password"] == "***" && made[0]["code"] == "c0ffee-fixed", "\(made)")
            #expect(end["spec"]?["target"]?["jobs"]?["spec"]?["code"] == "***", "\(end)")
            let rows = try await stack.database.query(
                """
                SELECT count(*) FILTER (WHERE spec::text LIKE '%c0ffee-row%' OR (type = 'import' AND spec::text LIKE '%c0ffee%')) AS open,
                    count(*) FILTER (WHERE spec->>'password' LIKE 'sealed:v1:%') AS sealed FROM jobs
                """)[0]
            #expect(try rows.decode("open", as: Int.self) == 0 && rows.decode("sealed", as: Int.self) == 1)
        }
    }

    @Test func aWorkerThatIsKilledTenTimesMakesEveryJobOnce() async throws {
        try await withProbe { stack, first in
            let count = 60_000
            var csv = "start_urls,mode,code\n"
            for number in 1...count { csv += "https://a.example/\(number),fast,\(number)\n" }
            let job = try await stack.startImport(csv, ["target": ["jobs": ["type": "probe"]]])
            let end = try await stack.endedAfterTenKills(job, worker: first)
            #expect(end["result"]?["loaded"]?.intValue == count, "\(end)")
            #expect(end["result"]?["jobs"]?["count"]?.intValue == count)
            let found = try await stack.database.query(
                """
                SELECT count(*) AS n, count(DISTINCT spec->>'code') AS codes, count(DISTINCT id) AS ids,
                    bool_and(parent_id = \(job) AND status = 'queued') AS same,
                    (SELECT count(*) FROM events WHERE type = 'probe' AND kind = 'queued') AS events FROM jobs WHERE type = 'probe'
                """)[0]
            for name in ["n", "codes", "ids", "events"] { #expect(try found.decode(name, as: Int.self) == count) }
            #expect(try found.decode("same", as: Bool.self))
        }
    }
}

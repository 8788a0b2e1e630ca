import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Imports whose database loses answers, or is slow.
@Suite(.serialized) struct ImportFaultTests {
    private func withImports(
        before prepare: (Stack) async throws -> Void = { _ in }, _ body: (Stack) async throws -> Void
    ) async throws {
        try await withStack { stack in
            let file = stack.folder + "/datasets.json"
            let datasets: JSON = [["name": "numbers", "table": "numbers", "import": true]]
            try Data(datasets.serialized()).write(to: URL(fileURLWithPath: file))
            try await stack.database.withSession { try $0.script("CREATE TABLE numbers (id bigint, label text)") }
            try await prepare(stack)
            try await stack.startGateway()
            try await stack.startWorker("ExportsWorker", ["SWITCHYARD_DATASETS": file])
            try await body(stack)
        }
    }

    /// Lets the commits of transactions that fill the table wait for a standby that there is not, and no others. What waits so is committed already; a
    /// session that is ended then takes the answer with it.
    private static let waiting = """
        CREATE FUNCTION await_standby() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM set_config('synchronous_commit', 'on', true);
            RETURN NULL;
        END $$;
        CREATE TRIGGER await_standby AFTER INSERT ON numbers EXECUTE FUNCTION await_standby();
        """

    @Test func aBatchWhoseCommitsAnswerIsLostIsLoadedOnce() async throws {
        try await withImports(before: { stack in
            try await stack.database.withSession {
                try $0.script("ALTER DATABASE postgres SET synchronous_commit = 'local'")
                try $0.script(Self.waiting)
                try $0.script("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
                try $0.script("SELECT pg_reload_conf()")
            }
        }) { stack in
            let rows = 120_000
            var csv = "id,label\n"
            for number in 1...rows { csv += "\(number),row \(number)\n" }
            let job = try await stack.startImport(csv, ["target": ["dataset": "numbers"]])
            for batch in 1...3 {
                try await poll("commit \(batch) to wait", within: .seconds(60), details: { stack.logs }) {
                    try await stack.database.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE wait_event = 'SyncRep' AND application_name LIKE 'import-%' AND query = 'COMMIT'
                        """
                    ).count == 1
                }
                // The session ends behind its commit.
                try await poll("batch \(batch) to be there", details: { stack.logs }) {
                    try await stack.rowCount(of: "numbers") == batch * 20_000
                }
            }
            try await stack.database.withSession {
                try $0.script("ALTER SYSTEM RESET synchronous_standby_names")
                try $0.script("SELECT pg_reload_conf()")
            }
            let end = try await stack.ended(job)
            #expect(end["result"]?["loaded"]?.intValue == rows && end["attempt"] == 1, "\(end)")
            let found = try await stack.database.query("SELECT count(*) AS n, count(DISTINCT id) AS ids FROM numbers")[
                0]
            #expect(try found.decode("n", as: Int.self) == rows && found.decode("ids", as: Int.self) == rows)
        }
    }

    @Test func aRowThatTakesTooLongIsNamedAndTheOthersAreLoaded() async throws {
        try await withImports { stack in
            try await stack.database.withSession {
                try $0.script(
                    """
                    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        IF NEW.label = 'slow' THEN PERFORM pg_sleep(60); END IF;
                        RETURN NEW;
                    END $$;
                    CREATE TRIGGER dawdle BEFORE INSERT ON numbers FOR EACH ROW EXECUTE FUNCTION dawdle();
                    """)
            }
            let csv = "id,label\n1,a\n2,b\n3,slow\n4,d\n"
            let end = try await stack.ended(try await stack.startImport(csv, ["target": ["dataset": "numbers"]]))
            #expect(end["error"]?["code"] == "row_too_slow" && end["attempt"] == 1, "\(end)")
            #expect(end["error"]?["message"]?.stringValue?.contains("line 4") == true, "\(end["error"] ?? .null)")
            #expect(try await stack.rowCount(of: "numbers") == 2, "what is before it is loaded")
            // The batch is tried whole, then its halves: none of them may fail for being slow alone.
            try await stack.database.withSession {
                try $0.script("DELETE FROM numbers; DROP TRIGGER dawdle ON numbers")
            }
            let retry = try await stack.api.post("/api/v1/jobs/\(end["id"]?.stringValue ?? "")/retry", [:])
            let again = try #require(retry.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(retry.text)")
            let done = try await stack.ended(again)
            #expect(done["result"]?["loaded"] == 4, "\(done)")
            #expect(try await stack.rowCount(of: "numbers") == 2, "a retry goes on behind what was loaded")
        }
    }
}

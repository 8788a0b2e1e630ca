import Crypto
import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct RetentionTests {
    @Test func rulesAreReadAndApplied() throws {
        #expect(RetentionRules([]) == RetentionRules())
        #expect(RetentionRules(["30"]) == RetentionRules(all: 30))
        #expect(RetentionRules(["noop=1", "export=0"]) == RetentionRules(types: ["noop": 1, "export": 0]))
        for bad in [["x"], ["-1"], ["1", "2"], ["=1"], ["a=b"], ["a=1=2"], ["99999"]] {
            #expect(RetentionRules(bad) == nil, "\(bad)")
        }
        let types = TypeCatalogue([try probeType("a", policy: JobPolicy(retentionDays: 7)), try probeType("b")])
        let policy = RetentionRules().applied(to: types)
        #expect(policy == RetentionDays(types: ["a": 7, "b": 90], others: 90))
        #expect(policy.longest == 90 && policy.shortest == 7)
        let own = RetentionRules(all: 3, types: ["b": 0, "c": 5]).applied(to: types)
        #expect(own == RetentionDays(types: ["a": 3, "b": 0, "c": 5], others: 3))
        #expect(own.longest == nil && own.shortest == 3)
        #expect(RetentionDays(others: 0).shortest == nil)
    }

    @Test func aPolicyOfAnotherBuildHasTheStandardRetention() throws {
        #expect(try JSON.parse(Array("{}".utf8)).decode(JobPolicy.self).retentionDays == RetentionRules.standardDays)
    }

    @Test func onlyWhatEndedLongAgoIsOld() async throws {
        try await withStore { store in
            let ids = try await store.queue(4)
            let short = try await store.queue(1, type: "short")[0]
            for id in ids.prefix(2) + [short] { _ = try await store.cancel(id, namespace: "default", reason: nil) }
            // The first ended 50 days ago, the second 5; the third is as old and waits, the fourth runs.
            try await store.database.query(
                """
                UPDATE jobs SET created_at = now() - interval '60 days',
                    finished_at = CASE WHEN finished_at IS NULL THEN NULL WHEN id = \(ids[0]) THEN now() - interval '50 days'
                        ELSE now() - interval '5 days' END
                """)
            _ = try await store.claimOne(ids[3])
            func old(_ days: RetentionDays) async throws -> [UUID] {
                let page = try await store.oldJobs(after: lowest, through: highest, days: days, limit: 100)
                #expect(page.last == nil)
                return page.old
            }
            #expect(try await old(RetentionDays(others: 51)) == [])
            #expect(try await old(RetentionDays(others: 49)) == [ids[0]])
            #expect(try await old(RetentionDays(types: ["short": 4], others: 49)) == [ids[0], short])
            #expect(try await old(RetentionDays(types: ["short": 0], others: 4)) == [ids[0], ids[1]])
            #expect(try await old(RetentionDays(others: 0)) == [])
        }
    }

    @Test func theWalkGoesOnWhereAPageEnded() async throws {
        try await withStore { store in
            let ids = try await store.queue(5)
            var seen: [UUID] = []
            var position: UUID? = lowest
            while let start = position {
                let page = try await store.oldJobs(
                    after: start, through: highest, days: RetentionDays(others: 1), limit: 2)
                position = page.last
                if let last = page.last { seen.append(last) }
            }
            #expect(seen == [ids[1], ids[3]])
        }
    }

    @Test(arguments: [Repetition.retry, .restart(checkpoint: 1, parallelism: nil)])
    func aJobThatAnotherGoesOnFromStaysAsLongAsThatOne(repetition: Repetition) async throws {
        try await withStore { store in
            let fence = try await store.run()
            let id = fence.job
            _ = try await store.write([
                .checkpoint(fence, epoch: 1, state: Array("{}".utf8)), .outcome(fence, ending(.failed, "failed")),
            ])
            let retry = UUIDv7.generate()
            _ = try await store.repeat(RepeatSource(id, as: retry), namespace: "default", repetition)
            _ = try await store.cancel(retry, namespace: "default", reason: nil)
            try await store.database.query("UPDATE jobs SET finished_at = now() - interval '9 days'")
            let days = RetentionDays(others: 1)
            let first = try await store.oldJobs(after: lowest, through: highest, days: days, limit: 9)
            #expect(first.old == [retry])
            #expect(try await store.deleteJobs(first.old) == 1)
            #expect(try await store.oldJobs(after: lowest, through: highest, days: days, limit: 9).old == [id])
        }
    }

    @Test func whatBelongsToAJobGoesWithItAndItsKeyIsFreeAgain() async throws {
        try await withStore { store in
            let first = submission(key: "k")
            _ = try await store.submit([(first, .zero)])
            let fence = try await store.claimOne(first.id)
            _ = try await store.write([.checkpoint(fence, epoch: 1, state: Array("{}".utf8))])
            let file = FileRecord(
                id: UUID(), namespace: "default", job: first.id, name: "f", mediaType: "t", size: 1, sha256: "0")
            try await store.add([file])
            #expect(try await store.files(of: [first.id]) == [file.id])
            #expect(try await store.deleteJobs([first.id]) == 0, "it runs")
            #expect(try await store.files(of: [first.id]) == [file.id], "and keeps what is its own")
            #expect(try await store.count("SELECT count(*) AS n FROM checkpoints") == 1)
            _ = try await store.write([.outcome(fence, ending(.completed, "completed"))])
            #expect(try await store.deleteJobs([first.id]) == 1)
            #expect(try await store.job(first.id) == nil)
            #expect(
                try await store.count("SELECT (SELECT count(*) FROM files) + (SELECT count(*) FROM checkpoints) AS n")
                    == 0)
            guard case .created = try await store.submit([(submission(key: "k", body: "another"), .zero)])[0] else {
                throw NotClaimed()
            }
        }
    }

    @Test func uploadsThatNothingNeedsAreOld() async throws {
        try await withStore { store in
            func upload(_ namespace: String = "default") async throws -> UUID {
                let id = UUIDv7.generate()
                try await store.add([
                    FileRecord(id: id, namespace: namespace, job: nil, name: "f", mediaType: "t", size: 1, sha256: "0")
                ])
                return id
            }
            func old(used: Int? = 30) async throws -> Set<UUID> {
                Set(try await store.oldUploads(after: nil, unusedDays: 7, usedDays: used, limit: 9).old)
            }
            let (unused, used, named, artifact) = (
                try await upload(), try await upload(), try await upload(), UUIDv7.generate()
            )
            try await store.add([
                FileRecord(
                    id: artifact, namespace: "default", job: UUID(), name: "f", mediaType: "t", size: 1, sha256: "0")
            ])
            #expect(try await old().isEmpty)
            try await store.database.query("UPDATE files SET created_at = now() - interval '8 days'")
            let young = try await upload()
            #expect(try await store.useFile(used, namespace: "other") == nil)
            #expect(try await store.useFile(used, namespace: "default")?.id == used)
            var job = submission()
            job.spec = Array(#"{"pages":1,"inputs":[{"file_id":"\#(named.text.uppercased())"}]}"#.utf8)
            _ = try await store.submit([(job, .zero)])
            #expect(try await old() == [unused])
            _ = try await store.cancel(job.id, namespace: "default", reason: nil)
            #expect(try await old() == [unused, named])
            try await store.database.query(
                """
                INSERT INTO schedules (id, namespace, cron, time_zone, job, catch_up, catch_up_limit, overlap, is_paused, next_at)
                VALUES (gen_random_uuid(), 'default', '0 0 1 * *', 'UTC',
                    jsonb_build_object('type', 'probe', 'spec', jsonb_build_object('file_id', \(named.text))), 'skip', 1, 'allow',
                    false, now() + interval '20 days')
                """)
            #expect(try await old() == [unused], "a schedule will need it")
            try await store.database.query("DELETE FROM schedules")
            try await store.database.query(
                "UPDATE files SET used_at = now() - interval '31 days' WHERE used_at IS NOT NULL")
            #expect(try await old() == [unused, used, named])
            #expect(try await old(used: nil) == [unused, named])
            try await store.deleteUploads([unused, artifact])
            #expect(try await store.file(unused, namespace: "default") == nil)
            #expect(try await store.file(artifact, namespace: "default") != nil)
            #expect(try await store.file(young, namespace: "default") != nil)
        }
    }

    @Test func deadLettersGoWhenTheyAreOld() async throws {
        try await withStore { store in
            for reason in ["r", "r", "r", "unknown_schema"] {
                try await store.add(
                    DeadLetter(
                        id: UUID(), reason: reason, detail: "", exchange: "", routingKey: "", job: nil,
                        headers: Array("{}".utf8), body: []))
            }
            #expect(try await store.deleteDeadLetters(olderThan: 1, limit: 9) == 0)
            try await store.database.query("UPDATE dead_letters SET received_at = now() - interval '2 days'")
            #expect(try await store.deleteDeadLetters(olderThan: 1, limit: 2) == 2)
            #expect(try await store.deleteDeadLetters(olderThan: 1, limit: 2) == 1)
            #expect(try await store.deleteDeadLetters(olderThan: 1, limit: 2) == 0, "it waits for an upgrade")
            try await store.database.query("UPDATE dead_letters SET redriven_at = now()")
            #expect(try await store.deleteDeadLetters(olderThan: 1, limit: 2) == 1)
        }
    }

    private let lowest = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    private let highest = UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
}

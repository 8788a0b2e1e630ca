import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct SubmitTests {
    @Test func answersAreInTheOrderOfTheRequest() async throws {
        try await withStore { store in
            let known = submission()
            _ = try await store.submit([(known, .zero)])
            let new = [submission(), submission(), submission()]
            let outcomes = try await store.submit([new[2], known, new[0], new[1]].map { ($0, .zero) })
            #expect(outcomes.map(\.word) == ["created", "existing \(known.id)", "created", "created"])
            for job in new { #expect(try await store.kinds(job.id) == ["queued"]) }
            #expect(try await store.kinds(known.id) == ["queued"], "a repeat makes no event")
        }
    }

    @Test func aKeyMakesOneJob() async throws {
        try await withStore { store in
            let first = submission(key: "k")
            let twin = submission(key: "k")
            let other = submission(key: "k", body: "another body")
            let foreign = submission(namespace: "elsewhere", key: "k")
            let outcomes = try await store.submit([first, twin, other, foreign].map { ($0, .zero) })
            #expect(outcomes.map(\.word) == ["created", "existing \(first.id)", "conflict \(first.id)", "created"])
            let later = try await store.submit([
                (submission(key: "k"), .zero), (submission(key: "k", body: "other"), .zero),
            ])
            #expect(later.map(\.word) == ["existing \(first.id)", "conflict \(first.id)"])
            #expect(try await store.count("SELECT count(*) AS n FROM jobs") == 2)
            #expect(try await store.count("SELECT count(*) AS n FROM events") == 2)
        }
    }

    @Test func concurrentBatchesWithTheSameKeysMakeOneJobEach() async throws {
        try await withStore { store in
            let keys = (0..<10).map { "key \($0)" }
            let answers = try await withThrowingTaskGroup(of: [String: String].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let jobs = keys.map { submission(key: $0) }
                        let outcomes = try await store.submit(jobs.map { ($0, .zero) })
                        return Dictionary(
                            uniqueKeysWithValues: zip(jobs, outcomes).map { job, outcome in
                                (job.idempotency?.key ?? "", outcome.id(created: job.id).text)
                            })
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for key in keys { #expect(Set(answers.map { $0[key] }).count == 1, "\(key)") }
            #expect(try await store.count("SELECT count(*) AS n FROM jobs") == keys.count)
            #expect(try await store.count("SELECT count(*) AS n FROM events") == keys.count)
        }
    }

    @Test func aRowThatIsRefusedTakesItsBatchAndItsEventsWithIt() async throws {
        try await withStore { store in
            let wrong = impossible()
            await #expect(throws: PostgresError.self) {
                _ = try await store.submit([(submission(), .zero), (wrong, .zero)])
            }
            let rows = try await store.count("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM events) AS n")
            #expect(rows == 0)
        }
    }

    @Test func aBatchWithAKeyOfAnotherRequestLeavesNothing() async throws {
        try await withStore { store in
            let first = submission(key: "k/0")
            _ = try await store.submit([(first, .zero)])
            let fresh = submission(key: "k/1", body: "other")
            let outcomes = try await store.submit(allOrNone: [
                (submission(key: "k/0", body: "other"), .zero), (fresh, .zero),
            ])
            guard case .conflict(let id) = outcomes[0] else {
                Issue.record("\(outcomes)")
                return
            }
            #expect(id == first.id)
            #expect(try await store.job(fresh.id) == nil)
            #expect(try await store.count("SELECT count(*) AS n FROM events") == 1)
            // The same request again is no conflict.
            let again = try await store.submit(allOrNone: [(submission(key: "k/0"), .zero), (submission(), .zero)])
            guard case .existing(first.id) = again[0], case .created = again[1] else {
                Issue.record("\(again)")
                return
            }
        }
    }

    @Test func anIdThatComesTwiceInABatchIsOneJob() async throws {
        try await withStore { store in
            let job = submission()
            let outcomes = try await store.submit([(job, .zero), (job, .zero)])
            guard case .created = outcomes[0], case .existing(job.id) = outcomes[1] else {
                Issue.record("\(outcomes)")
                return
            }
        }
    }

    private func impossible() -> Submission {
        var job = submission()
        job.maxAttempts = 0
        return job
    }

    @Test func aJobWithATimeIsScheduled() async throws {
        try await withStore { store in
            let time = Date(timeIntervalSinceNow: 3600)
            let job = submission(at: time)
            _ = try await store.submit([(job, .seconds(5))])
            let row = try #require(try await store.job(job.id))
            #expect(row.status == .scheduled)
            #expect(abs(try #require(row.dueAt).timeIntervalSince(time)) < 0.001)
            #expect(try await store.kinds(job.id) == ["scheduled"])
            #expect(try await store.claim([job.id], type: "probe", worker: "w", lease: .seconds(1)).isEmpty)
        }
    }

    @Test func theRowSaysWhatWasAskedFor() async throws {
        try await withStore { store in
            var job = submission(priority: .high, labels: ["a": "ü", "b": ""])
            job.name = "náme"
            job.parentID = UUIDv7.generate()
            job.traceID = "trace"
            job.timeoutSeconds = 7
            job.maxAttempts = 9
            _ = try await store.submit([(job, .zero)])
            let row = try #require(try await store.job(job.id))
            #expect(row.name == job.name && row.parentID == job.parentID && row.traceID == job.traceID)
            #expect(row.timeoutSeconds == 7 && row.maxAttempts == 9 && row.priority == .high && row.attempt == 0)
            #expect(try JSON.parse(row.labels) == job.labels)
            #expect(try row.spec.json() == JSON.parse(job.spec))
            let foreign = try await store.job(job.id, namespace: "elsewhere")
            #expect(foreign == nil)
        }
    }

    @Test func noSubmissionsAreNoRows() async throws {
        let outcomes = try await withStore { store in try await store.submit([]) }
        #expect(outcomes.isEmpty)
    }
}

extension SubmitOutcome {
    var word: String {
        switch self {
        case .created: "created"
        case .existing(let id): "existing \(id)"
        case .conflict(let id): "conflict \(id)"
        }
    }

    func id(created: UUID) -> UUID {
        switch self {
        case .created: created
        case .existing(let id), .conflict(let id): id
        }
    }
}

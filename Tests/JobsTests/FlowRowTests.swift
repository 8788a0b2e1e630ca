import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

@Suite struct PauseTests {
    @Test func aPauseIsKeptWithItsFirstReasonUntilItIsLifted() async throws {
        try await withStore { store in
            try await store.pause("probe", reason: "broken disk", by: "ann")
            try await store.pause("probe", reason: "again", by: "bob")
            try await store.pause("other", reason: nil, by: "bob")
            let pauses = try await store.pauses()
            #expect(pauses.map(\.type) == ["other", "probe"])
            #expect(pauses[1].reason == "broken disk" && pauses[1].pausedBy == "ann" && pauses[0].reason == nil)
            try await store.resume("probe")
            try await store.resume("probe")
            #expect(try await store.pauses().map(\.type) == ["other"])
        }
    }
}

@Suite struct LimitRowTests {
    @Test func limitsAreSetReplacedAndRemoved() async throws {
        try await withStore { store in
            let queue = LimitSubject(.queue, name: "probe")
            let key = LimitSubject(.key, namespace: "n", name: "*")
            try await store.set(Limit(queue, maxRunning: 3), by: "ann")
            try await store.set(Limit(key, maxStarts: 5, perSeconds: 60), by: "ann")
            try await store.set(Limit(queue, maxRunning: 2, maxStarts: 1, perSeconds: 1), by: "bob")
            #expect(
                try await store.limits() == [
                    Limit(key, maxStarts: 5, perSeconds: 60), Limit(queue, maxRunning: 2, maxStarts: 1, perSeconds: 1),
                ])
            #expect(try await store.removeLimit(queue))
            #expect(try await !store.removeLimit(queue))
            #expect(try await store.limits().map(\.subject) == [key])
        }
    }

    @Test func limitsThatSayNothingAreRefused() async throws {
        try await withStore { store in
            let queue = LimitSubject(.queue, name: "probe")
            for limit in [
                Limit(queue), Limit(queue, maxStarts: 1), Limit(queue, perSeconds: 1),
                Limit(LimitSubject(.queue, namespace: "n", name: "probe"), maxRunning: 1),
                Limit(LimitSubject(.key, name: "k"), maxRunning: 1),
            ] {
                await #expect(throws: PostgresError.self, "\(limit)") { try await store.set(limit, by: "x") }
            }
        }
    }
}

@Suite struct ExpiryTests {
    @Test func whatWaitedTooLongFailsOnceAndIsKept() async throws {
        try await withStore { store in
            let past = Date(timeIntervalSinceNow: -1)
            var queued = submission()
            queued.expiresAt = past
            var scheduled = submission(at: Date(timeIntervalSinceNow: 60))
            scheduled.expiresAt = past
            var fresh = submission()
            fresh.expiresAt = Date(timeIntervalSinceNow: 60)
            _ = try await store.submit([queued, scheduled, fresh, submission()].map { ($0, .zero) })
            #expect(
                try await store.claim([queued.id, fresh.id], type: "probe", worker: "w", lease: .seconds(9)).map(\.id)
                    == [fresh.id], "never started after its time, before it was swept too")
            #expect(try await store.expire(limit: 1) == 1)
            #expect(try await store.expire() == 1)
            #expect(try await store.expire() == 0)
            for job in [queued, scheduled] {
                let row = try #require(try await store.job(job.id))
                #expect(row.status == .failed && row.finishedAt != nil)
                #expect(try row.error.json()["code"] == "expired")
                #expect(try await store.history(job.id).last?.data.json()["error"]?["code"] == "expired")
                #expect(try await store.snapshot(job.id).terminalEvents == 1)
            }
        }
    }

    @Test func whatHasBegunDoesNotExpire() async throws {
        try await withStore { store in
            var job = submission()
            job.expiresAt = Date(timeIntervalSinceNow: 60)
            _ = try await store.submit([(job, .zero)])
            let fence = try await store.claimOne(job.id)
            try await store.database.query("UPDATE jobs SET expires_at = now() - interval '1 second'")
            #expect(try await store.expire() == 0)
            _ = try await store.write([.outcome(fence, ending(.queued, "handed_back"))])
            #expect(try await store.expire() == 0)
            #expect(try await store.claimOne(job.id).attempt == 2)
        }
    }
}

@Suite struct UniquenessTests {
    private func unique(_ extent: Uniqueness.Extent, key: String? = "k", namespace: String = "default") -> Submission {
        var job = submission(namespace: namespace)
        job.uniqueness = Uniqueness(
            namespace: namespace, type: job.type, key: key, spec: ["pages": 1], extent: extent)
        return job
    }

    private func submit(_ store: JobStore, _ jobs: Submission...) async throws -> [String] {
        try await store.submit(jobs.map { ($0, .zero) }).map(\.word)
    }

    @Test func aKindIsWhatItsTenantTypeAndKeyOrSpecSay() {
        func kind(_ namespace: String, _ type: String, _ key: String?, _ spec: JSON) -> [UInt8] {
            Uniqueness(namespace: namespace, type: type, key: key, spec: spec, extent: .active).key
        }
        let kinds = [
            kind("a", "t", "k", [:]), kind("b", "t", "k", [:]), kind("a", "u", "k", [:]), kind("a", "t", "l", [:]),
            kind("a", "t", nil, ["x": 1, "y": ["z": 1]]), kind("a", "t", nil, ["x": 1, "y": ["z": 2]]),
        ]
        #expect(Set(kinds).count == kinds.count)
        #expect(kind("a", "t", nil, ["y": ["z": 1], "x": 1]) == kinds[4], "the order of members means nothing")
        #expect(kind("a", "t", "k", ["x": 1]) == kinds[0], "with a key the spec means nothing")
    }

    @Test func anActiveJobStandsForOthersUntilItHasEnded() async throws {
        try await withStore { store in
            let first = unique(.active)
            let twins = try await submit(store, first, unique(.active), unique(.active, namespace: "other"))
            #expect(twins == ["created", "existing \(first.id)", "created"])
            #expect(try await submit(store, first) == ["existing \(first.id)"])
            let fence = try await store.claimOne(first.id)
            #expect(try await submit(store, unique(.active)) == ["existing \(first.id)"])
            _ = try await store.write([.outcome(fence, ending(.completed, "completed"))])
            #expect(try await submit(store, unique(.active)) == ["created"])
        }
    }

    @Test func aQueuedJobStandsForOthersUntilItHasStarted() async throws {
        try await withStore { store in
            let first = unique(.queued)
            #expect(try await submit(store, first, unique(.queued)) == ["created", "existing \(first.id)"])
            let fence = try await store.claimOne(first.id)
            let second = unique(.queued)
            #expect(try await submit(store, second) == ["created"])
            _ = try await store.write([.outcome(fence, ending(.queued, "handed_back"))])
            #expect(try await store.snapshot(first.id).status == .queued, "its return collides with nobody")
            #expect(try await submit(store, unique(.queued)) == ["existing \(second.id)"])
        }
    }

    @Test func aJobStandsForOthersForSomeSeconds() async throws {
        try await withStore { store in
            let first = unique(.seconds(3600))
            #expect(try await submit(store, first) == ["created"])
            let fence = try await store.claimOne(first.id)
            _ = try await store.write([.outcome(fence, ending(.completed, "completed"))])
            #expect(
                try await submit(store, unique(.seconds(3600))) == ["existing \(first.id)"], "although it has ended")
            try await store.database.query("UPDATE jobs SET unique_until = now() WHERE id = \(first.id)")
            #expect(try await submit(store, unique(.active)) == ["created"])
        }
    }

    @Test func allOrNoneAnswersTheExistingOne() async throws {
        try await withStore { store in
            let first = unique(.active)
            _ = try await submit(store, first)
            let outcomes = try await store.submit(allOrNone: [(submission(), .zero), (unique(.active), .zero)])
            #expect(outcomes.map(\.word) == ["created", "existing \(first.id)"])
        }
    }

    @Test func manyAtOnceMakeOneJob() async throws {
        try await withStore { store in
            let words = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await store.submit([(unique(.active), .zero)])[0].word }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(words.filter { $0 == "created" }.count == 1)
            #expect(Set(words).count == 2, "all others are answered with the same job: \(Set(words))")
            #expect(try await store.count("SELECT count(*) AS n FROM jobs") == 1)
        }
    }

    @Test func anIdempotencyKeyGoesFirst() async throws {
        try await withStore { store in
            var first = unique(.active)
            first.idempotency = ("i", sha256("body"))
            var other = unique(.active)
            other.idempotency = ("i", sha256("another body"))
            let words = try await submit(store, first, other)
            #expect(words == ["created", "conflict \(first.id)"])
        }
    }
}

@Suite struct FlowFieldTests {
    private let id = UUIDv7.generate()

    private func read(_ more: JSONObject, now: Date = Date()) throws -> Submission {
        var fields: JSONObject = ["type": "probe", "spec": ["pages": 1]]
        for key in more.keys { fields[key] = more[key] }
        return try Submission.read(
            .object(fields), id: id, namespace: "n", catalogue: TypeCatalogue([try probeType()]), now: now)
    }

    private func refusal(_ more: JSONObject) -> String? {
        do {
            _ = try read(more)
            return nil
        } catch let error as SubmissionError {
            return error.violations.first?.pointer
        } catch {
            return "\(error)"
        }
    }

    @Test func theFieldsAreRead() throws {
        let now = Date(timeIntervalSince1970: 1_000_000)
        let job = try read(
            [
                "concurrency_key": "k", "expires_in_seconds": 2.5,
                "unique": ["key": "u", "for": "seconds", "seconds": 7],
            ], now: now)
        #expect(job.concurrencyKey == "k" && job.expiresAt == now.addingTimeInterval(2.5))
        #expect(job.uniqueness?.extent == .seconds(7))
        #expect(try read(["unique": [:]]).uniqueness?.extent == .active)
        #expect(try read(["unique": ["for": "queued"]]).uniqueness?.extent == .queued)
        #expect(try read(["expires_at": "2100-01-01T00:00:00Z"]).expiresAt == Date(rfc3339: "2100-01-01T00:00:00Z"))
        let plain = try read([:])
        #expect(plain.concurrencyKey == nil && plain.expiresAt == nil && plain.uniqueness == nil)
    }

    @Test func whatMakesNoSenseIsRefused() {
        #expect(refusal(["expires_in_seconds": 0]) == "/expires_in_seconds")
        #expect(refusal(["expires_in_seconds": 1, "expires_at": "2100-01-01T00:00:00Z"]) == "/expires_in_seconds")
        #expect(refusal(["expires_in_seconds": 5, "delay_seconds": 5]) == "/expires_in_seconds")
        #expect(
            refusal(["expires_at": "2030-01-01T00:00:00Z", "scheduled_at": "2031-01-01T00:00:00Z"]) == "/expires_at")
        #expect(refusal(["unique": ["for": "seconds"]]) == "/unique/seconds")
        #expect(refusal(["unique": ["for": "active", "seconds": 5]]) == "/unique/seconds")
        #expect(refusal(["unique": ["for": "ever"]]) == "/unique/for")
        #expect(refusal(["concurrency_key": ""]) == "/concurrency_key")
        #expect(refusal(["delay_seconds": 5, "scheduled_at": "2100-01-01T00:00:00Z"]) == "/delay_seconds")
    }
}

@Suite struct QueueFigureTests {
    @Test func queuesAreCountedByWhatStandsInThem() async throws {
        try await withStore { store in
            let ids = try await store.queue(6)
            try await store.markDispatched([ids[0], ids[1]], readAt: Date())
            _ = try await store.claimOne(ids[2], worker: "a")
            let fence = try await store.claimOne(ids[3], worker: "b")
            _ = try await store.write([.outcome(fence, ending(.completed, "completed"))])
            _ = try await store.submit([(submission(at: Date(timeIntervalSinceNow: 60)), .zero)])
            let counts = try await store.countQueues(["empty", "probe"])
            let probe = try #require(counts.first { $0.type == "probe" })
            #expect(probe.ready == 2 && probe.inBroker == 2 && probe.running == 1 && probe.scheduled == 1)
            #expect(probe.busyWorkers == 1 && probe.oldestWaitsSince != nil && probe.active == 6)
            let empty = try #require(counts.first { $0.type == "empty" })
            #expect(empty.active == 0 && empty.oldestWaitsSince == nil)
            let made = try await store.arrivals(
                from: Date(timeIntervalSinceNow: -60), to: Date(timeIntervalSinceNow: 60))
            #expect(made == ["probe": 7])
            #expect(
                try await store.arrivals(from: Date(timeIntervalSinceNow: 60), to: Date(timeIntervalSinceNow: 90))
                    == [:])
        }
    }

    @Test func figuresAreKeptUntilTheNextOnes() async throws {
        try await withStore { store in
            func figures(_ ready: Int) -> QueueFigures {
                QueueFigures(
                    counts: QueueCounts(
                        type: "probe", ready: ready, inBroker: 1, running: 2, busyWorkers: 1, scheduled: 3,
                        oldestWaitsSince: ready == 0 ? nil : Date(timeIntervalSince1970: 1),
                        countedAt: Date(timeIntervalSince1970: 2)), consumers: ready == 0 ? nil : 4, rateIn: 0.5,
                    rateOut: nil, serviceSeconds: 7)
            }
            for ready in [5, 0] {
                try await store.write([figures(ready)])
                #expect(try await store.queueFigures() == [figures(ready)])
            }
        }
    }
}

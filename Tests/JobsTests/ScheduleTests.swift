import Crypto
import Foundation
import JSON
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite struct ScheduleTests {
    private static let job: JSON = ["type": "probe", "spec": ["pages": 1]]

    private func catalogue() throws -> TypeCatalogue { TypeCatalogue([try probeType()]) }

    private func make(
        _ store: JobStore, _ fields: JSONObject = [:], namespace: String = "default", most: Int = 10,
        key: String? = nil
    ) async throws -> (outcome: CreateOutcome, id: UUID) {
        var json: JSONObject = ["cron": "0 0 1 1 *", "job": Self.job]
        for (name, value) in fields { json[name] = value }
        let definition = try ScheduleDefinition.read(.object(json), namespace: namespace, catalogue: catalogue())
        let id = UUIDv7.generate()
        let outcome = try await store.create(
            definition, id: id, namespace: namespace, idempotency: key.map { ($0, sha256($0)) }, most: most)
        return (outcome, id)
    }

    /// As if nobody had looked since the beginning of this year.
    private func setBack(_ id: UUID, to year: Int, _ store: JobStore) async throws {
        let tick = try #require(Date(rfc3339: "\(year)-01-01T00:00:00Z"))
        try await store.database.query("UPDATE schedules SET next_at = \(tick) WHERE id = \(id)")
    }

    private var thisYear: Int { CivilDay(daysSince1970: Int(Date().timeIntervalSince1970) / 86_400).year }

    private func jobs(of schedule: UUID, _ store: JobStore) async throws -> [Job] {
        try await store.list(JobFilter(parentID: schedule, limit: 500), namespace: "default")
    }

    @Test func aTickFiresOnceHoweverManyLookAtOnce() async throws {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            let catalogue = try catalogue()
            var ids: [UUID] = []
            for _ in 0..<20 { ids.append(try await make(store, ["catch_up": "last"], most: 100).id) }
            for round in 1...3 {
                for id in ids { try await setBack(id, to: thisYear, store) }
                // Two gateways, each with connections of its own and several loops.
                let pools = [test.pool(), test.pool()]
                let fired = try await withThrowingTaskGroup(of: Int.self) { group in
                    for index in 0..<8 {
                        let loop = JobStore(pools[index % 2])
                        group.addTask {
                            var fired = 0
                            for id in try await loop.dueSchedules() {
                                fired += try await loop.fire(id, catalogue: catalogue)?.jobs.count ?? 0
                            }
                            return fired
                        }
                    }
                    return try await group.reduce(0, +)
                }
                // The same tick is set back twice: what has fired does not fire again.
                #expect(fired == (round == 1 ? 20 : 0))
                for pool in pools { await pool.close() }
                #expect(try await store.count("SELECT count(*) AS n FROM jobs") == 20)
                #expect(try await store.dueSchedules().isEmpty)
            }
            for id in ids {
                let made = try await jobs(of: id, store)
                let schedule = try #require(try await store.schedule(id, namespace: "default"))
                #expect(made.count == 1 && made[0].status == .queued && schedule.lastJobID == made[0].id)
                #expect(schedule.fired == 1 && schedule.nextAt > Date())
            }
        }
    }

    @Test(arguments: [("skip", 0), ("last", 1), ("all", 3)])
    func whatWasMissedIsCaughtUpWithByPolicy(policy: String, fired: Int) async throws {
        try await withStore { store in
            let id = try await make(store, ["catch_up": .string(policy), "catch_up_limit": 3]).id
            try await setBack(id, to: thisYear - 5, store)
            let firing = try #require(try await store.fire(id, catalogue: catalogue()))
            #expect(firing.jobs.count == fired && firing.skipped == 6 - fired && firing.error == nil)
            #expect(try await jobs(of: id, store).count == fired)
            let schedule = try #require(try await store.schedule(id, namespace: "default"))
            #expect(schedule.nextAt > Date() && schedule.skipped == 6 - fired)
            #expect((schedule.lastTickAt == Date(rfc3339: "\(thisYear)-01-01T00:00:00Z")) == (fired > 0))
            #expect(try await store.fire(id, catalogue: catalogue()) == nil)
        }
    }

    @Test func aTickInTimeFiresUnderSkip() async throws {
        try await withStore { store in
            let id = try await make(store, ["cron": "* * * * *"]).id
            try await store.database.query(
                "UPDATE schedules SET next_at = date_trunc('minute', now()) - interval '10 minutes' WHERE id = \(id)")
            let firing = try #require(try await store.fire(id, catalogue: catalogue()))
            #expect(firing.jobs.count == 1 && firing.skipped == 10)
        }
    }

    @Test func aPausedScheduleWaitsAndIsCaughtUpWithWhenItIsResumed() async throws {
        try await withStore { store in
            let id = try await make(store, ["catch_up": "all", "catch_up_limit": 2]).id
            #expect(try await store.pause(true, schedule: id, namespace: "default"))
            try await setBack(id, to: thisYear - 2, store)
            #expect(try await store.dueSchedules().isEmpty)
            #expect(try await store.fire(id, catalogue: catalogue()) == nil)
            #expect(try await store.planState().nextTickIn == nil)
            #expect(try await store.pause(false, schedule: id, namespace: "default"))
            #expect(try await store.planState().nextTickIn == .zero)
            let firing = try #require(try await store.fire(id, catalogue: catalogue()))
            #expect(firing.jobs.count == 2 && firing.skipped == 1)
            #expect(try await !store.pause(false, schedule: id, namespace: "elsewhere"))
        }
    }

    @Test func aTickIsLeftOutWhileAJobOfTheScheduleHasNotEnded() async throws {
        try await withStore { store in
            let id = try await make(store, ["overlap": "skip", "catch_up": "all"]).id
            try await setBack(id, to: thisYear - 3, store)
            let first = try #require(try await store.fire(id, catalogue: catalogue()))
            #expect(first.jobs.count == 1 && first.skipped == 3, "the others would overlap with the first")
            // Other ticks than before, or their jobs would be known.
            try await store.database.query("UPDATE jobs SET idempotency_key = idempotency_key || 'x'")
            try await setBack(id, to: thisYear, store)
            #expect(try await store.fire(id, catalogue: catalogue())?.jobs.isEmpty == true)
            let fence = try await store.claimOne(first.jobs[0])
            try await setBack(id, to: thisYear, store)
            #expect(try await store.fire(id, catalogue: catalogue())?.jobs.isEmpty == true)
            _ = try await store.write([.outcome(fence, ending(.failed, "failed"))])
            try await setBack(id, to: thisYear, store)
            #expect(try await store.fire(id, catalogue: catalogue())?.jobs.count == 1)
        }
    }

    @Test func aJobThatIsNotValidAnyMoreIsSaidAndTheScheduleGoesOn() async throws {
        try await withStore { store in
            let id = try await make(store, ["catch_up": "last"]).id
            try await setBack(id, to: thisYear, store)
            let firing = try #require(try await store.fire(id, catalogue: TypeCatalogue([])))
            #expect(firing.jobs.isEmpty && firing.error?.contains("/job/type") == true)
            var schedule = try #require(try await store.schedule(id, namespace: "default"))
            #expect(try schedule.lastError.json()["message"]?.stringValue?.contains("unknown job type") == true)
            #expect(schedule.nextAt > Date() && schedule.lastJobID == nil && schedule.skipped == 1)
            #expect(try await store.schedules(namespace: "default", before: nil, limit: 9).map(\.id) == [id])
            try await setBack(id, to: thisYear, store)
            #expect(try await store.fire(id, catalogue: catalogue())?.jobs.count == 1)
            schedule = try #require(try await store.schedule(id, namespace: "default"))
            #expect(schedule.lastError == nil && schedule.lastJobID != nil)
        }
    }

    @Test func aKeyMakesOneScheduleAndANamespaceHasItsLimit() async throws {
        try await withStore { store in
            let (first, id) = try await make(store, most: 2, key: "k")
            guard case .created = first, case .existing(id) = try await make(store, most: 2, key: "k").outcome else {
                Issue.record("not one")
                return
            }
            try await store.database.query("UPDATE schedules SET request_hash = ''::bytea WHERE id = \(id)")
            guard case .conflict(id) = try await make(store, most: 2, key: "k").outcome else {
                Issue.record("another request has the same key")
                return
            }
            let outcomes = try await withThrowingTaskGroup(of: CreateOutcome.self) { group in
                for _ in 0..<6 { group.addTask { try await make(store, most: 2).outcome } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { if case .full = $0 { true } else { false } } == 5)
            guard case .created = try await make(store, namespace: "other", most: 2).outcome else {
                Issue.record("one namespace fills another")
                return
            }
            #expect(try await store.deleteSchedule(id, namespace: "other") == false)
            #expect(try await store.deleteSchedule(id, namespace: "default"))
            #expect(try await store.schedule(id, namespace: "default") == nil)
        }
    }

    @Test func aChangeThatMeetsAnotherIsRefusedAndAnotherTimeSetsTheNextTick() async throws {
        try await withStore { store in
            let id = try await make(store, ["name": "n", "overlap": "skip"]).id
            let old = try #require(try await store.schedule(id, namespace: "default"))
            let patch: JSONObject = ["cron": "@daily", "time_zone": "Europe/Berlin", "name": .null]
            let new = try ScheduleDefinition.read(
                old.definition.merging(patch), namespace: "default", catalogue: catalogue())
            #expect(new.name == nil && new.overlap == .skip)
            #expect(try await store.replace(old, by: new))
            #expect(try await !store.replace(old, by: new))
            let changed = try #require(try await store.schedule(id, namespace: "default"))
            #expect(
                changed.nextAt < Date(timeIntervalSinceNow: 25 * 3600) && changed.definition.timeZone == "Europe/Berlin"
            )
            // Something else: what was missed stays to be caught up with.
            try await setBack(id, to: thisYear, store)
            let paused = try ScheduleDefinition.read(
                changed.definition.merging(["paused": true]), namespace: "default", catalogue: catalogue())
            #expect(try await store.replace(changed, by: paused))
            #expect(try #require(try await store.schedule(id, namespace: "default")).nextAt < Date())
        }
    }

    @Test(
        arguments: [
            (["cron": "61 * * * *"], "/cron"), (["time_zone": "EST"], "/time_zone"),
            (["job": ["type": "other"]], "/job/type"),
            (["job": ["type": "probe", "spec": ["pages": 0]]], "/job/spec/pages"), (["job": .null], "/job"),
            (["job": ["type": "probe", "spec": ["pages": 1], "delay_seconds": 5]], "/job/delay_seconds"),
            (["job": ["type": "probe", "spec": ["pages": 1], "parent_id": .string(UUID().text)]], "/job/parent_id"),
            (["catch_up": "some"], "/catch_up"), (["catch_up_limit": 0], "/catch_up_limit"),
            (["unknown": 1], "/unknown"),
        ] as [(JSONObject, String)])
    func whatIsRefused(fields: JSONObject, pointer: String) throws {
        var json: JSONObject = ["cron": "@daily", "job": Self.job]
        for (name, value) in fields { json[name] = value }
        do {
            _ = try ScheduleDefinition.read(.object(json), namespace: "default", catalogue: catalogue())
            Issue.record("accepted: \(fields)")
        } catch let error as SubmissionError {
            #expect(error.violations.map(\.pointer).contains(pointer), "\(error)")
        }
    }
}

import Crypto
import Foundation
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite struct BacklogTests {
    @Test func lanesAreFoundWhateverEachHolds() async throws {
        try await withStore { store in
            _ = try await store.queue(300, namespace: "big")
            _ = try await store.queue(1, namespace: "small")
            _ = try await store.submit([(submission(namespace: "big", priority: .high), .zero)])
            _ = try await store.submit([(submission(type: "other", namespace: "elsewhere"), .zero)])
            #expect(
                try await store.look().lanes["probe"] == [
                    Lane(.normal, "big"), Lane(.normal, "small"), Lane(.high, "big"),
                ])
        }
    }

    @Test func aPageOfLanesGoesOnAfterItsCursor() async throws {
        try await withStore { store in
            for name in ["a", "b", "c", "d"] { _ = try await store.queue(2, namespace: name) }
            func lanes(after name: String) async throws -> [String] {
                try await store.survey(
                    types: ["probe"], cursors: [LaneCursor(type: "probe", priority: .normal, after: name)], page: 2,
                    staleAfter: .seconds(1)
                ).lanes["probe"]?.map(\.namespace) ?? []
            }
            #expect(try await lanes(after: "") == ["a", "b"])
            #expect(try await lanes(after: "b") == ["c", "d"])
            #expect(try await lanes(after: "d") == [])
        }
    }

    @Test func whatIsPublishedAndNotMarkedIsNoBacklog() async throws {
        try await withStore { store in
            let ids = try await store.queue(5)
            let fence = try await store.claimOne(ids[0])
            let survey = try await store.look(pending: Array(ids[0...3]))
            #expect(survey.waiting == Set(ids[1...3]), "\(fence.job) was claimed")
            #expect(survey.lanes["probe"] == [Lane(.normal, "default")])
            #expect(try await store.look(pending: ids).lanes.isEmpty)
            let lane = LaneRequest(Lane(.normal, "default"), count: 9)
            #expect(
                try await store.backlog(type: "probe", [lane], except: [ids[1], ids[2]]).map(\.id) == [ids[3], ids[4]])
            #expect(try await store.look(pending: [ids[4]]).lanes["probe"] != nil, "older ones wait")
            let commands = try await store.backlogCommands(type: "probe", [lane], except: [ids[1], ids[4]]).commands
            #expect(commands.map(\.command.id) == [ids[2], ids[3]])
            #expect(commands.map(\.lane) == [Lane](repeating: Lane(.normal, "default"), count: 2))
        }
    }

    @Test func eachLaneGivesItsOldest() async throws {
        try await withStore { store in
            let a = try await store.queue(3, namespace: "a")
            let b = try await store.queue(3, namespace: "b")
            let requests = [
                LaneRequest(Lane(.normal, "b"), count: 2), LaneRequest(Lane(.normal, "a"), after: a[0], count: 9),
                LaneRequest(Lane(.high, "a"), count: 9), LaneRequest(Lane(.normal, "none"), count: 9),
            ]
            let jobs = try await store.backlog(type: "probe", requests)
            #expect(jobs.map(\.id) == [b[0], b[1], a[1], a[2]])
            #expect(jobs.map(\.lane.namespace) == ["b", "b", "a", "a"])
        }
    }

    @Test func commandsComeInTheOrderAskedForAndOnlyOfWhatWaits() async throws {
        try await withStore { store in
            let ids = try await store.queue(4)
            _ = try await store.claimOne(ids[1])
            #expect(try await store.commands(of: ids.reversed()).commands.map(\.id) == [ids[3], ids[2], ids[0]])
        }
    }

    /// The statements must stay on their index from the first job on, as their plans are made once, over empty tables.
    @Test func theStatementsAreSteppedThroughTheBacklogsIndex() async throws {
        try await withStore { store in
            let cursors = [LaneCursor(type: "probe", priority: .normal)]
            let requests = [LaneRequest(Lane(.normal, "a"), count: 10)]
            let published = [UUIDv7.generate()]
            let statements: [(Statement, scans: Int)] = [
                (JobStore.lanes(cursors, page: 64, except: published), 2),
                (JobStore.oldest("j.id", type: "probe", requests, except: published), 1),
            ]
            for (statement, scans) in statements {
                let plan = try await store.database.query("EXPLAIN \(statement)").map {
                    try $0.decode("QUERY PLAN", as: String.self)
                }
                #expect(plan.count { $0.contains("using jobs_backlog") } == scans, "\(plan)")
                #expect(!plan.contains { $0.contains("Seq Scan on jobs") }, "\(plan)")
            }
        }
    }

    @Test func onlyTheLeaderMarksJobsOfALimit() async throws {
        try await withStore { store in
            let ids = try await store.queue(3)
            let bucket = LimitBucket(LimitSubject(.queue, name: "probe"), fullAt: Date(timeIntervalSinceNow: 60))
            func mark(_ holder: String) async throws -> [UUID] {
                try await store.commandsMarking(Array(ids[0...1]), buckets: [bucket], duty: "d", holder: holder).map(
                    \.id)
            }
            #expect(try await store.lead("d", as: "a", for: .seconds(60)))
            #expect(try await mark("b").isEmpty)
            #expect(try await store.limitUse().buckets.isEmpty)
            #expect(try await store.waitingJobs() == ids)
            #expect(try await Set(mark("a")) == Set(ids[0...1]))
            let use = try await store.limitUse()
            #expect(use.buckets.map(\.subject) == [bucket.subject])
            #expect(use.uses == [LimitUse(type: "probe", namespace: "default", concurrencyKey: nil, count: 2)])
            #expect(try await mark("a").isEmpty, "marked once")
            #expect(try await store.waitingJobs() == [ids[2]])
        }
    }

    @Test func aRepeatedJobKeepsItsKey() async throws {
        try await withStore { store in
            var job = submission()
            job.concurrencyKey = "k"
            _ = try await store.submit([(job, .zero)])
            _ = try await store.cancel(job.id, namespace: "default", reason: nil)
            let again = UUIDv7.generate()
            _ = try await store.repeat(RepeatSource(job.id, as: again), namespace: "default", .rerun)
            let waiting = try await store.backlog(type: "probe", [LaneRequest(Lane(.normal, "default"), count: 9)])
            #expect(waiting.map(\.id) == [again] && waiting.first?.concurrencyKey == "k")
        }
    }

    @Test func whatRunsAndWhatIsDispatchedCountsUntilItHasEnded() async throws {
        try await withStore { store in
            var keyed = submission()
            keyed.concurrencyKey = "k"
            _ = try await store.submit([(keyed, .zero)])
            let other = try await store.queue()[0]
            #expect(try await store.limitUse().uses.isEmpty, "what waits holds nothing")
            try await store.markDispatched([other], readAt: Date())
            let fence = try await store.claimOne(keyed.id)
            #expect(
                try await Set(store.limitUse().uses) == [
                    LimitUse(type: "probe", namespace: "default", concurrencyKey: "k", count: 1),
                    LimitUse(type: "probe", namespace: "default", concurrencyKey: nil, count: 1),
                ])
            _ = try await store.write([.outcome(fence, ending(.completed, "completed"))])
            _ = try await store.cancel(other, namespace: "default", reason: nil)
            #expect(try await store.limitUse().uses.isEmpty)
        }
    }
}

import Crypto
import Foundation
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite struct DispatchTests {
    @Test func graceKeepsAJobFromTheDispatchersForAWhile() async throws {
        try await withStore { store in
            let job = submission()
            _ = try await store.submit([(job, .seconds(60))])
            #expect(try await store.waitingJobs().isEmpty)
            #expect(try await store.look().lanes.isEmpty)
            try await store.database.query("UPDATE jobs SET due_at = due_at - interval '61 seconds'")
            #expect(try await store.waitingJobs() == [job.id])
            #expect(try await store.look().lanes == ["probe": [Lane(.normal, "default")]])
        }
    }

    @Test func markingLeavesOutWhatIsLockedOrClaimed() async throws {
        try await withStore { store in
            let ids = try await store.queue(3)
            let fence = try await store.claimOne(ids[1])
            let (locked, unlock) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
            let holder = Task {
                try await store.database.transaction { session in
                    try session.query("SELECT 1 FROM jobs WHERE id = \(ids[2]) FOR UPDATE")
                    locked.continuation.finish()
                    // Bounded: a failed test must not hold the pool.
                    for _ in 0..<200 where unlock.continuation.yield().isOpen { Thread.sleep(forTimeInterval: 0.05) }
                }
            }
            for await _ in locked.stream {}
            try await store.markDispatched(ids, readAt: Date())
            unlock.continuation.finish()
            try await holder.value
            #expect(try await store.snapshot(ids[0]).isDispatched)
            #expect(try await !store.snapshot(ids[2]).isDispatched)
            _ = try await store.write([.outcome(fence, ending(.queued, "handed_back"))])
            #expect(try await !store.snapshot(ids[1]).isDispatched)
            #expect(try await Set(store.waitingJobs()) == Set(ids[1...2]))
        }
    }

    @Test func statesCountWhatTheBrokerShouldHold() async throws {
        try await withStore { store in
            let ids = try await store.queue(5)
            try await store.markDispatched(Array(ids[0..<3]), readAt: Date())
            try await store.database.query(
                "UPDATE jobs SET dispatched_at = now() - interval '1 minute' WHERE id = ANY(\(Array(ids[0..<2])))")
            _ = try await store.claimOne(ids[4])
            let states = try await store.dispatchStates(types: ["empty", "probe"], staleAfter: .seconds(10))
            #expect(states.map(\.type).sorted() == ["empty", "probe"])
            let probe = try #require(states.first { $0.type == "probe" })
            #expect(probe.dispatched == 3 && probe.stale == 2)
            let empty = try #require(states.first { $0.type == "empty" })
            #expect(empty.dispatched == 0 && empty.stale == 0)
            #expect(try await store.look().lanes == ["probe": [Lane(.normal, "default")]])
        }
    }

    @Test func theOldestLostCommandsAreTakenBack() async throws {
        try await withStore { store in
            let ids = try await store.queue(4)
            try await store.markDispatched(ids, readAt: Date())
            for (index, id) in ids.enumerated() where index < 3 {
                try await store.database.query(
                    "UPDATE jobs SET dispatched_at = now() - \(Int32(60 - index)) * interval '1 second' WHERE id = \(id)"
                )
            }
            #expect(try await store.undispatchLost(type: "probe", count: 2, staleAfter: .seconds(10)) == 2)
            #expect(try await store.waitingJobs() == Array(ids[0...1]))
            #expect(try await store.undispatchLost(type: "probe", count: 9, staleAfter: .seconds(10)) == 1)
            #expect(try await store.snapshot(ids[3]).isDispatched, "a fresh one is not lost")
        }
    }

    @Test func commandsThatAreGivenBackAreDispatchedAgain() async throws {
        try await withStore { store in
            let ids = try await store.queue(2)
            try await store.markDispatched(ids, readAt: Date())
            let fence = try await store.claimOne(ids[1])
            try await store.undispatch(ids)
            #expect(try await store.waitingJobs() == [ids[0]])
            #expect(try await store.snapshot(fence.job).status == .running)
        }
    }

    @Test func aLateMarkDoesNotHideAJobThatWasGivenBack() async throws {
        try await withStore { store in
            let backlog = try await store.queue(1)
            let readAt = try await store.commands(of: backlog).readAt
            let direct = submission()
            _ = try await store.submit([(direct, .seconds(60))])
            try await store.undispatch(backlog + [direct.id])
            try await store.markDispatched(backlog, readAt: readAt)
            try await store.markDispatched([direct.id], readAt: nil)
            let waiting = try await store.waitingJobs()
            #expect(Set(waiting) == Set(backlog + [direct.id]))
        }
    }

    @Test func aDirectPublicationIsMarkedWithinItsGrace() async throws {
        try await withStore { store in
            let job = submission()
            _ = try await store.submit([(job, .seconds(60))])
            try await store.markDispatched([job.id], readAt: nil)
            #expect(try await store.snapshot(job.id).isDispatched)
        }
    }

    @Test func dueJobsAreReleasedOnce() async throws {
        try await withStore { store in
            let due = (0..<3).map { submission(at: Date(timeIntervalSinceNow: -Double($0 + 1))) }
            let later = submission(at: Date(timeIntervalSinceNow: 3600))
            _ = try await store.submit((due + [later]).map { ($0, .zero) })
            #expect(try await store.release(limit: 2) == 2)
            #expect(try await store.snapshot(due[0].id).status == .scheduled, "the longest due go first")
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await store.release() } }
                return try await group.reduce(0, +)
            }
            #expect(counts == 1)
            for job in due { #expect(try await store.kinds(job.id) == ["scheduled", "queued"]) }
            #expect(try await store.kinds(later.id) == ["scheduled"])
        }
    }

    @Test func oneHolderLeadsAtATime() async throws {
        try await withStore { store in
            #expect(try await store.lead("d", as: "a", for: .seconds(60)))
            #expect(try await !store.lead("d", as: "b", for: .seconds(60)))
            #expect(try await store.lead("d", as: "a", for: .seconds(60)), "the holder renews")
            #expect(try await store.lead("other", as: "b", for: .seconds(60)))
            try await store.resign("d", as: "b")
            #expect(try await !store.lead("d", as: "b", for: .seconds(60)), "only the holder resigns")
            try await store.resign("d", as: "a")
            #expect(try await store.lead("d", as: "b", for: .seconds(60)))
            try await store.database.query("UPDATE leaders SET until = now() - interval '1 second'")
            #expect(try await store.lead("d", as: "a", for: .seconds(60)), "a holder that fell silent is replaced")
            #expect(try await !store.lead("d", as: "b", for: .seconds(60)))
        }
    }

    @Test func aCommandTheBrokerRefusesFailsItsJobOnce() async throws {
        try await withStore { store in
            let id = try await store.queue()[0]
            #expect(try await store.refuse(id, code: "undeliverable", message: "no"))
            #expect(try await !store.refuse(id, code: "undeliverable", message: "no"))
            #expect(try await store.kinds(id) == ["queued", "failed"])
            #expect(try await store.job(id)?.error.json()["code"] == "undeliverable")
            let fence = try await store.run()
            #expect(try await !store.refuse(fence.job, code: "x", message: "y"), "a running job is not refused")
        }
    }
}

extension AsyncStream.Continuation.YieldResult {
    fileprivate var isOpen: Bool {
        if case .terminated = self { false } else { true }
    }
}

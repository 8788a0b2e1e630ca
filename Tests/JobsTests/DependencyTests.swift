import Crypto
import Foundation
import JSON
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite struct DependencyTests {
    private func add(
        _ needs: [UUID], namespace: String = "default", key: String? = nil, _ store: JobStore
    ) async throws -> UUID {
        var job = submission(namespace: namespace, key: key)
        job.dependsOn = needs
        let outcome = try await store.submit(allOrNone: [(job, .zero)])[0]
        if case .existing(let id) = outcome { return id }
        return job.id
    }

    private func settle(_ store: JobStore) async throws {
        while try await store.settle(catalogue: TypeCatalogue([])) {}
    }

    private func end(_ id: UUID, as status: JobStatus = .completed, _ store: JobStore) async throws {
        let fence = try await store.claimOne(id)
        _ = try await store.write([.outcome(fence, ending(status, status.rawValue))])
    }

    @Test func aJobWaitsForAllOfThem() async throws {
        try await withStore { store in
            let needs = try await store.queue(3)
            try await end(needs[0], store)
            let id = try await add(needs, store)
            let job = try #require(try await store.job(id))
            #expect(job.status == .scheduled && job.dueAt == nil)
            try await settle(store)
            #expect(try await store.openDependencies(of: id).count == 2, "the first had ended before it was named")
            try await end(needs[2], store)
            try await settle(store)
            #expect(try await store.job(id)?.status == .scheduled)
            try await end(needs[1], store)
            try await settle(store)
            #expect(try await store.job(id)?.status == .queued)
            #expect(try await store.kinds(id) == ["scheduled", "queued"])
            try await end(id, store)
            #expect(try await !store.planState().hasEnds)
        }
    }

    @Test(arguments: [JobStatus.failed, .cancelled, .stopped])
    func aJobIsCancelledWhenOneOfThemDoesNotComplete(status: JobStatus) async throws {
        try await withStore { store in
            let needs = try await store.queue(2)
            let id = try await add(needs, store)
            let after = try await add([id], store)
            try await end(needs[1], as: status, store)
            try await settle(store)
            let job = try #require(try await store.job(id))
            #expect(job.status == .cancelled)
            #expect(
                try job.error.json()["message"]?.stringValue == "It needs (job \(needs[1].text)), which is \(status).")
            #expect(try await store.job(after)?.status == .cancelled)
            guard
                case .refused(.cancelled) = try await store.repeat(
                    RepeatSource(id, as: UUIDv7.generate()), namespace: "default", .rerun)
            else {
                Issue.record("it never had its turn, and would now start without what it needs")
                return
            }
        }
    }

    @Test func cancellingAWaitingJobEndsIt() async throws {
        try await withStore { store in
            let need = try await store.queue()[0]
            let id = try await add([need], store)
            let after = try await add([id], store)
            guard case .done = try await store.cancel(id, namespace: "default", reason: nil) else {
                Issue.record("not cancelled")
                return
            }
            try await settle(store)
            #expect(try await store.job(after)?.status == .cancelled)
            try await end(need, store)
            try await settle(store)
            #expect(try await store.job(id)?.status == .cancelled)
            #expect(try await store.snapshot(id).terminalEvents == 1)
        }
    }

    @Test func onlyJobsOfTheSameNamespaceCanBeNeeded() async throws {
        try await withStore { store in
            let own = try await store.queue()[0]
            let foreign = try await store.queue(namespace: "other")[0]
            let nobody = UUIDv7.generate()
            do {
                _ = try await add([own, foreign, nobody], store)
                Issue.record("accepted")
            } catch let error as UnknownDependencies {
                #expect(error.ids == [foreign, nobody])
            }
            #expect(try await store.count("SELECT count(*) AS n FROM jobs") == 2)
            #expect(try await store.count("SELECT count(*) AS n FROM job_dependencies") == 0)
        }
    }

    @Test func theSameRequestMakesOneJob() async throws {
        try await withStore { store in
            let need = try await store.queue()[0]
            let id = try await add([need], key: "k", store)
            #expect(try await add([need], key: "k", store) == id)
            #expect(try await store.count("SELECT count(*) AS n FROM job_dependencies") == 1)
        }
    }

    @Test func veryManyDependantsAreReleasedInRounds() async throws {
        try await withStore { store in
            let need = try await store.queue()[0]
            let jobs = (0..<4500).map { _ in
                var job = submission()
                job.dependsOn = [need]
                return (job, Duration.zero)
            }
            _ = try await store.submit(allOrNone: jobs)
            try await end(need, store)
            try await settle(store)
            #expect(try await store.count("SELECT count(*) AS n FROM jobs WHERE status = 'queued'") == 4500)
            #expect(
                try await store.count("SELECT count(*) AS n FROM jobs WHERE awaited AND finished_at IS NOT NULL") == 0)
        }
    }

    /// Several gateways deal with ends at once while workers end jobs, and connections break in between: nothing is left waiting,
    /// nothing runs before what it needs, and each job ends once.
    @Test(arguments: [1, 2, 3]) func nothingIsStuckHoweverManyDealWithEndsAtOnce(seed: UInt64) async throws {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            let catalogue = TypeCatalogue([try probeType()])
            var random = Random(state: seed)
            var flows: [TestWorkflow] = []
            for _ in 0..<12 {
                var jobs = JSONObject()
                for index in 0..<25 {
                    let needs = (0..<index).filter { _ in Int.random(in: 0..<8, using: &random) == 0 }.map { "j\($0)" }
                    jobs["j\(index)"] = TestWorkflow.step(needs)
                }
                flows.append(try await TestWorkflow.start(store, jobs, failsFast: flows.count.isMultiple(of: 3)))
            }
            let pools = (0..<3).map { _ in test.pool() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, pool) in pools.enumerated() {
                    let own = JobStore(pool)
                    group.addTask {
                        // A gateway and a worker each; every tenth job fails.
                        while true {
                            do {
                                let open = try await own.count(
                                    "SELECT count(*) AS n FROM workflows WHERE status = 'running'")
                                if open == 0 { return }
                                _ = try await own.settle(catalogue: catalogue, limit: 7)
                                _ = try await own.cancelSteps()
                                let ids = try await own.database.query(
                                    "SELECT id FROM jobs WHERE status = 'queued' ORDER BY id LIMIT 20"
                                ).map { try $0.decode("id", as: UUID.self) }
                                let claims = try await own.claim(
                                    ids.shuffled(), type: "probe", worker: "w\(index)", lease: .seconds(600))
                                _ = try await own.write(
                                    claims.map { claim in
                                        let fails = claim.id.uuid.15.isMultiple(of: 10)
                                        return .outcome(
                                            Fence(job: claim.id, attempt: claim.attempt),
                                            ending(fails ? .failed : .completed, fails ? "failed" : "completed"))
                                    })
                            } catch let error as PostgresError where error.isTransient {
                                // Two batches of claims in two orders, or a connection that was broken: again.
                                try await own.expireOwn("w\(index)")
                            }
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<5 {
                        try await Task.sleep(for: .milliseconds(60))
                        try await test.terminateConnections()
                    }
                }
                try await group.waitForAll()
            }
            for pool in pools { await pool.close() }
            #expect(try await store.count("SELECT count(*) AS n FROM jobs WHERE finished_at IS NULL") == 0)
            #expect(
                try await store.count(
                    """
                    SELECT count(*) AS n FROM job_dependencies d JOIN jobs j ON j.id = d.job_id JOIN jobs n ON n.id = d.needs
                    WHERE j.attempt > 0 AND (n.status <> 'completed' OR n.finished_at > j.started_at)
                    """) == 0)
            #expect(
                try await store.count(
                    """
                    SELECT count(*) AS n FROM (SELECT job_id FROM events WHERE status IN ('completed', 'failed', 'cancelled')
                        GROUP BY job_id HAVING count(*) <> 1) e
                    """) == 0)
            #expect(
                try await store.count(
                    """
                    SELECT count(*) AS n FROM workflows w WHERE (w.status = 'completed') <> (NOT EXISTS (
                        SELECT 1 FROM jobs j WHERE j.parent_id = w.id AND j.status <> 'completed'))
                    """) == 0)
        }
    }

    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }
}

extension JobStore {
    /// Gives back what a worker has claimed and not ended.
    fileprivate func expireOwn(_ worker: String) async throws {
        do {
            let ids = try await database.query(
                "SELECT id, attempt FROM jobs WHERE worker = \(worker) AND finished_at IS NULL")
            _ = try await write(
                ids.map {
                    .outcome(
                        Fence(job: try $0.decode("id"), attempt: try $0.decode("attempt")),
                        ending(.queued, "handed_back"))
                })
        } catch let error as PostgresError where error.isTransient {
            return
        }
    }
}

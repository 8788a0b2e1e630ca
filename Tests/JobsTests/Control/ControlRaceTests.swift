import Crypto
import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Jobs

/// Clients, workers, dispatcher and reaper at the same time on the same jobs, each over connections of its own: whatever the order, every
/// job keeps the rules, and an end that was told is the one that stands.
@Suite struct ControlRaceTests {
    private static let rounds = 8
    private static let jobsPerRound = 60

    @Test func everythingAtOnceKeepsTheRules() async throws {
        try await TestDatabase.with { test in
            let pools = (0..<2).map { _ in test.pool(size: 5) }
            let stores = pools.map(JobStore.init)
            for round in 0..<Self.rounds {
                let scene = Scene(ids: try await stores[0].queue(Self.jobsPerRound))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for worker in 0..<3 {
                        group.addTask { try await Self.work(scene, stores[worker % stores.count], "w\(worker)") }
                    }
                    for client in 0..<3 {
                        group.addTask { try await Self.control(scene, stores[client % stores.count]) }
                    }
                    group.addTask { try await Self.control(scene, inBulk: stores[0]) }
                    group.addTask { try await Self.reap(scene, stores[1]) }
                    try await group.waitForAll()
                }
                let violations = try await stores[0].controlViolations()
                #expect(violations.isEmpty, "round \(round): \(violations.prefix(5))")
                for (id, status) in scene.promised {
                    #expect(try await stores[0].snapshot(id).status == status, "told \(status), round \(round)")
                }
            }
            let rows = try await stores[0].database.query(
                "SELECT status, count(*) AS n FROM jobs GROUP BY status ORDER BY status")
            print(
                "raced to:",
                try rows.map { "\(try $0.decode("status", as: String.self)) \(try $0.decode("n", as: Int64.self))" })
            for pool in pools { await pool.close() }
        }
    }

    /// Claims what it can get, and writes with whatever it has ever claimed, however stale.
    private static func work(_ scene: Scene, _ store: JobStore, _ name: String) async throws {
        var fences: [Fence] = []
        for turn in 0..<40 {
            try await again {
                let claims = try await store.claim(
                    scene.some(12), type: "probe", worker: name, lease: .seconds(3600))
                fences += claims.map { Fence(job: $0.id, attempt: $0.attempt) }
            }
            let batch = fences.shuffled().prefix(15)
            try await again {
                _ = try await store.write(
                    batch.map { fence in
                        switch Int.random(in: 0..<6) {
                        case 0, 1: .heartbeat(fence, lease: .seconds(3600))
                        case 2: .checkpoint(fence, epoch: Int32(turn), state: Array(text: "{}"))
                        case 3: .progress(fence, phase: nil, progress: Array(text: "{}"))
                        default: .outcome(fence, Step.endings[Int.random(in: Step.endings.indices)])
                        }
                    })
            }
        }
    }

    private static func control(_ scene: Scene, _ store: JobStore) async throws {
        for _ in 0..<50 {
            let id = scene.some(1)[0]
            switch Int.random(in: 0..<6) {
            case 0: scene.note(id, .cancelled, try await store.cancel(id, namespace: "default", reason: nil))
            case 1: scene.note(id, .stopped, try await store.stop(id, namespace: "default", .force))
            case 2, 3:
                let wish = [Wish.checkpoint, .immediate][Int.random(in: 0...1)]
                scene.note(id, .stopped, try await store.stop(id, namespace: "default", wish, timeout: .seconds(600)))
            case 4:
                scene.note(
                    try await store.repeat(RepeatSource(id, as: UUIDv7.generate()), namespace: "default", .retry))
            default:
                scene.note(
                    try await store.repeat(
                        RepeatSource(id, as: UUIDv7.generate()), namespace: "default",
                        .restart(checkpoint: nil, parallelism: nil)))
            }
        }
    }

    private static func control(_ scene: Scene, inBulk store: JobStore) async throws {
        for _ in 0..<8 {
            let ids = scene.some(20)
            for (id, result) in zip(
                ids, try await store.stop(ids, namespace: "default", .cancel, timeout: .seconds(600)))
            {
                scene.note(id, .cancelled, result.outcome)
            }
            let made: Set<UUID> = try await store.repeat(
                ids.map { RepeatSource($0, as: UUIDv7.generate()) }, namespace: "default", .retry)
            for id in made { scene.note(.created(id)) }
        }
    }

    private static func reap(_ scene: Scene, _ store: JobStore) async throws {
        for _ in 0..<40 {
            try await again {
                try await store.database.query(
                    """
                    WITH free AS (SELECT id FROM jobs WHERE id = ANY(\(scene.some(3))) AND lease_until IS NOT NULL
                        FOR UPDATE SKIP LOCKED)
                    UPDATE jobs j SET lease_until = now() - interval '1 second' FROM free WHERE j.id = free.id
                    """)
                _ = try await store.reap()
                try await store.database.query(
                    """
                    WITH free AS (SELECT id FROM jobs WHERE status = 'scheduled' FOR UPDATE SKIP LOCKED)
                    UPDATE jobs j SET due_at = now() FROM free WHERE j.id = free.id
                    """)
                _ = try await store.release()
            }
        }
    }

    /// Workers repeat a transaction that the server has undone for a deadlock; that clients meet none is part of the test.
    private static func again(_ body: () async throws -> Void) async throws {
        while true {
            do { return try await body() } catch let error as PostgresError where error.sqlState == "40P01" {}
        }
    }
}

/// The jobs of a round, growing as they are repeated, and the ends that clients were told.
private final class Scene: Sendable {
    private let state: Mutex<(ids: [UUID], promised: [UUID: JobStatus])>

    init(ids: [UUID]) { state = Mutex((ids, [:])) }

    var promised: [UUID: JobStatus] { state.withLock(\.promised) }

    func some(_ count: Int) -> [UUID] { state.withLock { Array($0.ids.shuffled().prefix(count)) } }

    func note(_ id: UUID, _ status: JobStatus, _ outcome: StopOutcome) {
        switch outcome {
        case .done: state.withLock { $0.promised[id] = status }
        case .ended(let other): state.withLock { $0.promised[id] = other }
        case .asked, .unknown: break
        }
    }

    func note(_ outcome: RepeatOutcome) {
        if case .created(let id) = outcome { state.withLock { $0.ids.append(id) } }
    }
}

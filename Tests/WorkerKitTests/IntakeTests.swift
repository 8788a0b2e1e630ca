import AMQP
import Crypto
import Foundation
import Jobs
import Postgres
import Synchronization
import TestKit
import Testing

@testable import WorkerKit

@Suite struct IntakeTests {
    @Test func noMoreRunThanThereAreSlotsAndNoneIsForgotten() async throws {
        try await IntakeBench.with(slots: 2) { bench in
            let ids = try await bench.queue(7)
            try await eventually(within: .seconds(30), "every job to have run") {
                try await bench.dispatch()
                bench.endOldest()
                return Set(bench.started) == Set(ids)
            }
            #expect(bench.mostAtOnce == 2)
            #expect(bench.started.count == ids.count, "each ran once")
        }
    }

    @Test func suspectsRunOneAtATimeBesideTheOthers() async throws {
        try await IntakeBench.with(slots: 10) { bench in
            let suspects = Set(try await bench.queue(3, crashes: 2))
            let innocent = try await bench.queue(4, crashes: 1)
            try await bench.dispatch()
            try await eventually("the others and one suspect to run") {
                Set(bench.started).isSuperset(of: innocent) && bench.started.count == innocent.count + 1
            }
            try await eventually(within: .seconds(30), "every suspect to have run") {
                #expect(bench.running.filter { suspects.contains($0) }.count <= 1)
                bench.end { suspects.contains($0) }
                return suspects.isSubset(of: bench.started)
            }
        }
    }

    @Test func aClaimUnderWayWhenItClosesIsStarted() async throws {
        try await IntakeBench.with(slots: 2) { bench in
            let id = try await bench.queue(1)[0]
            let (claiming, isClosed) = (Gate(), Gate())
            // Holds the row, so that the claim waits for it.
            let holder = Task {
                let pool = bench.test.pool(size: 1)
                try await pool.transaction { session in
                    _ = try session.query("SELECT id FROM jobs WHERE id = \(id) FOR UPDATE")
                    claiming.open()
                    try isClosed.waitBlocking()
                }
                await pool.close()
            }
            try await claiming.wait()
            try await bench.dispatch()
            try await eventually("the claim to be under way") { bench.intake.isClaiming }
            bench.intake.close()
            #expect(bench.intake.isClaiming && bench.started.isEmpty)
            isClosed.open()
            try await holder.value
            try await eventually("the claim to be done") { !bench.intake.isClaiming }
            #expect(bench.started == [id])
        }
    }

    @Test func aSuspendedIntakeGivesBackWhatItHasAndGoesOnWhenResumed() async throws {
        try await IntakeBench.with(slots: 2) { bench in
            let first = try await bench.queue(4)
            try await bench.dispatch()
            try await eventually("the slots to be full") { bench.started.count == 2 }
            bench.intake.suspend()
            // What had come already is for other workers: the dispatcher publishes it anew.
            let waiting = Set(first).subtracting(bench.started)
            try await eventually("the rest to be given back or left at the broker") {
                try await bench.dispatchable(waiting).isSubset(of: waiting)
            }
            bench.end { _ in true }
            let more = try await bench.queue(1)
            try await bench.dispatch()
            #expect(bench.started.count == 2)
            bench.intake.resume()
            try await eventually(within: .seconds(30), "every job to have run") {
                try await bench.dispatch()
                bench.endOldest()
                return Set(bench.started) == Set(first + more)
            }
            #expect(bench.started.count == 5, "each ran once")
        }
    }

    @Test func aCommandThatCannotBeReadDoesNotHoldUpTheNext() async throws {
        try await IntakeBench.with(slots: 2) { bench in
            var odd = Message(body: Array("{".utf8))
            odd.headers = ["x-large": .string(String(repeating: "x", count: 65_400))]
            #expect(try await bench.publish(odd) == .confirmed)
            let id = try await bench.queue(1)[0]
            try await bench.dispatch()
            try await eventually("the next to be started") { bench.started == [id] }
        }
    }
}

/// An intake on a real queue and real rows; its jobs run until the test ends them.
private final class IntakeBench: Sendable {
    private struct State {
        var started: [UUID] = []
        var running: [Claim] = []
        var mostAtOnce = 0
    }

    let test: TestDatabase
    let intake: Intake
    private let store: JobStore
    private let type: JobType
    private let publisher: Publisher
    private let consumer: Consumer
    private let state = Mutex(State())

    var started: [UUID] { state.withLock(\.started) }
    var running: [UUID] { state.withLock { $0.running.map(\.id) } }
    var mostAtOnce: Int { state.withLock(\.mostAtOnce) }

    static func with(slots: Int, _ body: @Sendable (IntakeBench) async throws -> Void) async throws {
        try await TestDatabase.with { test in
            let bench = try IntakeBench(test, slots: slots)
            let running = Task {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await bench.publisher.run() }
                    group.addTask { try await bench.consumer.run { bench.intake.offer($0) } }
                    group.addTask { await bench.intake.run { bench.start($0) } }
                    try await group.waitForAll()
                }
            }
            let outcome: Result<Void, any Error>
            do {
                try await eventually("the publisher to connect") { bench.publisher.isConnected }
                outcome = .success(try await body(bench))
            } catch {
                outcome = .failure(error)
            }
            try await bench.publisher.delete(queue: bench.type.queue)
            running.cancel()
            _ = await running.result
            try outcome.get()
        }
    }

    private init(_ test: TestDatabase, slots: Int) throws {
        self.test = test
        type = try JobType(
            name: "intake-\(Hex.encode(randomBytes(6)))", version: 1, description: "", specSchema: ["type": "object"],
            policy: JobPolicy())
        store = JobStore(test.database)
        let url = try #require(
            ProcessInfo.processInfo.environment["AMQP_URL"], "set AMQP_URL to a broker for the tests")
        let broker = try AMQPConfiguration(url: url, connectionName: "intake-tests")
        let topology = Topics.topology(types: [type.name])
        publisher = Publisher(broker, topology: topology)
        consumer = Consumer(broker, topology: topology, queue: type.queue, prefetch: slots)
        intake = Intake(
            slots: slots, prefetch: slots, suspectFrom: 2, consumer: consumer,
            claimer: Claimer(
                store: store, type: type, worker: "w", lease: .seconds(60), publisher: publisher,
                isRunning: { _ in false }, log: quietLog))
    }

    /// Adds jobs that wait for a dispatcher, as after so many crashes.
    func queue(_ count: Int, crashes: Int32 = 0) async throws -> [UUID] {
        let jobs = try (0..<count).map { _ in
            try Submission.read(
                ["type": .string(type.name)], id: UUIDv7.generate(), namespace: "default",
                catalogue: TypeCatalogue([type]))
        }
        _ = try await store.submit(jobs.map { ($0, .zero) })
        let ids = jobs.map(\.id)
        try await test.database.query("UPDATE jobs SET crashes = \(crashes) WHERE id = ANY(\(ids))")
        return ids
    }

    /// Publishes the commands of all jobs that wait for it.
    func dispatch() async throws {
        let waiting = try await store.backlog(type: type.name, [LaneRequest(Lane(.normal, "default"), count: 100)])
        let commands = try await store.commands(of: waiting.map(\.id)).commands
        for command in commands { #expect(try await publish(command.message) == .confirmed) }
        // As from the backlog: whoever is given back is due anew.
        try await store.markDispatched(commands.map(\.id), readAt: Date())
    }

    /// Which of these any dispatcher may publish.
    func dispatchable(_ ids: Set<UUID>) async throws -> Set<UUID> {
        let waiting = try await store.backlog(type: type.name, [LaneRequest(Lane(.normal, "default"), count: 100)])
        return Set(waiting.map(\.id)).intersection(ids)
    }

    func publish(_ message: Message) async throws -> Publisher.Outcome {
        try await publisher.publish(message, exchange: Topics.jobs, routingKey: type.name)
    }

    private func start(_ claim: Claim) {
        state.withLock { state in
            state.started.append(claim.id)
            state.running.append(claim)
            state.mostAtOnce = max(state.mostAtOnce, state.running.count)
        }
    }

    /// Ends the job that has run longest.
    func endOldest() {
        guard let oldest = running.first else { return }
        end { $0 == oldest }
    }

    /// Ends the jobs that run and match.
    func end(where isOver: (UUID) -> Bool) {
        let ended = state.withLock { state in
            defer { state.running.removeAll { isOver($0.id) } }
            return state.running.filter { isOver($0.id) }
        }
        for claim in ended { intake.release(claim) }
    }
}

extension Gate {
    /// Waits on a thread that may block.
    fileprivate func waitBlocking() throws {
        let end = Date(timeIntervalSinceNow: 30)
        while !isRaised {
            guard Date() < end else { throw NeverHappened(what: "the gate") }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }
}

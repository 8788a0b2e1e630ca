import AMQP
import Crypto
import Foundation
import JSON
import Postgres
import Synchronization
import Telemetry
import TestKit
import Testing

@testable import Gateway
@testable import Jobs

/// Events at the broker: who listens gets everything in order, and nobody pays when nobody listens.
@Suite struct BrokerOutletTests {
    private final class Setting: Sendable {
        let store: JobStore
        let configuration: AMQPConfiguration
        /// A type of the test's own: the exchange is the broker's.
        let type: String
        let received = Mutex<[(id: String, key: String, sequence: Int)]>([])

        init(_ store: JobStore, _ configuration: AMQPConfiguration) {
            self.store = store
            self.configuration = configuration
            type = "t" + Hex.encode(randomBytes(4))
        }

        func job() async throws -> UUID {
            let id = UUIDv7.generate()
            try await store.database.query(
                """
                INSERT INTO jobs (id, namespace, type, status, priority, max_attempts, timeout_seconds, due_at, labels, spec)
                VALUES (\(id), 'default', \(type), 'queued', 1, 1, 1, now(), '{}', '{}')
                """)
            return id
        }

        /// One whole job: queued, running, completed, each in a transaction of its own.
        func runJob() async throws {
            let id = try await job()
            try await add("queued", id)
            try await add("running", id)
            try await add("completed", id)
        }

        func add(_ word: String, _ id: UUID) async throws {
            // As all writers do, the job's row first: it gives the transaction its id.
            try await store.database.query(
                """
                WITH j AS (SELECT id FROM jobs WHERE id = \(id) FOR UPDATE)
                INSERT INTO events (job_id, kind, status, attempt) SELECT id, \(word), \(word), 1 FROM j
                """)
        }

        var sequences: [Int] { received.withLock { $0.map(\.sequence) } }
        var last: Int {
            get async throws { Int(try await store.horizon().last) }
        }
    }

    /// Runs two relays, as two gateways would, beside `body`.
    private func withRelays(_ body: @Sendable (Setting) async throws -> Void) async throws {
        let url = try #require(ProcessInfo.processInfo.environment["AMQP_URL"])
        try await TestDatabase.with { test in
            let setting = Setting(JobStore(test.database), try AMQPConfiguration(url: url, connectionName: "test"))
            let tasks = (0..<2).flatMap { number -> [Task<Void, any Error>] in
                let publisher = Publisher(setting.configuration, topology: Topics.eventsTopology)
                let relay = Relay(
                    setting.store, to: BrokerOutlet(setting.store, publisher: publisher), holder: "relay \(number)",
                    log: Logger(service: "test", level: .error))
                return [Task { try await publisher.run() }, Task { await relay.run() }]
            }
            let result: Result<Void, any Error>
            do { result = .success(try await body(setting)) } catch { result = .failure(error) }
            for task in tasks { task.cancel() }
            for task in tasks { _ = await task.result }
            try result.get()
        }
    }

    /// Binds a queue to a key and listens until `body` ends.
    private func listening(_ setting: Setting, to key: String, _ body: () async throws -> Void) async throws {
        let queue = Queue(
            name: "test.events." + Hex.encode(randomBytes(6)), durable: false, exclusive: true, autoDelete: true)
        let topology = Topology(
            exchanges: Topics.eventsTopology.exchanges, queues: [queue],
            bindings: [Binding(queue: queue.name, exchange: Topics.events, routingKey: key)])
        let consumer = Consumer(setting.configuration, topology: topology, queue: queue.name, prefetch: 100)
        let running = Task {
            try await consumer.run { batch in
                for delivery in batch {
                    guard let body = try? JSON.parse(delivery.message.body),
                        let sequence = body["data"]?["seq"]?.intValue
                    else {
                        Issue.record("not an event: \(String(decoding: delivery.message.body, as: UTF8.self))")
                        continue
                    }
                    setting.received.withLock {
                        $0.append((delivery.message.messageID ?? "", delivery.routingKey, sequence))
                    }
                }
                consumer.settle(batch.map { ($0, .acknowledge) })
            }
        }
        try await eventually("the consumer") { if case .consuming = consumer.state { true } else { false } }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        running.cancel()
        _ = await running.result
        try result.get()
    }

    @Test(.timeLimit(.minutes(2))) func whoBindsGetsEverythingAfterTheFirstEventInOrder() async throws {
        try await withRelays { setting in
            for _ in 0..<20 { try await setting.runJob() }
            try await eventually("the relay to pass over what nobody wants") {
                try await Int(setting.store.position(of: .amqp)) == setting.last
            }
            try await listening(setting, to: "job.\(setting.type).#") {
                // Until the keys are tried again nothing may come; then everything does.
                try await eventually("the binding to be noticed") {
                    try await setting.runJob()
                    return !setting.sequences.isEmpty
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 { group.addTask { for _ in 0..<25 { try await setting.runJob() } } }
                    try await group.waitForAll()
                }
                let last = try await setting.last
                try await eventually("the last event") { setting.sequences.last == last }
                let sequences = setting.sequences
                #expect(sequences == sequences.sorted(), "in order, although the transactions were not")
                // A key may rest for its second after the first one was taken; everything of a key that was taken follows.
                let received = setting.received.withLock { $0 }
                let firsts = Dictionary(grouping: received) { $0.key }.mapValues { $0[0].sequence }
                #expect(firsts.count == 3)
                let start = firsts.values.max() ?? 0
                let wanted = try await setting.store.outgoing(after: Int64(start), through: Int64(last)).map(\.sequence)
                #expect(Array(Set(sequences.filter { $0 > start })).sorted() == wanted.map { Int($0) })
                let one = try #require(setting.received.withLock { $0.last })
                #expect(one.key == "job.\(setting.type).completed" && one.id.hasSuffix("-\(last)"))
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func whatNobodyWantsIsTriedOnceASecondAndNotMore() async throws {
        try await withRelays { setting in
            let unroutable = Metrics.shared.counter(
                "switchyard_events_published_total", help: "Events that the broker decided on.",
                labels: ["outcome": "unroutable"])
            let before = unroutable.value
            let start = ContinuousClock.now
            for _ in 0..<300 { try await setting.runJob() }
            try await eventually("the cursor") { try await Int(setting.store.position(of: .amqp)) == setting.last }
            // Three keys, once a second each and by each of two relays at worst: far from the 900 events that there were.
            let seconds = Int((ContinuousClock.now - start) / .seconds(1)) + 2
            let tried = unroutable.value - before
            #expect(tried >= 3 && tried <= 3 * 2 * seconds)
        }
    }
}

import AMQP
import Foundation
import Synchronization
import Testing

/// The broker that the tests use.
struct Broker {
    let url: String

    init() throws {
        url = try #require(
            ProcessInfo.processInfo.environment["AMQP_URL"],
            "set AMQP_URL to a broker that the tests may use, as amqp://guest:guest@127.0.0.1:5672/")
    }

    func configuration(
        port: Int? = nil, heartbeat: Duration = .seconds(20), connectTimeout: Duration = .seconds(5)
    ) throws -> AMQPConfiguration {
        var parts = try #require(URLComponents(string: url))
        if let port { (parts.host, parts.port) = ("127.0.0.1", port) }
        return try AMQPConfiguration(
            url: try #require(parts.string), connectionName: "amqp-tests", heartbeat: heartbeat,
            connectTimeout: connectTimeout)
    }

    var port: Int { URLComponents(string: url)?.port ?? 5672 }
}

/// A name that no other test uses.
func unique(_ name: String) -> String { "test.\(name).\(UUID().uuidString.prefix(8))" }

/// A quorum queue that the broker deletes a minute after the test.
func testQueue(_ name: String, _ arguments: [String: HeaderValue] = [:]) -> Queue {
    .quorum(unique(name), arguments: arguments.merging(["x-expires": 60_000]) { own, _ in own })
}

/// Things that happened, for a test to wait for.
final class Log<Entry: Sendable>: Sendable {
    private let all = Mutex<[Entry]>([])
    var entries: [Entry] { all.withLock { $0 } }
    func add(_ entry: Entry) { all.withLock { $0.append(entry) } }
    func add(_ entries: [Entry]) { all.withLock { $0 += entries } }
}

/// Waits until the condition holds, and fails when it does not within `limit`.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(15), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record(what, sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Runs `body` beside a publisher that is connected.
func withPublisher<Result: Sendable>(
    _ configuration: AMQPConfiguration, _ topology: Topology = Topology(), maxInFlight: Int = 4096,
    events: Log<AMQPEvent> = Log(), _ body: (Publisher) async throws -> Result
) async throws -> Result {
    let publisher = Publisher(configuration, topology: topology, maxInFlight: maxInFlight, onEvent: events.add)
    let running = Task { try await publisher.run() }
    do {
        try await eventually("the publisher connects") { publisher.isConnected }
        let result = try await body(publisher)
        running.cancel()
        try await running.value
        return result
    } catch {
        running.cancel()
        try await running.value
        throw error
    }
}

/// Runs `body` beside a consumer; `handle` gets the consumer and each batch.
func withConsumer(
    _ consumer: Consumer, _ handle: @escaping @Sendable (Consumer, [Delivery]) async -> Void,
    _ body: () async throws -> Void
) async throws {
    let running = Task { try await consumer.run { batch in await handle(consumer, batch) } }
    do {
        try await body()
        running.cancel()
        try await running.value
    } catch {
        running.cancel()
        try await running.value
        throw error
    }
}

extension Consumer {
    var isConsuming: Bool { if case .consuming = state { true } else { false } }
    func acknowledge(_ deliveries: [Delivery]) { settle(deliveries.map { ($0, .acknowledge) }) }
}

extension Publisher {
    /// How many messages the broker took back from a consumer that is gone; at least one must come, and all come at once.
    func takenBack(by queue: Queue) async throws -> Int {
        try await eventually("the broker takes back") { try await declare(queue).messagesReady > 0 }
        return try await declare(queue).messagesReady
    }

    /// Publishes to a queue and requires every confirmation.
    func send(_ bodies: [String], to queue: String) async throws {
        let batch = bodies.map { Publication(Message(body: Array($0.utf8)), exchange: "", routingKey: queue) }
        for result in await publish(batch: batch) { #expect(try result.get() == .confirmed) }
    }
}

extension Delivery {
    var text: String { String(decoding: message.body, as: UTF8.self) }
}

/// Requires that the operation fails with an error of this kind.
func expectFailure<Result>(
    _ kind: AMQPError.Kind, sourceLocation: SourceLocation = #_sourceLocation, _ operation: () async throws -> Result
) async {
    do {
        let result = try await operation()
        Issue.record("expected \(kind), got \(result)", sourceLocation: sourceLocation)
    } catch {
        #expect((error as? AMQPError)?.kind == kind, "\(error)", sourceLocation: sourceLocation)
    }
}

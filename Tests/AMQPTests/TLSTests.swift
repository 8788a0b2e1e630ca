import AMQP
import Foundation
import Testing

struct TLSTests {
    private func configuration(_ tls: AMQPConfiguration.TLS, host: String? = nil) throws -> AMQPConfiguration {
        let url = try #require(
            ProcessInfo.processInfo.environment["AMQPS_URL"],
            "set AMQPS_URL to a broker with a TLS listener, by host name, as amqps://guest:guest@localhost:5671/")
        var parts = try #require(URLComponents(string: url))
        if let host { parts.host = host }
        return try AMQPConfiguration(url: try #require(parts.string), connectionName: "amqp-tests", tls: tls)
    }

    private var authority: String {
        get throws {
            try #require(
                ProcessInfo.processInfo.environment["AMQPS_CA"],
                "set AMQPS_CA to the PEM file of the authority that vouches for the broker of AMQPS_URL")
        }
    }

    /// What a publisher with this configuration reports first.
    private func firstEvent(_ configuration: AMQPConfiguration) async throws -> AMQPEvent? {
        let events = Log<AMQPEvent>()
        let publisher = Publisher(configuration, topology: Topology(), onEvent: events.add)
        let running = Task { try await publisher.run() }
        try await eventually("something is reported") { !events.entries.isEmpty }
        running.cancel()
        try await running.value
        return events.entries.first
    }

    @Test func aTrustedBrokerIsUsed() async throws {
        let queue = testQueue("tls")
        let configuration = try configuration(.init(authorityFile: authority))
        let texts = Log<String>()
        try await withPublisher(configuration, Topology(queues: [queue])) { publisher in
            try await publisher.send((0..<500).map { "\($0)" }, to: queue.name)
            let consumer = Consumer(configuration, topology: Topology(), queue: queue.name, prefetch: 50)
            try await withConsumer(consumer) { consumer, batch in
                texts.add(batch.map(\.text))
                consumer.acknowledge(batch)
            } _: {
                try await eventually("all arrive") { texts.entries == (0..<500).map { "\($0)" } }
            }
        }
    }

    @Test func anUntrustedBrokerIsRefused() async throws {
        guard case .disconnected(let error) = try await firstEvent(configuration(.init())) else {
            Issue.record("connected to a broker that nobody vouches for")
            return
        }
        #expect(error.kind == .connection)
    }

    @Test func aBrokerOfAnotherNameIsRefusedUnlessToldOtherwise() async throws {
        let strict = try configuration(.init(authorityFile: authority), host: "127.0.0.1")
        guard case .disconnected(let error) = try await firstEvent(strict) else {
            Issue.record("connected to a broker whose certificate is for another host")
            return
        }
        #expect(error.kind == .connection)
        let lax = try configuration(.init(authorityFile: authority, verifiesHost: false), host: "127.0.0.1")
        #expect(try await firstEvent(lax) == .connected)
    }
}

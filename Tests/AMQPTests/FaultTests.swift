import AMQP
import Foundation
import Testing

@Suite struct FaultTests {
    let broker: Broker

    init() throws { broker = try Broker() }

    @Test func aCutConnectionFailsWhatIsInFlightAndThenWorksAgain() async throws {
        let queue = testQueue("cut")
        let proxy = Proxy(to: broker.port)
        defer { proxy.close() }
        let events = Log<AMQPEvent>()
        try await withPublisher(
            broker.configuration(port: proxy.port), Topology(queues: [queue]), events: events
        ) { publisher in
            // What the broker decides gets lost on the way, so everything that it has stays in flight.
            proxy.set(.dropMainChannel)
            let batch = (0..<100).map { _ in Publication(Message(body: [1]), exchange: "", routingKey: queue.name) }
            async let inFlight = publisher.publish(batch: batch)
            try await eventually("the broker has them") { try await publisher.declare(queue).messagesReady == 100 }
            proxy.cut()
            proxy.set(.forward)
            for result in await inFlight { await expectFailure(.connection) { try result.get() } }
            try await publisher.send(["after"], to: queue.name)
            #expect(events.entries.count { $0 == .connected } == 2)
        }
    }

    @Test func aConsumerRecoversAndIgnoresTagsOfTheOldConnection() async throws {
        let queue = testQueue("recover")
        let proxy = Proxy(to: broker.port)
        defer { proxy.close() }
        let all = Log<Delivery>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            try await publisher.send(["a", "b"], to: queue.name)
            let consumer = Consumer(
                try broker.configuration(port: proxy.port), topology: Topology(queues: [queue]), queue: queue.name,
                prefetch: 10)
            try await withConsumer(consumer) { _, batch in
                all.add(batch)
            } _: {
                try await eventually("both arrive") { all.entries.count == 2 }
                let old = all.entries
                proxy.cut()
                try await eventually("both come again") { all.entries.count == 4 }
                consumer.acknowledge(old)
                consumer.acknowledge([all.entries[2]])
                #expect(Set(old.map(\.connectionGeneration)) == [1])
                #expect(Set(all.entries[2...].map(\.connectionGeneration)).count == 1)
            }
            let back = try await publisher.takenBack(by: queue)
            #expect(back == 1)
        }
    }

    @Test func aSilentPeerIsNoticedByBoth() async throws {
        let queue = testQueue("silent")
        let proxy = Proxy(to: broker.port)
        defer { proxy.close() }
        let events = Log<AMQPEvent>()
        let configuration = try broker.configuration(
            port: proxy.port, heartbeat: .seconds(1), connectTimeout: .seconds(1))
        let consumer = Consumer(
            configuration, topology: Topology(queues: [queue]), queue: queue.name, prefetch: 1, onEvent: events.add)
        try await withPublisher(configuration, Topology(queues: [queue]), events: events) { publisher in
            try await withConsumer(consumer) { _, _ in
            } _: {
                try await eventually("it consumes") { consumer.isConsuming }
                proxy.set(.stall)
                try await eventually("both notice, also while others keep publishing") {
                    _ = await publisher.publish(
                        batch: [Publication(Message(body: []), exchange: "", routingKey: queue.name)],
                        timeout: .milliseconds(1))
                    return !publisher.isConnected && !consumer.isConsuming
                }
                let disconnects = events.entries.count { if case .disconnected = $0 { true } else { false } }
                #expect(disconnects >= 2)
                // Bounded although the peer accepts connections and says nothing.
                await expectFailure(.timeout) {
                    try await publisher.publish(
                        Message(body: []), exchange: "", routingKey: queue.name, timeout: .milliseconds(200))
                }
                await expectFailure(.timeout) { try await publisher.declare(queue, timeout: .milliseconds(200)) }
                proxy.set(.forward)
                try await eventually("both recover") { publisher.isConnected && consumer.isConsuming }
            }
        }
    }

    @Test func aPeerThatStopsReadingLeavesTheRestUnsent() async throws {
        let queue = testQueue("backpressure")
        let proxy = Proxy(to: broker.port)
        defer { proxy.close() }
        try await withPublisher(broker.configuration(port: proxy.port), Topology(queues: [queue])) { publisher in
            proxy.set(.stall)
            let body = [UInt8](repeating: 7, count: 60_000)
            let batch = (0..<2000).map { _ in Publication(Message(body: body), exchange: "", routingKey: queue.name) }
            let results = await publisher.publish(batch: batch, timeout: .seconds(1))
            #expect(results.allSatisfy { if case .failure(let error) = $0 { error.kind == .timeout } else { false } })
            let unsent = results.count {
                if case .failure(let error) = $0 { error.message.hasPrefix("not sent") } else { false }
            }
            #expect(unsent > 0 && unsent < 2000)
            proxy.set(.forward)
            try await publisher.send(["after"], to: queue.name)
        }
    }

    @Test func aWriteThatHangsKeepsDeadlinesAndIsEnded() async throws {
        let queue = testQueue("hang")
        let proxy = Proxy(to: broker.port)
        defer { proxy.close() }
        let events = Log<AMQPEvent>()
        let configuration = try broker.configuration(port: proxy.port, heartbeat: .seconds(1))
        try await withPublisher(configuration, Topology(queues: [queue]), events: events) { publisher in
            // The broker's heartbeats arrive, so only the time that the write takes tells.
            proxy.set(.readNothingFromClient)
            await expectFailure(.timeout) {
                try await publisher.publish(
                    Message(body: [UInt8](repeating: 1, count: 32 << 20)), exchange: "", routingKey: queue.name,
                    timeout: .milliseconds(500))
            }
            try await eventually("the write is ended") {
                events.entries.contains { if case .disconnected = $0 { true } else { false } }
            }
            proxy.set(.forward)
            try await publisher.send(["after"], to: queue.name)
        }
    }

    @Test func withoutABrokerEveryWaitIsBounded() async throws {
        // A port that was free a moment ago and that nobody listens on.
        let closed = Proxy(to: 1)
        closed.close()
        let events = Log<AMQPEvent>()
        let publisher = Publisher(
            try broker.configuration(port: closed.port), topology: Topology(), onEvent: events.add)
        let running = Task { try await publisher.run() }
        await expectFailure(.timeout) {
            try await publisher.publish(Message(body: []), exchange: "", routingKey: "q", timeout: .milliseconds(300))
        }
        try await eventually("the failures are reported") {
            events.entries.count { if case .disconnected = $0 { true } else { false } } >= 2
        }
        running.cancel()
        try await running.value
    }

    @Test func cancellingEndsAlsoWithAPeerThatIsSilent() async throws {
        let proxy = Proxy(to: broker.port)
        defer { proxy.close() }
        let queue = testQueue("cancel")
        let configuration = try broker.configuration(port: proxy.port)
        let consumer = Consumer(configuration, topology: Topology(queues: [queue]), queue: queue.name, prefetch: 1)
        let publisher = Publisher(configuration, topology: Topology(queues: [queue]))
        let consuming = Task { try await consumer.run { _ in } }
        let publishing = Task { try await publisher.run() }
        try await eventually("both are up") { publisher.isConnected && consumer.isConsuming }
        proxy.set(.stall)
        async let inFlight = publisher.publish(batch: [
            Publication(Message(body: []), exchange: "", routingKey: queue.name)
        ])
        consuming.cancel()
        publishing.cancel()
        try await consuming.value
        try await publishing.value
        for result in await inFlight { await expectFailure(.closed) { try result.get() } }
        #expect(consumer.state == .closed)
    }

    @Test func aConsumerThatIsAttachedButDeafReconnects() async throws {
        let queue = testQueue("deaf")
        let proxy = Proxy(to: broker.port)
        defer { proxy.close() }
        let events = Log<AMQPEvent>()
        let texts = Log<String>()
        let consumer = Consumer(
            try broker.configuration(port: proxy.port), topology: Topology(queues: [queue]), queue: queue.name,
            prefetch: 2, proofInterval: .milliseconds(300), onEvent: events.add)
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            try await withConsumer(consumer) { consumer, batch in
                texts.add(batch.map(\.text))
                consumer.acknowledge(batch)
            } _: {
                try await eventually("it has proved itself") { consumer.lastProof != nil }
                proxy.set(.dropMainChannel)
                // Two of them fill the prefetch and are lost on the way, the others wait.
                try await publisher.send(["1", "2", "3", "4", "5"], to: queue.name)
                try await eventually("it notices") { events.entries.contains(.deaf(queue: queue.name)) }
                proxy.set(.forward)
                try await eventually("all arrive") { Set(texts.entries) == ["1", "2", "3", "4", "5"] }
            }
        }
    }

    @Test func aTopologyThatTheBrokerRefusesIsReported() async throws {
        let queue = testQueue("refused")
        var other = queue
        other.arguments["x-expires"] = 61_000
        let events = Log<AMQPEvent>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { _ in
            let publisher = Publisher(
                try broker.configuration(), topology: Topology(queues: [other]), onEvent: events.add)
            let running = Task { try await publisher.run() }
            try await eventually("the refusal is reported") {
                events.entries.contains {
                    if case .disconnected(let error) = $0 { error.kind == .channel(code: 406) } else { false }
                }
            }
            #expect(!publisher.isConnected)
            running.cancel()
            try await running.value
        }
    }

    @Test func aWrongPasswordIsNamedWithoutShowingIt() async throws {
        let events = Log<AMQPEvent>()
        let configuration = try AMQPConfiguration(
            url: "amqp://nobody:secret-word@127.0.0.1:\(broker.port)/", connectionName: "amqp-tests")
        let publisher = Publisher(configuration, topology: Topology(), onEvent: events.add)
        let running = Task { try await publisher.run() }
        try await eventually("it is reported") { !events.entries.isEmpty }
        running.cancel()
        try await running.value
        let text = "\(events.entries)"
        #expect(text.contains("403") && !text.contains("secret-word"))
    }
}

import AMQP
import Foundation
import Testing

@Suite struct PublisherTests {
    let broker: Broker

    init() throws { broker = try Broker() }

    @Test func everyOneOfManyConcurrentPublicationsIsConfirmed() async throws {
        let queue = testQueue("many")
        try await withPublisher(broker.configuration(), Topology(queues: [queue]), maxInFlight: 5000) { publisher in
            let confirmed = try await withThrowingTaskGroup(of: Publisher.Outcome.self) { group in
                for number in 0..<5000 {
                    group.addTask {
                        try await publisher.publish(
                            Message(body: Array("\(number)".utf8)), exchange: "", routingKey: queue.name)
                    }
                }
                return try await group.reduce(into: 0) { if $1 == .confirmed { $0 += 1 } }
            }
            #expect(confirmed == 5000)
            #expect(try await publisher.declare(queue).messagesReady == 5000)
        }
    }

    @Test func aBatchAnswersInItsOwnOrder() async throws {
        let queue = testQueue("batch")
        let events = Log<AMQPEvent>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue]), events: events) { publisher in
            let batch = (0..<600).map { number in
                Publication(
                    Message(body: []), exchange: "", routingKey: number.isMultiple(of: 3) ? "nowhere" : queue.name)
            }
            for (number, result) in await publisher.publish(batch: batch).enumerated() {
                let isReturned = if case .returned(312, _) = try result.get() { true } else { false }
                #expect(isReturned == number.isMultiple(of: 3))
            }
            #expect(
                events.entries.count { if case .returned(_, "nowhere", 312, _) = $0 { true } else { false } } == 200)
            #expect(try await publisher.declare(queue).messagesReady == 400)
        }
    }

    @Test func withoutMandatoryAnUnroutableMessageIsConfirmed() async throws {
        try await withPublisher(broker.configuration()) { publisher in
            let message = Message(body: [1])
            let outcome = try await publisher.publish(message, exchange: "", routingKey: "nowhere", mandatory: false)
            #expect(outcome == .confirmed)
        }
    }

    @Test func aFullQueueRejects() async throws {
        let queue = Queue(
            name: unique("full"),
            arguments: ["x-max-length": 1, "x-overflow": "reject-publish", "x-expires": 60_000])
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            let message = Message(body: [1])
            let first = try await publisher.publish(message, exchange: "", routingKey: queue.name)
            let second = try await publisher.publish(message, exchange: "", routingKey: queue.name)
            #expect(first == .confirmed && second == .rejected)
        }
    }

    @Test func aMessageArrivesAsItWasSent() async throws {
        let queue = testQueue("round-trip")
        let sent = Message(
            body: (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }, messageID: "id-ü", correlationID: "c", type: "t",
            contentType: "application/json", appID: "tests",
            headers: [
                "text": "värde", "number": -7, "flag": true,
                "time": .timestamp(Date(timeIntervalSince1970: 1_700_000_000)),
                "half": .double(0.5), "raw": .bytes([0, 255]), "nothing": .null,
                "list": .array([1, .table(["inner": "x"]), .array([])]),
            ],
            isPersistent: true, priority: 4, timestamp: Date(timeIntervalSince1970: 1_600_000_000),
            expiration: .milliseconds(59_999))
        let received = Log<Delivery>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            for mandatory in [true, false] {
                _ = try await publisher.publish(sent, exchange: "", routingKey: queue.name, mandatory: mandatory)
            }
            let consumer = Consumer(try broker.configuration(), topology: Topology(), queue: queue.name, prefetch: 10)
            try await withConsumer(consumer) { consumer, batch in
                received.add(batch)
                consumer.acknowledge(batch)
            } _: {
                try await eventually("both arrive") { received.entries.count == 2 }
            }
        }
        for delivery in received.entries {
            #expect(delivery.message == sent)
            #expect(delivery.routingKey == queue.name)
            #expect(!delivery.redelivered)
        }
    }

    @Test func declaringAnswersTheDepthAndARefusalDisturbsNothing() async throws {
        let queue = testQueue("declare")
        let events = Log<AMQPEvent>()
        try await withPublisher(broker.configuration(), events: events) { publisher in
            #expect(try await publisher.declare(queue).messagesReady == 0)
            try await publisher.send(["a", "b"], to: queue.name)
            let status = try await publisher.declare(queue)
            #expect(status.name == queue.name && status.messagesReady == 2 && status.consumers == 0)

            var other = queue
            other.arguments["x-expires"] = 61_000
            let refused = other
            async let inFlight = publisher.publish(Message(body: []), exchange: "", routingKey: queue.name)
            await expectFailure(.channel(code: 406)) { try await publisher.declare(refused) }
            #expect(try await inFlight == .confirmed)
            #expect(try await publisher.declare(queue).messagesReady == 3)
            #expect(!events.entries.contains { if case .disconnected = $0 { true } else { false } })
            #expect(events.entries.contains { if case .declarationRefused = $0 { true } else { false } })
        }
    }

    @Test func anAddedTopologyIsDeclaredNow() async throws {
        let exchange = Exchange(name: unique("exchange"), kind: .topic, durable: false, autoDelete: true)
        let queue = testQueue("added")
        try await withPublisher(broker.configuration()) { publisher in
            try await publisher.update(
                topology: Topology(
                    exchanges: [exchange], queues: [queue],
                    bindings: [Binding(queue: queue.name, exchange: exchange.name, routingKey: "job.*.done")]))
            let message = Message(body: [])
            #expect(
                try await publisher.publish(message, exchange: exchange.name, routingKey: "job.x.done") == .confirmed)
            #expect(try await publisher.declare(queue).messagesReady == 1)
        }
    }

    @Test func anAlternateExchangeTakesWhatMatchesNoQueue() async throws {
        let queue = testQueue("alternate")
        let rest = Exchange(name: unique("rest"), kind: .fanout, durable: false, autoDelete: true)
        let main = Exchange(
            name: unique("main"), kind: .direct, durable: false, autoDelete: false, alternateExchange: rest.name)
        let topology = Topology(
            exchanges: [rest, main], queues: [queue], bindings: [Binding(queue: queue.name, exchange: rest.name)])
        try await withPublisher(broker.configuration(), topology) { publisher in
            let outcome = try await publisher.publish(Message(body: []), exchange: main.name, routingKey: "any")
            #expect(outcome == .confirmed)
            #expect(try await publisher.declare(queue).messagesReady == 1)
        }
    }

    @Test func whatCanNeverBeSentFailsAloneAndAtOnce() async throws {
        let queue = testQueue("faults")
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            let long = String(repeating: "x", count: 256)
            let large: [String: HeaderValue] = ["h": .string(String(repeating: "x", count: 70_000))]
            let results = await publisher.publish(batch: [
                Publication(Message(body: [], messageID: long), exchange: "", routingKey: queue.name),
                Publication(Message(body: []), exchange: "", routingKey: queue.name),
                Publication(Message(body: [], headers: large), exchange: "", routingKey: queue.name),
                Publication(Message(body: []), exchange: "", routingKey: long),
            ])
            let isUsage = results.map { result in
                if case .failure(let error) = result { error.kind == .usage } else { false }
            }
            #expect(isUsage == [true, false, true, true])
            let sound = try results[1].get()
            #expect(sound == .confirmed)
        }
    }

    @Test func tooManyWaitingOverflow() async throws {
        // Nobody runs it, so everything waits.
        let publisher = Publisher(try broker.configuration(), topology: Topology(), maxInFlight: 2)
        let publication = Publication(Message(body: []), exchange: "", routingKey: "q")
        async let waiting = publisher.publish(batch: [publication, publication], timeout: .seconds(3))
        try await eventually("one more overflows") {
            let result = await publisher.publish(batch: [publication], timeout: .milliseconds(1))
            guard case .failure(let error) = result[0] else { return false }
            return error.kind == .overflow
        }
        for result in await waiting {
            await expectFailure(.timeout) { try result.get() }
        }
    }

    @Test func afterTheEndEverythingIsClosed() async throws {
        let publisher = Publisher(try broker.configuration(), topology: Topology())
        let running = Task { try await publisher.run() }
        try await eventually("it connects") { publisher.isConnected }
        running.cancel()
        try await running.value
        #expect(!publisher.isConnected)
        await expectFailure(.closed) { try await publisher.publish(Message(body: []), exchange: "", routingKey: "q") }
        await expectFailure(.closed) { try await publisher.declare(testQueue("closed")) }
        await expectFailure(.usage) { try await publisher.run() }
    }
}

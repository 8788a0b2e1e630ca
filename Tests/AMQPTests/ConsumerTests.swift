import AMQP
import Foundation
import Testing

@Suite struct ConsumerTests {
    let broker: Broker

    init() throws { broker = try Broker() }

    private func consumer(
        _ queue: String, prefetch: Int, topology: Topology = Topology(), events: Log<AMQPEvent> = Log()
    ) throws -> Consumer {
        Consumer(
            try broker.configuration(), topology: topology, queue: queue, prefetch: prefetch, onEvent: events.add)
    }

    @Test func batchesGatherWhileTheHandlerRunsAndAcknowledgingFreesThePrefetch() async throws {
        let queue = testQueue("batches")
        let sizes = Log<Int>()
        let texts = Log<String>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            try await publisher.send((0..<2000).map { "\($0)" }, to: queue.name)
            try await withConsumer(consumer(queue.name, prefetch: 500)) { consumer, batch in
                sizes.add(batch.count)
                texts.add(batch.map(\.text))
                consumer.acknowledge(batch.filter { $0.text != "1500" && $0.text != "more" })
            } _: {
                try await eventually("all arrive") { texts.entries.count >= 2000 }
                #expect(texts.entries == (0..<2000).map { "\($0)" })
                // One is unsettled, so exactly 499 more fit into the prefetch if everything else is settled.
                try await publisher.send(Array(repeating: "more", count: 500), to: queue.name)
                try await eventually("the prefetch is free but for one") { texts.entries.count == 2499 }
                let waiting = try await publisher.declare(queue).messagesReady
                #expect(waiting == 1)
            }
            #expect(sizes.entries.allSatisfy { (1...500).contains($0) })
            #expect(sizes.entries.contains { $0 > 1 })
        }
    }

    @Test func settlingOutOfOrderSettlesExactlyTheNamed() async throws {
        let queue = testQueue("order")
        let deliveries = Log<Delivery>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            try await publisher.send((0..<10).map { "\($0)" }, to: queue.name)
            try await withConsumer(consumer(queue.name, prefetch: 10)) { _, batch in
                deliveries.add(batch)
            } _: {
                try await eventually("all arrive") { deliveries.entries.count == 10 }
            }
            let all = try await publisher.takenBack(by: queue)
            #expect(all == 10)

            let again = Log<Delivery>()
            try await withConsumer(consumer(queue.name, prefetch: 10)) { consumer, batch in
                again.add(batch)
                // Acknowledges 9 before 0, and each one twice.
                let done = batch.reversed().filter { Int($0.text).map { $0 != 3 && $0 != 7 } == true }
                consumer.acknowledge(done)
                consumer.acknowledge(done)
            } _: {
                try await eventually("all arrive again") { again.entries.count == 10 }
            }
            #expect(again.entries.count { $0.redelivered } == 10)
            let back = try await publisher.takenBack(by: queue)
            #expect(back == 2)
        }
    }

    @Test func requeuedComesBackAndRejectedGoesToTheDeadLetters() async throws {
        let dead = testQueue("dead")
        let exchange = Exchange(name: unique("dead"), kind: .fanout, durable: true, autoDelete: true)
        let queue = testQueue("work", ["x-dead-letter-exchange": .string(exchange.name)])
        let topology = Topology(
            exchanges: [exchange], queues: [queue, dead],
            bindings: [Binding(queue: dead.name, exchange: exchange.name)])
        let seen = Log<Delivery>()
        let buried = Log<Delivery>()
        try await withPublisher(broker.configuration(), topology) { publisher in
            try await publisher.send(["again", "bad", "good"], to: queue.name)
            try await withConsumer(consumer(queue.name, prefetch: 10)) { consumer, batch in
                seen.add(batch)
                consumer.settle(
                    batch.map { delivery in
                        switch delivery.text {
                        case "again" where !delivery.redelivered: (delivery, .requeue)
                        case "bad": (delivery, .reject)
                        default: (delivery, .acknowledge)
                        }
                    })
            } _: {
                try await eventually("the requeued comes back") { seen.entries.count == 4 }
            }
            try await withConsumer(consumer(dead.name, prefetch: 10)) { consumer, batch in
                buried.add(batch)
                consumer.acknowledge(batch)
            } _: {
                try await eventually("the rejected is buried") { buried.entries.count == 1 }
            }
        }
        #expect(seen.entries.map(\.text).filter { $0 == "again" }.count == 2)
        let death = try #require(buried.entries.first?.message.headers["x-death"]?.array?.first?.table)
        #expect(buried.entries.first?.text == "bad")
        #expect(death["reason"]?.string == "rejected")
        #expect(death["queue"]?.string == queue.name)
        #expect(death["count"]?.int == 1)
        #expect(death["routing-keys"]?.array == [.string(queue.name)])
        if case .timestamp = death["time"] {} else { Issue.record("x-death has no time") }
    }

    @Test func neverMoreThanThePrefetchIsUnsettled() async throws {
        let queue = testQueue("prefetch")
        let unsettled = Log<Int>()
        let all = Log<Delivery>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            try await publisher.send((0..<300).map { "\($0)" }, to: queue.name)
            try await withConsumer(consumer(queue.name, prefetch: 7)) { consumer, batch in
                unsettled.add(batch.count)
                all.add(batch)
                consumer.acknowledge(batch)
            } _: {
                try await eventually("all arrive") { all.entries.count == 300 }
            }
            // The handler settles all of a batch before the next, so a batch is what is unsettled.
            #expect(unsettled.entries.allSatisfy { $0 <= 7 })
        }
    }

    @Test func afterAPauseAcknowledgingPullsInNothingUntilResumed() async throws {
        let queue = testQueue("pause")
        let all = Log<Delivery>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            try await publisher.send((0..<20).map { "\($0)" }, to: queue.name)
            let consumer = try consumer(queue.name, prefetch: 5)
            try await withConsumer(consumer) { _, batch in
                all.add(batch)
            } _: {
                try await eventually("the prefetch is full") { all.entries.count == 5 }
                consumer.pause()
                consumer.acknowledge(all.entries)
                try await eventually("the broker has seen the cancel") {
                    try await publisher.declare(queue).consumers == 0
                }
                // A later question on the same connection is answered after the acknowledgements.
                try await eventually("it is paused") { consumer.state == .paused }
                #expect(try await publisher.declare(queue).messagesReady == 15)
                #expect(all.entries.count == 5)

                consumer.resume(prefetch: 8)
                try await eventually("it goes on with the new prefetch") { all.entries.count == 13 }
                #expect(consumer.isConsuming)
                #expect(try await publisher.declare(queue).messagesReady == 7)
                consumer.acknowledge(all.entries)
                try await eventually("the rest comes") { all.entries.count == 20 }
            }
        }
        #expect(Set(all.entries.map(\.text)).count == 20)
    }

    @Test func aQueueDeletedUnderTheConsumerIsMadeAgainAndConsumed() async throws {
        let queue = testQueue("deleted")
        let events = Log<AMQPEvent>()
        let texts = Log<String>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            let consumer = try consumer(queue.name, prefetch: 5, topology: Topology(queues: [queue]), events: events)
            try await withConsumer(consumer) { consumer, batch in
                texts.add(batch.map(\.text))
                consumer.acknowledge(batch)
            } _: {
                try await eventually("it consumes") { consumer.lastProof != nil }
                try await publisher.delete(queue: queue.name)
                try await eventually("the cancel is seen") {
                    events.entries.contains(.cancelledByServer(queue: queue.name))
                }
                try await eventually("it consumes again") { try await publisher.declare(queue).consumers == 1 }
                try await publisher.send(["after"], to: queue.name)
                try await eventually("the message arrives") { texts.entries == ["after"] }
            }
        }
    }

    @Test func aBrokerNamedQueueGetsWhatItsBindingMatches() async throws {
        let exchange = Exchange(name: unique("control"), kind: .fanout, durable: false, autoDelete: false)
        let topology = Topology(
            exchanges: [exchange], queues: [.transient], bindings: [Binding(queue: "", exchange: exchange.name)])
        let texts = Log<String>()
        try await withPublisher(broker.configuration()) { publisher in
            let consumer = try consumer("", prefetch: 5, topology: topology)
            try await withConsumer(consumer) { consumer, batch in
                texts.add(batch.map(\.text))
                consumer.acknowledge(batch)
            } _: {
                try await eventually("it consumes") { consumer.lastProof != nil }
                let outcome = try await publisher.publish(
                    Message(body: Array("stop".utf8)), exchange: exchange.name, routingKey: "")
                #expect(outcome == .confirmed)
                try await eventually("it arrives") { texts.entries == ["stop"] }
            }
        }
    }

    @Test func aConsumerWithoutAQueueIsRefused() async throws {
        let consumer = try consumer("", prefetch: 5)
        await expectFailure(.usage) { try await consumer.run { _ in } }
        let unlimited = try self.consumer("q", prefetch: 0)
        await expectFailure(.usage) { try await unlimited.run { _ in } }
    }

    @Test func anEndedConsumerHasSentItsLastAcknowledgements() async throws {
        let queue = testQueue("drain")
        let started = Log<Int>()
        try await withPublisher(broker.configuration(), Topology(queues: [queue])) { publisher in
            try await publisher.send(["a", "b"], to: queue.name)
            let consumer = try consumer(queue.name, prefetch: 2)
            try await withConsumer(consumer) { consumer, batch in
                started.add(batch.count)
                // Ends only when the consumer is cancelled, and settles after that.
                while !Task.isCancelled { await Task.yield() }
                consumer.acknowledge(batch.filter { $0.text == "a" })
            } _: {
                try await eventually("the handler runs") { !started.entries.isEmpty }
            }
            #expect(consumer.state == .closed)
            let back = try await publisher.takenBack(by: queue)
            #expect(back == 1)
        }
    }
}

import AMQP
import Foundation
import Jobs
import Synchronization

/// Publishes events to the topic exchange `switchyard.events`, with the routing key `job.<type>.<word>`: the word is the job's status
/// after the event, `progress` or `checkpoint`.
///
/// Messages are persistent and mandatory; their id is the event's. The cursor moves past what the broker has confirmed, so a crash
/// repeats at most one batch. A queue that refuses messages by its own limit (`reject-publish`) loses what it refuses: it must
/// not hold up the others.
///
/// Mostly nobody listens, and three messages for each job would cost the broker a good part of its time. So a key that comes back as
/// unroutable is left alone for a second, and then tried with its next event. Nothing is passed over but events of keys that
/// came back within that second: a new binding may miss what happens in its first second, and gets everything after it, in
/// order. While no key is routable, the events are not even read: the database is asked once a second for the first event of
/// each key. Those are tried one by one in order; where one is taken, everything after it is read and sent.
final class BrokerOutlet: Outlet {
    private struct State {
        /// Keys whose last message found a queue.
        var routable: Set<String> = []
        /// Keys whose last message came back, and until when they are left alone.
        var unroutable: [String: ContinuousClock.Instant] = [:]
    }

    private enum Standing { case routable, unknown, resting }

    private static let rest: Duration = .seconds(1)
    private static let batch: Int64 = 1000
    private static let idleBatch: Int64 = 20_000
    private static let timeout: Duration = .seconds(5)

    let sink = RelaySink.amqp
    private let store: JobStore
    private let publisher: Publisher
    private let state = Mutex(State())

    init(_ store: JobStore, publisher: Publisher) {
        self.store = store
        self.publisher = publisher
    }

    var isWanted: Bool { state.withLock { !$0.routable.isEmpty } }

    func tidy() async throws {}

    func send(after position: Int64, through last: Int64, until deadline: ContinuousClock.Instant) async throws
        -> Int64?
    {
        guard publisher.isConnected else { throw AMQPError(.connection, "the broker is not connected") }
        let timeout = min(Self.timeout, deadline - .now)
        guard timeout > .zero else { return position }
        let reached =
            isWanted
            ? try await sendAll(after: position, through: min(last, position + Self.batch), timeout: timeout)
            : try await probe(after: position, through: min(last, position + Self.idleBatch), timeout: timeout)
        return try await store.move(sink, from: position, to: reached) ? reached : nil
    }

    /// Tries the first event of each key, until one is taken.
    private func probe(after position: Int64, through last: Int64, timeout: Duration) async throws -> Int64 {
        for event in try await store.firstOutgoing(after: position, through: last)
        where standing(of: event.routingKey) != .resting {
            guard try await publish([event], timeout: timeout) == 1 else {
                throw AMQPError(.timeout, "the broker does not confirm")
            }
            if isWanted { return event.sequence }
        }
        return last
    }

    /// Sends events in order. A key whose standing is unknown is sent once and its fate awaited before its next event.
    private func sendAll(after position: Int64, through last: Int64, timeout: Duration) async throws -> Int64 {
        var batch: [OutgoingEvent] = []
        var asked: Set<String> = []
        var reached = position
        func flush() async throws -> Bool {
            let sent = try await publish(batch, timeout: timeout)
            if sent > 0 { reached = batch[sent - 1].sequence }
            defer { (batch, asked) = ([], []) }
            return sent == batch.count
        }
        for event in try await store.outgoing(after: position, through: last) {
            let key = event.routingKey
            if standing(of: key) == .unknown, !asked.insert(key).inserted {
                guard try await flush() else { return reached }
                if standing(of: key) == .unknown { asked.insert(key) }
            }
            if standing(of: key) != .resting { batch.append(event) }
        }
        return try await flush() ? last : reached
    }

    /// Publishes in order, and notes which keys are routable.
    ///
    /// - Returns: how many, from the start, the broker has decided on. Throws when it is none.
    private func publish(_ events: [OutgoingEvent], timeout: Duration) async throws -> Int {
        guard !events.isEmpty else { return 0 }
        let results = await publisher.publish(batch: events.map(\.publication), timeout: timeout)
        var sent = 0
        for (event, result) in zip(events, results) {
            switch result {
            case .success(let outcome): note(event.routingKey, outcome)
            case .failure(let error):
                guard sent > 0 else { throw error }
                return sent
            }
            sent += 1
        }
        return sent
    }

    private func note(_ key: String, _ outcome: Publisher.Outcome) {
        state.withLock { state in
            switch outcome {
            // Of several queues one may have refused what the others took.
            case .confirmed, .rejected:
                state.routable.insert(key)
                state.unroutable[key] = nil
            case .returned:
                state.routable.remove(key)
                state.unroutable[key] = .now + Self.rest
            }
        }
        GatewayMetrics.eventsPublished.add(1, outcome.word)
    }

    private func standing(of key: String) -> Standing {
        state.withLock { state in
            if state.routable.contains(key) { return .routable }
            guard let until = state.unroutable[key] else { return .unknown }
            return until > .now ? .resting : .unknown
        }
    }
}

extension OutgoingEvent {
    fileprivate var routingKey: String { "job.\(type).\(word)" }

    fileprivate var publication: Publication {
        let message = Message(body: body, messageID: id, type: "job." + word, contentType: "application/json")
        return Publication(message, exchange: Topics.events, routingKey: routingKey, mandatory: true)
    }
}

extension Publisher.Outcome {
    fileprivate var word: String {
        switch self {
        case .confirmed: "confirmed"
        case .returned: "unroutable"
        case .rejected: "rejected"
        }
    }
}

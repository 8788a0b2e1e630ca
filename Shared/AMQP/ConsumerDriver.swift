import Foundation

/// Consumes one queue: attaches, collects deliveries, sends settlements, and proves that it still consumes.
///
/// Order of effects: commands are carried out strictly in the order in which they were given, so a `pause` reaches the broker
/// before every later settlement. Settlements between two other commands are merged (see SettlementLedger). Deliveries of one
/// turn are handed over together at its end.
///
/// The proof, against a consumer that is connected but gets nothing: after attaching, and then after every `proofInterval`
/// without deliveries, the queue is asked for on the side channel. It must have a consumer, and no messages that wait while we
/// have room and got nothing since asking. A bad answer is asked again after a second, because a message may just be on its
/// way; a second bad one, or none, ends the connection.
final class ConsumerDriver: ConnectionDriver {
    struct Options: Sendable {
        let topology: Topology
        let queue: String
        let prefetch: Int
        let exclusive: Bool
        let proofInterval: Duration
    }

    private enum Attachment { case detached, attaching, attached }
    private enum Proof {
        /// Ask at this time.
        case due(ContinuousClock.Instant)
        /// Asked; the answer must come before.
        case asked(until: ContinuousClock.Instant)
    }

    /// A broker that answers nothing for so long does not serve us.
    private static let answerLimit = Duration.seconds(15)

    private let shared: ConsumerShared
    private let options: Options
    private let onEvent: @Sendable (AMQPEvent) -> Void
    private var prefetch: Int
    private var isPaused = false
    private var isEnding = false
    private var queue = ""
    private var ledger = SettlementLedger()
    private var arrived: [Delivery] = []
    private var generation: UInt64 = 0
    private var attachment = Attachment.detached
    private var attachments = 0
    private var proof: Proof?
    private var isSuspect = false
    private var hasDeliveredSinceAsking = false

    init(_ shared: ConsumerShared, _ options: Options, onEvent: @escaping @Sendable (AMQPEvent) -> Void) {
        self.shared = shared
        self.options = options
        self.onEvent = onEvent
        prefetch = options.prefetch
    }

    var topology: Topology { options.topology }
    let waitsToWrite = false

    var deadline: ContinuousClock.Instant? {
        switch proof {
        case .due(let time), .asked(until: let time): time
        case nil: nil
        }
    }

    func opened(_ connection: Connection) throws(AMQPError) {
        generation = connection.generation
        queue = options.queue.isEmpty ? connection.brokerNamedQueue : options.queue
        if isPaused { shared.set(.paused) } else { try attach(connection) }
    }

    // MARK: Commands

    func work(_ connection: Connection) throws(AMQPError) {
        let (commands, isFinished) = shared.takeCommands()
        if isFinished, !isEnding {
            isEnding = true
            try detach(connection)
        }
        for command in commands {
            switch command {
            case .settle(let settlements):
                for one in settlements where one.generation == generation { ledger.settle(one.tag, one.settlement) }
            case .pause:
                try sendSettlements(connection)
                isPaused = true
                try detach(connection)
                shared.set(.paused)
            case .resume(let newPrefetch):
                try sendSettlements(connection)
                prefetch = newPrefetch ?? prefetch
                isPaused = false
                try detach(connection)
                if !isEnding { try attach(connection) }
            }
        }
        try sendSettlements(connection)
        try keepProof(connection)
    }

    private func sendSettlements(_ connection: Connection) throws(AMQPError) {
        let actions = ledger.drain()
        if actions.count > 1 { connection.setCork(true) }
        for action in actions {
            switch action {
            case .acknowledge(let tag, let multiple): try connection.acknowledge(tag, multiple: multiple)
            case .reject(let tag, let requeue): try connection.reject(tag, requeue: requeue)
            }
        }
        if actions.count > 1 { connection.setCork(false) }
    }

    /// A new tag each time: the broker refuses one that it has not yet finished cancelling.
    private var consumerTag: String { "consumer-\(attachments)" }

    private func attach(_ connection: Connection) throws(AMQPError) {
        attachments += 1
        attachment = .attaching
        proof = .asked(until: .now + Self.answerLimit)
        isSuspect = false
        shared.set(.connecting)
        try connection.consume(queue, consumerTag: consumerTag, prefetch: prefetch, exclusive: options.exclusive)
    }

    private func detach(_ connection: Connection) throws(AMQPError) {
        guard attachment != .detached else { return }
        attachment = .detached
        proof = nil
        try connection.cancel(consumerTag: consumerTag)
    }

    // MARK: Frames

    func received(_ frame: Frame, _ connection: Connection) throws(AMQPError) {
        switch frame {
        case .delivery(let delivery):
            guard ledger.deliver(delivery.deliveryTag) else {
                throw AMQPError(.connection, "delivery tag \(delivery.deliveryTag) is out of order")
            }
            arrived.append(delivery)
        case .consuming(let tag) where tag == consumerTag && attachment == .attaching:
            attachment = .attached
            shared.set(.consuming(since: Date()))
            proof = .due(.now)
        case .cancelledByServer(let tag) where tag == consumerTag && attachment != .detached:
            onEvent(.cancelledByServer(queue: queue))
            throw AMQPError(.connection, "the broker cancelled the consumer of \(queue)")
        case .answered(_, let result): try check(result)
        case .channelClosed(let error): throw error
        case .blocked(let reason): onEvent(.blocked(reason: reason))
        case .unblocked: onEvent(.unblocked)
        case .consuming, .consumerCancelled, .cancelledByServer, .decided, .returned, .ignored: break
        }
    }

    func receivedAll() {
        guard !arrived.isEmpty else { return }
        hasDeliveredSinceAsking = true
        isSuspect = false
        if case .due = proof { proof = .due(.now + options.proofInterval) }
        shared.handOver(arrived)
        arrived = []
    }

    // MARK: Proof

    private func keepProof(_ connection: Connection) throws(AMQPError) {
        switch proof {
        case .due(let time) where time <= .now:
            hasDeliveredSinceAsking = false
            proof = .asked(until: .now + Self.answerLimit)
            try connection.request(.passive(queue: queue))
        case .asked(until: let time) where time <= .now:
            throw deaf("the broker does not answer")
        default: break
        }
    }

    private func check(_ result: Result<QueueStatus?, AMQPError>) throws(AMQPError) {
        guard case .asked = proof, attachment == .attached else { return }
        guard let status = try result.get() else { return }
        let isFed = status.messagesReady == 0 || ledger.unsettled >= prefetch || hasDeliveredSinceAsking
        if status.consumers > 0, isFed {
            isSuspect = false
            shared.prove()
            proof = .due(.now + options.proofInterval)
        } else if isSuspect {
            throw deaf("\(status.messagesReady) messages wait, \(status.consumers) consumers, and nothing is delivered")
        } else {
            isSuspect = true
            proof = .due(.now + .seconds(1))
        }
    }

    private func deaf(_ reason: String) -> AMQPError {
        onEvent(.deaf(queue: queue))
        return AMQPError(.connection, "the consumer of \(queue) is not served: \(reason)")
    }

    // MARK: Ending

    func isDrained() -> Bool { !shared.hasCommands }

    func lost(_ error: AMQPError) {
        ledger.reset()
        arrived = []
        shared.dropArrived()
        attachment = .detached
        proof = nil
        generation = 0
        shared.set(isPaused ? .paused : .connecting)
    }
}

import Synchronization

/// The part of a publisher that all threads share.
final class PublisherState: Sendable {
    enum Phase { case new, running, ended }

    struct Shared {
        var ledger: PublishLedger
        var phase = Phase.new
        var topology: Topology
        var requests: [(Declaration, Promise<QueueStatus?>)] = []
        /// Why there is no connection now.
        var lastError = AMQPError(.connection, "not connected yet")
    }

    let shared: Mutex<Shared>
    let isConnected = Atomic(false)

    init(topology: Topology, maxInFlight: Int) {
        shared = Mutex(Shared(ledger: PublishLedger(maxInFlight: maxInFlight), topology: topology))
    }

    /// Ends the batches whose time is up; called from outside the connection's thread, which may hang.
    func expire() {
        let finished = shared.withLock { shared in
            let reason = isConnected.load(ordering: .relaxed) ? "the broker takes no more" : shared.lastError.message
            return shared.ledger.expire(now: .now, unsent: AMQPError(.timeout, "not sent: \(reason)"))
        }
        for batch in finished { batch.resume() }
    }

    /// Ends everything, after `run`.
    func end() {
        let error = AMQPError(.closed, "the publisher has stopped")
        let (finished, requests) = shared.withLock { shared in
            shared.phase = .ended
            defer { shared.requests = [] }
            return (shared.ledger.failAll(error), shared.requests)
        }
        for batch in finished { batch.resume() }
        for (_, promise) in requests { promise.resolve(.failure(error)) }
    }
}

/// Publishes what the ledger holds, in order, and books what the broker decides.
///
/// Order of effects: a publication gets its delivery tag when it is taken to be written, in small chunks and only while the
/// socket has room, so that a broker that does not read leaves the rest waiting, where it can expire unsent. The tags of a
/// connection begin at 1, as the broker counts them.
final class PublisherDriver: ConnectionDriver {
    /// Less than what Linux keeps free when it calls a socket writable.
    private static let chunkBytes = 16_384

    private let state: PublisherState
    private let onEvent: @Sendable (AMQPEvent) -> Void
    private var chunk: [(publication: Publication, tag: UInt64)] = []
    private var isBlocked = false
    private(set) var waitsToWrite = false

    init(_ state: PublisherState, onEvent: @escaping @Sendable (AMQPEvent) -> Void) {
        self.state = state
        self.onEvent = onEvent
    }

    var topology: Topology { state.shared.withLock { $0.topology } }
    var deadline: ContinuousClock.Instant? { nil }

    func opened(_ connection: Connection) throws(AMQPError) {
        try connection.selectConfirms()
        isBlocked = false
        state.isConnected.store(true, ordering: .releasing)
    }

    func work(_ connection: Connection) throws(AMQPError) {
        let (requests, isClogged) = state.shared.withLock { shared in
            defer { shared.requests = [] }
            return (shared.requests, shared.ledger.isClogged)
        }
        guard !isClogged else { throw AMQPError(.connection, "the broker leaves publications undecided") }
        for (declaration, promise) in requests { try connection.request(declaration, promise) }
        try publish(connection)
    }

    private func publish(_ connection: Connection) throws(AMQPError) {
        waitsToWrite = false
        guard !isBlocked else { return }
        var isCorked = false
        var hasMore = state.shared.withLock { $0.ledger.hasWaiting }
        while hasMore {
            guard connection.isWritable else {
                waitsToWrite = true
                break
            }
            chunk.removeAll(keepingCapacity: true)
            hasMore = state.shared.withLock { $0.ledger.take(bytes: Self.chunkBytes, into: &chunk) }
            if !isCorked, chunk.count > 1 {
                connection.setCork(true)
                isCorked = true
            }
            for (publication, tag) in chunk { try connection.publish(publication, tag: tag) }
        }
        if isCorked { connection.setCork(false) }
    }

    func received(_ frame: Frame, _ connection: Connection) throws(AMQPError) {
        switch frame {
        case .decided(let tag, let multiple, let isAck):
            let finished = state.shared.withLock { $0.ledger.decide(tag: tag, multiple: multiple, isAck: isAck) }
            for batch in finished { batch.resume() }
        case .returned(let returned):
            guard let tag = returned.sequence else {
                throw AMQPError(.connection, "the broker returned a message without its headers")
            }
            state.shared.withLock { $0.ledger.markReturned(tag: tag, code: returned.code, text: returned.text) }
            onEvent(
                .returned(
                    exchange: returned.exchange, routingKey: returned.routingKey, code: returned.code,
                    text: returned.text))
        case .blocked(let reason):
            isBlocked = true
            onEvent(.blocked(reason: reason))
        case .unblocked:
            isBlocked = false
            onEvent(.unblocked)
        case .answered(_, .failure(let error)): onEvent(.declarationRefused(error))
        case .channelClosed(let error): throw error
        case .answered, .delivery, .consuming, .consumerCancelled, .cancelledByServer, .ignored: break
        }
    }

    func receivedAll() {}

    func isDrained() -> Bool { state.shared.withLock { $0.ledger.isEmpty } }

    func lost(_ error: AMQPError) {
        state.isConnected.store(false, ordering: .releasing)
        waitsToWrite = false
        // What was in flight failed because of the connection, whatever ended that.
        let failure = error.kind == .closed ? error : AMQPError(.connection, error.description)
        let finished = state.shared.withLock { shared in
            shared.lastError = error
            return shared.ledger.failSent(failure)
        }
        for batch in finished { batch.resume() }
    }
}

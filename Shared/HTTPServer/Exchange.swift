import CMicroHTTPD
import Synchronization

/// One request and its response.
///
/// Who owns what: the URI callback makes the exchange and gives libmicrohttpd one reference (`con_cls`); the completed callback
/// takes it back, exactly once, also for heads that never became complete. The handler's task holds another, so an exchange
/// outlives a client that has gone. Strings and buffers that libmicrohttpd passes are copied inside the callback.
///
/// The order of effects, on the connection's server thread:
/// 1. URI callback: keep the raw target, because libmicrohttpd writes into it afterwards; the head's deadline runs.
/// 2. First call: read and judge the head, ask for the body policy. A refusal is queued here, or sent past libmicrohttpd when body
///    bytes may be on their way. A streamed body's task starts here.
/// 3. Calls with data: gather, or fill the channel and park while it is full.
/// 4. Call without data: the request is complete. Start the task, park. The task leaves the answer in `shared` and wakes; the
///    callback runs again, takes the answer and queues it. Parking comes after the start: an answer that was quicker is found at
///    once, because `Connection.wake` is kept.
/// 5. For streamed responses libmicrohttpd reads from the `OutputBuffer` and parks while it is empty.
/// 6. Completed callback: nobody is told anything any more. Cancel the task if it still runs, fail both streams.
final class Exchange: Sendable {
    enum Stage {
        case head
        case collecting(limit: Int)
        case streaming(limit: Int)
        case complete
        /// The handler answered before the body's end; this much more of it is thrown away in the hope of its end.
        case discarding(left: Int)
        case waiting
        /// The client has its answer; the input is thrown away, at most this much.
        case leaving(left: Int)
    }

    enum Answer { case pending, ready(OutgoingResponse), taken }

    struct Shared {
        var answer = Answer.pending
        var task: Task<Void, Never>?
        var output: OutputBuffer?
        var isRunning = false
        var isOver = false
    }

    /// How much input is thrown away after an answer before the connection is cut.
    private static let discardLimit = 256 << 10
    private static let leaveTime: Int64 = 2000
    static let earlyResponseGrace: Int64 = 1000

    let core: ServerCore
    let connection: Connection
    let shared = Mutex(Shared())

    // The next five are touched only in callbacks of the connection, which libmicrohttpd calls on one thread.
    nonisolated(unsafe) var stage = Stage.head
    nonisolated(unsafe) private var target: [UInt8]
    nonisolated(unsafe) var head: RequestHead?
    nonisolated(unsafe) private var collected: [UInt8] = []
    nonisolated(unsafe) private var streamed = 0
    // Set in the first call, before the task that also reads it starts.
    nonisolated(unsafe) var channel: BodyChannel?
    nonisolated(unsafe) var isHEAD = false

    init(core: ServerCore, connection: Connection, target: [UInt8]) {
        self.core = core
        self.connection = connection
        self.target = target
    }

    // MARK: The server's thread

    /// The access handler: answers false to close the connection.
    func advance(
        _ pointer: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>,
        data: UnsafePointer<CChar>?, count: inout Int
    ) -> Bool {
        if case .head = stage { return receiveHead(pointer, method: method, version: version) }
        guard count > 0 else { return finishBody(pointer) }
        return receiveBody(UnsafeRawBufferPointer(start: data, count: count), leaving: &count)
    }

    private func receiveHead(
        _ pointer: OpaquePointer, method: UnsafePointer<CChar>, version: UnsafePointer<CChar>
    ) -> Bool {
        core.countRequest()
        stage = .complete
        // Answered by the sweeper in the meantime: only close.
        guard connection.expect(.none) else { return false }
        let size = switchyard_MHD_header_size(pointer)
        guard size <= core.configuration.maxHeaderBytes else {
            return refuse(.headersTooLarge(limit: core.configuration.maxHeaderBytes), pointer, bodyMayFollow: true)
        }
        do throws(RequestError) {
            let (head, framing, expectsContinue) = try HeadReader.read(
                pointer, method: method, version: version, target: target, remoteAddress: connection.remoteAddress)
            target = []
            isHEAD = head.method == "HEAD"
            self.head = head
            let bodyMayFollow = framing != .none && !expectsContinue
            if core.isDraining { return refuse(.draining, pointer, bodyMayFollow: bodyMayFollow) }
            return framing == .none || takeBody(of: head, framing, pointer, bodyMayFollow: bodyMayFollow)
        } catch {
            return refuse(error, pointer, bodyMayFollow: true)
        }
    }

    private func takeBody(
        of head: RequestHead, _ framing: BodyFraming, _ pointer: OpaquePointer, bodyMayFollow: Bool
    ) -> Bool {
        var length = 0
        if case .length(let announced) = framing { length = announced }
        let deadline = coarseNow() + core.bodyTimeout
        switch core.handler.bodyPolicy(for: head) {
        case .reject(let response):
            return refuse(response, pointer, bodyMayFollow: bodyMayFollow)
        case .collect(let wanted):
            let limit = min(wanted, core.configuration.maxCollectedBody)
            guard length <= limit else {
                return refuse(.bodyTooLarge(limit: limit), pointer, bodyMayFollow: bodyMayFollow)
            }
            // What a client merely announces is not reserved in full.
            collected.reserveCapacity(min(length, 64 << 10))
            stage = .collecting(limit: limit)
            return connection.expect(.sendBody, until: deadline)
        case .stream(let limit):
            guard length <= limit else {
                return refuse(.bodyTooLarge(limit: limit), pointer, bodyMayFollow: bodyMayFollow)
            }
            stage = .streaming(limit: limit)
            guard connection.expect(.sendBody, until: deadline) else { return false }
            let channel = BodyChannel(onRoom: { [connection] in connection.wake() })
            self.channel = channel
            start(.stream(BodyStream(channel: channel)))
            return true
        }
    }

    /// Takes body bytes; sets `count` to how many are left over.
    private func receiveBody(_ bytes: UnsafeRawBufferPointer, leaving count: inout Int) -> Bool {
        switch stage {
        case .collecting(let limit):
            count = 0
            guard collected.count + bytes.count <= limit else { return refuseBody(limit: limit) }
            collected.append(contentsOf: bytes)
            return true
        case .streaming(let limit):
            if hasAnswer {
                stage = .discarding(left: Self.discardLimit)
                return receiveBody(bytes, leaving: &count)
            }
            guard streamed + bytes.count <= limit else {
                count = 0
                channel?.finish(.tooLarge(limit: limit))
                return refuseBody(limit: limit)
            }
            return feedChannel(bytes, leaving: &count)
        case .discarding(let left):
            count = 0
            guard bytes.count > left else {
                stage = .discarding(left: left - bytes.count)
                return true
            }
            return answerEarly()
        case .leaving(let left):
            count = 0
            stage = .leaving(left: left - bytes.count)
            return bytes.count <= left
        case .head, .complete, .waiting:
            return false
        }
    }

    private func feedChannel(_ bytes: UnsafeRawBufferPointer, leaving count: inout Int) -> Bool {
        guard let channel else { return false }
        while true {
            if channel.append(bytes) {
                streamed += bytes.count
                count = 0
                if !connection.expect(.sendBody, until: coarseNow() + core.bodyTimeout) {
                    stage = .leaving(left: Self.discardLimit)
                }
                return true
            }
            // While the handler is slow, the client owes nothing.
            guard connection.expect(.none) else {
                stage = .leaving(left: Self.discardLimit)
                count = 0
                return true
            }
            switch connection.park() {
            case .parked: return true
            case .again where hasAnswer:
                stage = .discarding(left: Self.discardLimit)
                return receiveBody(bytes, leaving: &count)
            case .again: continue
            case .stopping: return false
            }
        }
    }

    private func finishBody(_ pointer: OpaquePointer) -> Bool {
        switch stage {
        case .leaving, .head: return false
        case .waiting: break
        case .complete, .collecting:
            guard connection.expect(.none) else { return false }
            start(collected.isEmpty ? .none : .bytes(collected))
            collected = []
        case .streaming, .discarding:
            guard connection.expect(.none) else { return false }
            channel?.finish()
        }
        stage = .waiting
        return queueAnswer(pointer)
    }

    private func queueAnswer(_ pointer: OpaquePointer) -> Bool {
        while true {
            switch takeAnswer() {
            case .ready(let response): return queue(response, pointer, closing: core.isDraining)
            case .taken: return false
            case .pending: break
            }
            switch connection.park() {
            case .parked: return true
            case .again: continue
            case .stopping: return false
            }
        }
    }

    private func queue(_ response: OutgoingResponse, _ pointer: OpaquePointer, closing: Bool) -> Bool {
        guard let object = response.makePointer(connection: connection, closing: closing) else { return false }
        defer { MHD_destroy_response(object) }
        return MHD_queue_response(pointer, UInt32(response.status), object) == .YES
    }

    // MARK: Refusing

    private func refuse(_ error: RequestError, _ pointer: OpaquePointer, bodyMayFollow: Bool) -> Bool {
        refuse(core.handler.response(to: error), pointer, bodyMayFollow: bodyMayFollow)
    }

    /// Answers in the first call. libmicrohttpd closes the connection after a response that is queued there.
    private func refuse(_ response: HTTPResponse, _ pointer: OpaquePointer, bodyMayFollow: Bool) -> Bool {
        core.countRefusal()
        abandon()
        if bodyMayFollow { return leave(with: response) }
        stage = .leaving(left: 0)
        return queue(core.outgoing(response), pointer, closing: true)
    }

    private func refuseBody(limit: Int) -> Bool {
        core.countRefusal()
        abandon()
        return leave(with: core.handler.response(to: .bodyTooLarge(limit: limit)))
    }

    private func leave(with response: HTTPResponse) -> Bool {
        leave(with: core.outgoing(response))
    }

    private func leave(with response: OutgoingResponse) -> Bool {
        guard let raw = response.raw(bodyIsSent: !isHEAD) else { return false }
        stage = .leaving(left: Self.discardLimit * 4)
        connection.answerAndLeave(raw, until: coarseNow() + Self.leaveTime)
        return true
    }

    private func answerEarly() -> Bool {
        guard case .ready(let response) = takeAnswer() else { return false }
        return leave(with: response)
    }

    /// Drops whatever the handler's task will answer, and cancels it.
    private func abandon() {
        let task = shared.withLock { shared in
            shared.answer = .taken
            return shared.task
        }
        task?.cancel()
    }
}

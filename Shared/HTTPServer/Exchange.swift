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
    private enum Stage {
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

    private enum Answer { case pending, ready(OutgoingResponse), taken }

    private struct Shared {
        var answer = Answer.pending
        var task: Task<Void, Never>?
        var output: OutputBuffer?
        var isRunning = false
        var isOver = false
    }

    /// How much input is thrown away after an answer before the connection is cut.
    private static let discardLimit = 256 << 10
    private static let leaveTime: Int64 = 2000
    private static let earlyResponseGrace: Int64 = 1000

    private let core: ServerCore
    private let connection: Connection
    private let shared = Mutex(Shared())

    // The next five are touched only in callbacks of the connection, which libmicrohttpd calls on one thread.
    nonisolated(unsafe) private var stage = Stage.head
    nonisolated(unsafe) private var target: [UInt8]
    nonisolated(unsafe) private var head: RequestHead?
    nonisolated(unsafe) private var collected: [UInt8] = []
    nonisolated(unsafe) private var streamed = 0
    // Set in the first call, before the task that also reads it starts.
    nonisolated(unsafe) private var channel: BodyChannel?
    nonisolated(unsafe) private var isHEAD = false

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

    // MARK: The handler's task

    private func start(_ body: RequestBody) {
        guard let head = head.take() else { return }
        let request = HTTPRequest(head: head, body: body)
        shared.withLock { $0.isRunning = true }
        let task = Task { await run(request) }
        shared.withLock { shared in
            if shared.isRunning { shared.task = task }
        }
    }

    private func run(_ request: HTTPRequest) async {
        let response = await core.handler.respond(to: request)
        let bodyIsSent = !isHEAD && response.status != 204 && response.status != 304
        let outgoing = core.outgoing(response, bodyIsSent: bodyIsSent) { [connection] in
            OutputBuffer(onChange: { connection.wake() })
        }
        if case .stream(let output) = outgoing.body, case .stream(let produce) = response.body {
            if deliver(outgoing, output) { await stream(produce, to: output) }
        } else {
            _ = deliver(outgoing, nil)
        }
        shared.withLock { shared in
            shared.isRunning = false
            shared.task = nil
        }
    }

    private func stream(_ produce: @Sendable (ResponseWriter) async throws -> Void, to output: OutputBuffer) async {
        if core.isDraining { withUnsafeCurrentTask { $0?.cancel() } }
        do {
            try await produce(ResponseWriter(buffer: output))
            output.finish()
        } catch {
            // A stream that ends because the server stops is complete as far as anybody knows.
            if core.isDraining { output.finish() } else { output.abort() }
        }
    }

    /// Leaves the answer for the server's thread; false when nobody wants it any more.
    private func deliver(_ response: OutgoingResponse, _ output: OutputBuffer?) -> Bool {
        let isWanted = shared.withLock { shared in
            guard !shared.isOver, case .pending = shared.answer else { return false }
            shared.answer = .ready(response)
            shared.output = output
            return true
        }
        guard isWanted else { return false }
        if let channel, !channel.isFinished {
            // No callback comes while the client sends nothing: then the sweeper answers.
            _ = connection.expect(.takeEarlyResponse, until: coarseNow() + Self.earlyResponseGrace)
        }
        connection.wake()
        return true
    }

    private var hasAnswer: Bool {
        shared.withLock { shared in
            if case .ready = shared.answer { return true }
            return false
        }
    }

    private func takeAnswer() -> Answer {
        shared.withLock { shared in
            guard case .ready = shared.answer else { return shared.answer }
            defer { shared.answer = .taken }
            return shared.answer
        }
    }

    // MARK: Other threads

    /// The completed callback: libmicrohttpd has forgotten the request.
    func complete() {
        let (task, output) = shared.withLock { shared in
            shared.isOver = true
            defer { shared.output = nil }
            return (shared.task, shared.output)
        }
        task?.cancel()
        channel?.finish(.disconnected)
        output?.close()
        if case .head = stage { return }
        core.countCompletion()
    }

    /// The client has closed its side while the handler was at work, or the server stops.
    func cancel() {
        let (task, output) = shared.withLock { ($0.task, $0.output) }
        task?.cancel()
        output?.abort()
    }

    /// The server drains: ends a streamed response, leaves everything else.
    func endStream() {
        let task = shared.withLock { $0.output == nil ? nil : $0.task }
        task?.cancel()
    }

    /// The body has not come in time: what to answer past libmicrohttpd, nil when the request is being answered already.
    func timeOutBody() -> [UInt8]? {
        let (task, isPending) = shared.withLock { shared -> (Task<Void, Never>?, Bool) in
            guard case .pending = shared.answer else { return (nil, false) }
            shared.answer = .taken
            return (shared.task, true)
        }
        channel?.finish(.timeout)
        task?.cancel()
        guard isPending else { return nil }
        core.countRefusal()
        return core.outgoing(core.handler.response(to: .timeout)).raw(bodyIsSent: !isHEAD)
    }

    /// The handler's answer for a client that does not go on with its body; nil when it is gone or cannot be sent so.
    func takeEarlyAnswer() -> (isTaken: Bool, raw: [UInt8]?) {
        guard case .ready(let response) = takeAnswer() else { return (false, nil) }
        return (true, response.raw(bodyIsSent: !isHEAD))
    }
}

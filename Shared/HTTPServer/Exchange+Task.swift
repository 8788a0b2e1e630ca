import Synchronization

/// The side of an exchange that is not the server's thread: the handler's task, and whoever ends it.
extension Exchange {
    func start(_ body: RequestBody) {
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
        if case .stream(let output, _) = outgoing.body, case .stream(_, let produce) = response.body {
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

    var hasAnswer: Bool {
        shared.withLock { shared in
            if case .ready = shared.answer { return true }
            return false
        }
    }

    func takeAnswer() -> Answer {
        shared.withLock { shared in
            guard case .ready = shared.answer else { return shared.answer }
            defer { shared.answer = .taken }
            return shared.answer
        }
    }

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

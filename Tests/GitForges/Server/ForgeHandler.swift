import HTTPServer

/// Takes requests from the socket, lets them go wrong as the switchboard says, and keeps the log.
struct ForgeHandler: HTTPHandler {
    let actor: ForgeActor
    let faults: FaultBoard
    let log: RequestLog

    /// The longest that a client is left without an answer.
    private static let hangLimit = Duration.seconds(300)

    func bodyPolicy(for head: RequestHead) -> BodyPolicy { .collect(limit: 64 << 20) }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let call = Call(request)
        let place = log.add(
            LoggedRequest(
                method: call.method, path: call.path,
                query: Dictionary(call.query.map { ($0.name, $0.value) }) { $1 },
                headerNames: request.headers.all.map { $0.name.lowercased() }, body: call.bytes,
                time: ContinuousClock.now))
        let fault = faults.take(method: call.method, segments: call.segments)
        let answer = await answer(call, fault, place)
        guard let fault else { return answer.response() }
        return await spoil(answer, fault)
    }

    /// Does what is asked, unless a fault comes before, and answers what would be sent if the connection stays.
    private func answer(_ call: Call, _ fault: Fault?, _ place: Int) async -> Answer {
        var (answer, caller) = (Answer(504), String?.none)
        if fault?.hasEffect != false || fault?.isLimit == true {
            (answer, caller) = await actor.answer(call, limit: fault)
        }
        var status: Int? = answer.status
        switch fault {
        case .timeoutBefore, .timeoutAfterEffect, .dropBefore, .dropAfterEffect: status = nil
        case .status(let other, _, _, _): status = other
        case .secondaryLimit, .primaryLimit, nil: break
        }
        log.finish(place, status: status, caller: caller)
        return answer
    }

    private func spoil(_ answer: Answer, _ fault: Fault) async -> HTTPResponse {
        switch fault {
        case .timeoutBefore, .timeoutAfterEffect:
            // It ends at once when the client goes away, which cancels the task.
            do { try await Task.sleep(for: Self.hangLimit) } catch { return HTTPResponse(status: 504) }
            return HTTPResponse(status: 504)
        case .dropBefore, .dropAfterEffect:
            // The head promises more than comes: the server cuts the connection.
            return HTTPResponse(status: 200, body: .stream(length: 1 << 20) { _ in throw Dropped() })
        case .status(let status, let headers, let body, _):
            var fields = headers.map { ($0.key, $0.value) }
            if body.hasPrefix("{"), headers["Content-Type"] == nil {
                fields.append(("Content-Type", "application/json; charset=utf-8"))
            }
            return HTTPResponse(status: status, headers: fields, body: .string(body))
        case .secondaryLimit, .primaryLimit: return answer.response()
        }
    }

    private struct Dropped: Error {}
}

extension Call {
    fileprivate init(_ request: HTTPRequest) {
        method = request.method
        path = request.path
        segments = request.segments
        query = request.query
        headers = request.headers
        origin = "http://\(request.headers["Host"] ?? "localhost")"
        if case .bytes(let bytes) = request.body { self.bytes = bytes } else { bytes = [] }
    }
}

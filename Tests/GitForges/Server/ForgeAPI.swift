import JSON

/// One provider's API over a forge's state.
protocol ForgeAPI {
    static var routes: [Route<Self>] { get }

    var state: ForgeState { get }

    /// The part of a path that routes are named by; nil when it lies outside of the API.
    func path(of segments: [String]) -> ArraySlice<String>?
    /// Looks at the headers and finds out who calls.
    func admit(_ call: inout Call) throws
    /// The answer to a path that is not there.
    func unknownPath(_ call: Call) -> Answer
    /// The answer to a body of another media type, or one that is no JSON object.
    func unreadable(_ call: Call, isMediaType: Bool) -> Answer
    /// The answer to a body or a query with wrong fields.
    func malformed(_ call: Call, _ fault: BodyRule.Fault) -> Answer
    /// What every answer bears.
    func decorate(_ answer: inout Answer, _ call: Call)
    /// The answer to one request too many.
    func limited(_ call: Call, retryAfter: Int, isSecondary: Bool) -> Answer
}

extension ForgeAPI {
    /// Does what a request asks, or says in the provider's words why not.
    func answer(_ call: Call) -> (answer: Answer, caller: String?) {
        var call = call
        var answer: Answer
        do {
            answer = try work(&call)
        } catch let refusal as Refusal {
            if let violation = refusal.violation { state.note("\(call.method) \(call.path): \(violation)") }
            answer = refusal.answer
        } catch {
            // A fault of this server's own must be seen as well.
            state.note("\(call.method) \(call.path): the server failed: \(error)")
            answer = Answer(500, ["message": "the contract server failed: \("\(error)")"])
        }
        decorate(&answer, call)
        return (answer, call.caller?.login)
    }

    private func work(_ call: inout Call) throws -> Answer {
        guard let path = path(of: call.segments) else {
            throw Refusal(unknownPath(call), violation: "no such path")
        }
        try admit(&call)
        state.used[call.key, default: 0] += 1
        guard state.used[call.key, default: 0] <= state.hourlyLimit else {
            throw Refusal(limited(call, retryAfter: 3600, isSecondary: false))
        }
        if call.method != "GET", let seconds = state.countWrite(call.key) {
            throw Refusal(limited(call, retryAfter: seconds, isSecondary: true))
        }
        for route in Self.routes where route.method == call.method {
            guard let parameters = route.parameters(of: path) else { continue }
            call.parameters = parameters
            if let name = call.query.first(where: { !route.query.contains($0.name) })?.name {
                throw Refusal(malformed(call, .unknown(name)), violation: "unknown query parameter \(name)")
            }
            try readBody(of: &call, by: route.body)
            return try route.run(self)(call)
        }
        throw Refusal(unknownPath(call), violation: "no such path")
    }

    private func readBody(of call: inout Call, by rule: BodyRule?) throws {
        guard let rule else {
            guard call.bytes.isEmpty || call.bytes == Array("{}".utf8) else {
                throw Refusal(unreadable(call, isMediaType: false), violation: "a body where none is taken")
            }
            return
        }
        if !call.bytes.isEmpty {
            let type = call.headers["Content-Type"]?.split(separator: ";").first.map(String.init) ?? ""
            guard type.lowercased() == "application/json" else {
                throw Refusal(unreadable(call, isMediaType: true), violation: "a body of the type '\(type)'")
            }
            call.body = try object(call)
        }
        if let fault = rule.fault(call.body) {
            throw Refusal(malformed(call, fault), violation: "\(fault)")
        }
    }

    private func object(_ call: Call) throws -> JSONObject {
        let reason: String
        do {
            if let body = try JSON.parse(call.bytes).objectValue { return body }
            reason = "it is something else"
        } catch {
            reason = "\(error)"
        }
        throw Refusal(unreadable(call, isMediaType: false), violation: "a body that is no JSON object: \(reason)")
    }

    /// Looks for a repository that the caller's token opens.
    func visible(_ fullName: String, _ call: Call) -> Repository? {
        guard let repository = state.repository(fullName) else { return nil }
        if let only = state.tokens[call.key]?.repositories, !only.contains(repository.fullName) { return nil }
        return repository
    }
}

import AMQP
import Synchronization
import Telemetry

extension Logger {
    /// A listener for a broker connection that writes what operators must know: lost and regained connections, refusals, alarms.
    ///
    /// A broker that is away is told of once for each reason, not with each attempt to reach it.
    public func brokerEvents(_ connection: String) -> @Sendable (AMQPEvent) -> Void {
        let trouble = Mutex<String?>(nil)
        let name: LogFields = ["connection": .string(connection)]
        return { event in
            switch event {
            case .connected:
                if trouble.withLock({ $0.take() }) != nil { info("the broker is back", name) }
            case .disconnected(let error):
                let isNew = trouble.withLock { last in
                    defer { last = error.message }
                    return last != error.message
                }
                if isNew { warning("the broker is not reached", name.appending(["error": .error(error)])) }
            case .cancelledByServer(let queue):
                warning(
                    "the broker ended a consumer: was its queue deleted?", name.appending(["queue": .string(queue)]))
            case .deaf(let queue):
                warning(
                    "messages are ready and do not come; connecting anew", name.appending(["queue": .string(queue)]))
            case .blocked(let reason):
                warning(
                    "the broker takes no messages: free its memory or disk", name.appending(["reason": .string(reason)])
                )
            case .unblocked:
                info("the broker takes messages again", name)
            case .declarationRefused(let refusal):
                self.error(
                    "the broker refused a declaration: does it exist with other properties?",
                    name.appending(["error": .error(refusal)]))
            case .returned:
                break  // the publisher's caller sees it and deals with it
            }
        }
    }
}

import AMQP
import JSON

/// Tells one worker that an operator wants something of it as a whole. What it is stands in the worker's row; the message only
/// spares the wait for the next heartbeat, and a lost one costs that wait.
public struct WorkerRequest: Sendable {
    /// The worker's id.
    public let worker: String

    /// Makes a request.
    public init(worker: String) { self.worker = worker }

    /// The request as a message for the exchange `switchyard.control`.
    public var message: Message {
        var message = Message(body: JSON.object(["worker": .string(worker)]).serialized())
        message.contentType = "application/json"
        return message
    }

    /// Reads a request; nil when the message is not one.
    public init?(_ message: Message) {
        do {
            guard let worker = try JSON.parse(message.body)["worker"]?.stringValue else { return nil }
            self.init(worker: worker)
        } catch {
            return nil
        }
    }
}

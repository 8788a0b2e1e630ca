import AMQP
import Foundation
import JSON

/// A request to whichever worker runs a job, sent to all of them. A lost one costs a heartbeat: the answer to the next heartbeat
/// carries the same wish.
public struct ControlRequest: Sendable {
    /// The job it is about.
    public let job: UUID
    /// What is wanted.
    public let wanted: Wanted

    /// Makes a request.
    public init(job: UUID, wanted: Wanted) {
        self.job = job
        self.wanted = wanted
    }

    /// The request as a message for the exchange `switchyard.control`.
    public var message: Message {
        var message = Message(
            body: JSON.object(["job_id": .string(job.text), "wanted": .string(wanted.rawValue)]).serialized())
        message.contentType = "application/json"
        return message
    }

    /// Reads a request; nil when the message is not one.
    public init?(_ message: Message) {
        do {
            let json = try JSON.parse(message.body)
            guard let job = json["job_id"]?.stringValue.flatMap(UUID.init(text:)),
                let wanted = json["wanted"]?.stringValue.flatMap(Wanted.init(rawValue:))
            else { return nil }
            self.init(job: job, wanted: wanted)
        } catch {
            return nil
        }
    }
}

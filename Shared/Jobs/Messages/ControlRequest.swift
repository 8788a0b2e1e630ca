import AMQP
import Foundation
import JSON

/// A request to running workers, sent to all of them; who is not meant passes over it.
public enum ControlRequest: Sendable, Hashable {
    /// To whichever worker runs this job. A lost one costs a heartbeat: the answer to the next heartbeat carries the same wish.
    case job(UUID, Wanted)

    /// The request as a message for the exchange `switchyard.control`. Times are relative, so that no clock need be right.
    public var message: Message {
        let fields: JSON
        switch self {
        case .job(let id, let wanted):
            fields = [
                "job_id": .string(id.text), "wanted": .string(wanted.wish.rawValue),
                "within_seconds": .double(wanted.within.seconds),
            ]
        }
        var message = Message(body: fields.serialized())
        message.contentType = "application/json"
        return message
    }

    /// Reads a request; nil when the message is not one.
    public init?(_ message: Message) {
        do {
            let json = try JSON.parse(message.body)
            guard let job = json["job_id"]?.stringValue.flatMap(UUID.init(text:)),
                let wish = json["wanted"]?.stringValue.flatMap(Wish.init(rawValue:)),
                let seconds = json["within_seconds"]?.doubleValue
            else { return nil }
            self = .job(job, Wanted(wish, within: .seconds(seconds)))
        } catch {
            return nil
        }
    }
}

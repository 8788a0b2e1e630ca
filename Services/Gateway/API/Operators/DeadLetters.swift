import AMQP
import Foundation
import HTTPServer
import JSON
import Jobs

/// Dead letters belong to the broker, not to a namespace, so they are the operators'.
///
/// Order of effects when one is sent again:
/// 1. Its row is read, with the number of its arrivals.
/// 2. The message is published to the exchange `switchyard.jobs`, and the broker confirms.
/// 3. The row is marked, unless the message has come back meanwhile (its number of arrivals is another): then it goes on waiting.
///
/// A crash between 2 and 3 leaves the letter waiting although it was sent; sending it once more is harmless, because the same job id
/// is one job.
extension Gateway {
    private static let bulk = 1000
    private static let bulkPage = 100

    /// `GET /dead-letters`: the newest first; `reason`, `type` and `state` (waiting, redriven) narrow the list.
    func listDeadLetters(_ call: Call) async throws -> HTTPResponse {
        var filter = DeadLetterFilter(
            reason: call.text("reason"), type: call.text("type"), isWaiting: call.text("state").map { $0 == "waiting" },
            limit: call.limit())
        filter.before = try call.text("cursor").map(Cursor.moment)
        let letters = try await store.deadLetters(filter)
        return .page("dead_letters", letters, limit: filter.limit) { Cursor.text(at: $0.receivedAt, id: $0.id) }
    }

    /// `GET /dead-letters/{id}`: one dead letter with its whole body.
    func getDeadLetter(_ call: Call) async throws -> HTTPResponse {
        whole(try await letter(call))
    }

    /// `POST /dead-letters/{id}/redrive`: publishes the message again, as it came or with a corrected `body` or `routing_key`.
    func redriveDeadLetter(_ call: Call) async throws -> HTTPResponse {
        let letter = try await letter(call)
        let body = call.json["body"].map { $0.stringValue.map { Array($0.utf8) } ?? $0.serialized() }
        let routingKey = call.json["routing_key"]?.stringValue ?? letter.routingKey
        let entry = call.entry(
            "dead_letter.redrive", on: "dead-letters/\(letter.id.text)",
            details: [
                "reason": .string(letter.reason), "routing_key": .string(routingKey), "corrected": .bool(body != nil),
            ])
        try await audited(entry, isWritten: true) {
            let message = try await prepared(letter, body: body, type: routingKey)
            let publication = Publication(message, exchange: Topics.jobs, routingKey: routingKey)
            guard case .success(.confirmed) = try await publish([publication]).first else {
                throw Problem.unavailable("The broker did not take the message. Try again.")
            }
            try await store.markRedriven([letter], entry: entry)
        }
        guard let now = try await store.deadLetter(letter.id) else { throw Problem.notFound("dead letter") }
        return whole(now)
    }

    /// `POST /dead-letters/redrive`: publishes up to 1,000 waiting messages with one `reason` again, the oldest first, also of one
    /// `type` only. `remaining` tells whether to call once more.
    func redriveDeadLetters(_ call: Call) async throws -> HTTPResponse {
        let (reason, type) = (call.json["reason"]?.stringValue ?? "", call.json["type"]?.stringValue)
        var (redriven, skipped) = (0, 0)
        var position: (receivedAt: Date, id: UUID)?
        while redriven + skipped < Self.bulk {
            let letters = try await store.waitingDeadLetters(
                reason: reason, type: type, after: position, limit: Self.bulkPage)
            position = letters.count == Self.bulkPage ? letters.last.map { ($0.receivedAt, $0.id) } : nil
            let sent = try await resend(letters)
            redriven += sent.count
            skipped += letters.count - sent.count
            if !sent.isEmpty {
                try await store.markRedriven(
                    sent,
                    entry: call.entry(
                        "dead_letter.redrive", on: "dead-letters",
                        details: [
                            "reason": .string(reason), "type": type.map { .string($0) } ?? .null,
                            "count": .int(Int64(sent.count)),
                        ]))
            }
            if position == nil { break }
        }
        return .json(
            status: 200,
            [
                "redriven": .int(Int64(redriven)), "skipped": .int(Int64(skipped)), "remaining": .bool(position != nil),
            ])
    }

    /// `DELETE /dead-letters/{id}`: forgets a message for good.
    func deleteDeadLetter(_ call: Call) async throws -> HTTPResponse {
        guard let id = UUID(text: call.parameters[0]) else { throw Problem.notFound("dead letter") }
        let entry = call.entry("dead_letter.delete", on: "dead-letters/\(id.text)")
        try await audited(entry, isWritten: true) {
            guard try await store.deleteDeadLetter(id, entry: entry) else { throw Problem.notFound("dead letter") }
        }
        return HTTPResponse(status: 204)
    }

    private func letter(_ call: Call) async throws -> DeadLetter {
        guard let id = UUID(text: call.parameters[0]), let letter = try await store.deadLetter(id) else {
            throw Problem.notFound("dead letter")
        }
        return letter
    }

    private func whole(_ letter: DeadLetter) -> HTTPResponse {
        var json = JSONWriter()
        letter.writeWhole(to: &json)
        return HTTPResponse(json: json)
    }

    /// The message to send, when some queue will take it. A corrected body is held to its type's rules here, for a clear answer.
    private func prepared(_ letter: DeadLetter, body: [UInt8]?, type: String) async throws -> Message {
        let catalogue = try await types.refresh()
        guard let known = catalogue.types[type] else { throw Problem.nobodyTakes(type) }
        if let job = letter.job, try await store.hasEnded(job) { throw Problem.jobHasEnded(job) }
        var message = try letter.message(body: body)
        let only = TypeCatalogue([known], vault: catalogue.vault)
        if body != nil {
            do { _ = try Command.read(message, catalogue: only, from: .client) } catch {
                throw Problem.stillDead(error)
            }
        }
        message.body = only.sealed(command: message.body, type: type)
        return message
    }

    /// Publishes what some queue will take; answers what the broker has confirmed.
    private func resend(_ letters: [DeadLetter]) async throws -> [DeadLetter] {
        let catalogue = try await types.refresh()
        var publications: [(letter: DeadLetter, publication: Publication)] = []
        for letter in letters where catalogue.types[letter.routingKey] != nil {
            if let job = letter.job, try await store.hasEnded(job) { continue }
            var message = try letter.message()
            message.body = catalogue.sealed(command: message.body, type: letter.routingKey)
            publications.append((letter, Publication(message, exchange: Topics.jobs, routingKey: letter.routingKey)))
        }
        return zip(publications, try await publish(publications.map(\.publication))).compactMap { entry, result in
            if case .success(.confirmed) = result { entry.letter } else { nil }
        }
    }

    /// Publishes commands, after making sure that their queues exist.
    private func publish(_ commands: [Publication]) async throws -> [Result<Publisher.Outcome, AMQPError>] {
        do {
            try await publisher.update(topology: Topics.topology(types: Set(commands.map(\.routingKey)).sorted()))
        } catch {
            throw Problem.unavailable("The broker does not answer. Try again later.")
        }
        return await publisher.publish(batch: commands)
    }
}

extension Problem {
    static func nobodyTakes(_ type: String) -> Problem {
        Problem(
            .unknownType, "No worker has registered the type \"\(type)\": start one, or give another routing_key.")
    }
    static func jobHasEnded(_ job: UUID) -> Problem {
        Problem(
            .jobEnded,
            "Job \(job.text) has ended, and no message changes that. Retry or rerun the job, or delete the letter.")
    }
    /// A corrected message that would be dead again.
    static func stillDead(_ error: CommandError) -> Problem {
        Problem(
            Code(rawValue: error.reason) ?? .invalidField, "The corrected message would be dead too. \(error.detail)")
    }
}

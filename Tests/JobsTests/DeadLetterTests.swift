import AMQP
import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct DeadLetterTests {
    private func letter(
        _ reason: String = "malformed", type: String = "probe", body: String = "{}", headers: JSON = [:]
    ) -> DeadLetter {
        DeadLetter(
            id: UUID(), reason: reason, detail: "d", exchange: "x", routingKey: type, job: nil,
            headers: headers.serialized(), body: Array(body.utf8))
    }

    @Test func theyAreListedPageByPageAndByWhatTheyAre() async throws {
        try await withStore { store in
            let letters = [letter("a"), letter("b"), letter("a", type: "other")]
            for letter in letters { try await store.add(letter) }
            var filter = DeadLetterFilter(limit: 2)
            let page = try await store.deadLetters(filter)
            #expect(page.map(\.id) == [letters[2].id, letters[1].id])
            filter.before = page.last.map { ($0.receivedAt, $0.id) }
            #expect(try await store.deadLetters(filter).map(\.id) == [letters[0].id])
            #expect(try await store.deadLetters(DeadLetterFilter(reason: "a")).count == 2)
            #expect(
                try await store.deadLetters(DeadLetterFilter(reason: "a", type: "other")).map(\.id) == [letters[2].id])
        }
    }

    @Test func oneThatComesBackWhileItIsSentAgainGoesOnWaiting() async throws {
        try await withStore { store in
            let letter = letter()
            try await store.add(letter)
            let read = try #require(try await store.deadLetter(letter.id))
            // The broker has confirmed, and a worker has buried it once more, before the row is marked.
            try await store.add(letter)
            try await store.markRedriven([read], entry: entry("dead_letter.redrive"))
            let again = try #require(try await store.deadLetter(letter.id))
            #expect(again.redrivenAt == nil && again.arrivals == 2)
            try await store.markRedriven([again], entry: entry("dead_letter.redrive"))
            #expect(try #require(try await store.deadLetter(letter.id)).redrivenAt != nil)
            #expect(try await store.deadLetters(DeadLetterFilter(isWaiting: true)).isEmpty)
            #expect(try await store.waitingDeadLetterCount(limit: 9) == 0)
            // And one that comes back afterwards waits again.
            try await store.add(letter)
            #expect(try await store.deadLetters(DeadLetterFilter(isWaiting: true)).map(\.arrivals) == [3])
        }
    }

    @Test func theMessageGoesOutWithoutOurOwnHeaders() throws {
        let headers: JSON = [
            "x-death": "[…]", "x-switchyard-reason": "malformed", "x-first-death-queue": "q", "x-delivery-count": "3",
            "traceparent": "00-1",
        ]
        let letter = letter(body: "{\"id\":1}", headers: headers)
        let message = try letter.message()
        #expect(message.headers == ["traceparent": .string("00-1")])
        #expect(message.body == letter.body && message.isPersistent && message.appID == nil)
        #expect(try letter.message(body: [1]).body == [1])
    }

    @Test func aCommandOfAVersionThatIsNotKnownWaitsForABuildThatKnowsIt() throws {
        let catalogue = TypeCatalogue([try probeType()])
        let command = Message(
            body: Array(
                #"{"schema":2,"id":"\#(UUID().text)","namespace":"default","type":"probe","spec":{"pages":1}}"#.utf8))
        do {
            _ = try Command.read(command, catalogue: catalogue)
            Issue.record("version 2 was read")
        } catch {
            #expect(error.reason == "unknown_schema" && error.detail.contains("reads 1"))
        }
        // The message as it comes out of the dead letters, at a worker that reads both versions.
        let redriven = try letter("unknown_schema", body: String(decoding: command.body, as: UTF8.self)).message()
        #expect(try Command.read(redriven, catalogue: catalogue, versions: [1, 2]).type == "probe")
    }
}

import Foundation
import Postgres
import Testing

@Suite struct ListenerTests {
    @Test(.timeLimit(.minutes(1)))
    func notificationsArriveAndSurviveATerminatedBackend() async throws {
        try await TestSchema.with { schema, database in
            // Channels belong to the whole database, so each test has its own.
            let channel = "Odd \" " + schema.name
            let listener = PostgresListener(schema.configuration, channels: [channel, schema.name])
            let running = Task { try await listener.run() }
            var events = listener.events.makeAsyncIterator()
            #expect(await events.next() == .connected)
            try await database.query("SELECT pg_notify(\(channel), \("wörld"))")
            #expect(await events.next() == .notification(channel: channel, payload: "wörld"))

            let terminated = try await database.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = \(schema.name) AND query LIKE 'LISTEN%'
                """)
            #expect(terminated.count == 1)
            #expect(await events.next() == .connected)
            try await database.query("SELECT pg_notify(\(schema.name), \("again"))")
            #expect(await events.next() == .notification(channel: schema.name, payload: "again"))

            running.cancel()
            try await running.value
            #expect(await events.next() == nil)
            let error = try await failure { try await listener.run() }
            #expect(error.kind == .usage)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func anOverflowIsToldAsAReconnect() async throws {
        try await TestSchema.with { schema, database in
            let listener = PostgresListener(schema.configuration, channels: [schema.name])
            let running = Task { try await listener.run() }
            var events = listener.events.makeAsyncIterator()
            #expect(await events.next() == .connected)
            try await database.query(
                "SELECT pg_notify(\(schema.name), number::text) FROM generate_series(1, 5000) AS number")
            var seen: [PostgresListener.Event] = []
            while let event = await events.next() {
                seen.append(event)
                if case .notification(_, "5000") = event { break }
            }
            // Either everything came, or something was dropped and a `.connected` behind the gap says so.
            if seen.count < 5_000, !seen.contains(.connected) {
                #expect(await events.next() == .connected)
            }
            running.cancel()
            try await running.value
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aListenerWithoutAServerStopsWhenCancelled() async throws {
        let listener = PostgresListener(
            PostgresConfiguration(url: "postgresql://nobody@127.0.0.1:1/none", applicationName: "test"), channels: ["c"]
        )
        let running = Task { try await listener.run() }
        running.cancel()
        try await running.value
        var events = listener.events.makeAsyncIterator()
        #expect(await events.next() == nil)
    }
}

import Dispatch
import Foundation
import Postgres
import Testing

@Suite struct CancellationTests {
    @Test func cancellationStopsTheStatementAndNotTheNext() async throws {
        try await TestSchema.with { schema, admin in
            let database = Database(schema.configuration, size: 1, acquireTimeout: .seconds(20))
            let pid = try await database.value("SELECT pg_backend_pid() AS value", as: Int.self)
            for _ in 0..<5 {
                let sleeper = Task { try await database.query("SELECT pg_sleep(60)") }
                try await eventually("the statement runs") {
                    try await admin.running(schema, like: "%pg_sleep%") == 1
                }
                sleeper.cancel()
                // Waits in the line and gets the connection right behind the cancelled one.
                async let next = database.value(
                    "SELECT count(*) AS value FROM generate_series(1, 200000)", as: Int.self)
                let error = try await failure { _ = try await sleeper.value }
                #expect(error.kind == .cancelled)
                #expect(try await next == 200_000)
            }
            #expect(try await database.value("SELECT pg_backend_pid() AS value", as: Int.self) == pid)
            await database.close()
        }
    }

    @Test func aCancelledTransactionIsUndone() async throws {
        try await TestSchema.with { schema, admin in
            try await admin.script("CREATE TABLE t (id int8)")
            let database = Database(schema.configuration, size: 1)
            let task = Task {
                try await database.transaction { session in
                    try session.query("INSERT INTO t VALUES (\(1))")
                    try session.query("SELECT pg_sleep(60)")
                }
            }
            try await eventually("the statement runs") { try await admin.running(schema, like: "%pg_sleep%") == 1 }
            task.cancel()
            let error = try await failure { _ = try await task.value }
            #expect(error.kind == .cancelled)
            #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 0)
            await database.close()
        }
    }

    @Test func cancellationBetweenStatementsSendsNoMore() async throws {
        try await TestSchema.with { schema, admin in
            try await admin.script("CREATE TABLE t (id int8)")
            let database = Database(schema.configuration, size: 1)
            let (inside, cancelled) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let task = Task {
                try await database.transaction { session in
                    try session.query("INSERT INTO t VALUES (\(1))")
                    inside.signal()
                    #expect(cancelled.wait(timeout: .now() + 30) == .success)
                }
            }
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    #expect(inside.wait(timeout: .now() + 30) == .success)
                    continuation.resume()
                }
            }
            task.cancel()
            cancelled.signal()
            let error = try await failure { try await task.value }
            #expect(error.kind == .cancelled)
            #expect(try await admin.value("SELECT count(*) AS value FROM t", as: Int.self) == 0)
            await database.close()
        }
    }

    @Test func cancellationNeverHitsSomebodyElse() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 2, acquireTimeout: .seconds(30))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    let task = Task { try await database.query("SELECT pg_sleep(0.002), \(number) AS value") }
                    if number % 2 == 0 {
                        // Somewhere between the line, the statement and its end, as the scheduler has it.
                        group.addTask {
                            task.cancel()
                            do { _ = try await task.value } catch let error as PostgresError {
                                #expect(error.kind == .cancelled)
                            }
                        }
                    } else {
                        group.addTask {
                            let rows = try await task.value
                            #expect(try rows[0].decode("value", as: Int.self) == number)
                        }
                    }
                    await Task.yield()
                }
                try await group.waitForAll()
            }
            await database.close()
        }
    }
}

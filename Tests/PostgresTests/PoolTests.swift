import Foundation
import Postgres
import Synchronization
import Testing

/// Who came when.
private final class Order: Sendable {
    private let state = Mutex<[Int]>([])

    var numbers: [Int] { state.withLock(\.self) }

    func append(_ number: Int) { state.withLock { $0.append(number) } }
}

@Suite struct PoolTests {
    @Test func thePoolIsBoundedAndItsWaitToo() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1, acquireTimeout: .milliseconds(50))
            let holder = Holder()
            let held = holder.hold(database)
            try await holder.waitUntilHolding()
            let error = try await failure { try await database.query("SELECT 1") }
            #expect(error.kind == .poolTimeout)
            #expect(error.isTransient)
            holder.letGo()
            try await held.value
            #expect(try await database.value("SELECT \(1) AS value", as: Int.self) == 1)
            await database.close()
        }
    }

    @Test func whoeverWaitsLongestIsServedFirst() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1, acquireTimeout: .seconds(20))
            let holder = Holder()
            let held = holder.hold(database)
            try await holder.waitUntilHolding()
            let order = Order()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<10 {
                    let before = database.waitingCount
                    group.addTask { try await database.withSession { _ in order.append(number) } }
                    try await eventually("the task waits") { database.waitingCount == before + 1 }
                }
                holder.letGo()
                try await group.waitForAll()
            }
            try await held.value
            #expect(order.numbers == Array(0..<10))
            await database.close()
        }
    }

    @Test func aCancelledWaiterLeavesTheLine() async throws {
        try await TestSchema.with { schema, _ in
            let database = Database(schema.configuration, size: 1, acquireTimeout: .seconds(20))
            let holder = Holder()
            let held = holder.hold(database)
            try await holder.waitUntilHolding()
            let waiter = Task { try await database.query("SELECT 1") }
            try await eventually("the task waits") { database.waitingCount == 1 }
            waiter.cancel()
            let error = try await failure { _ = try await waiter.value }
            #expect(error.kind == .cancelled)
            #expect(database.waitingCount == 0)
            holder.letGo()
            try await held.value
            #expect(try await database.value("SELECT \(1) AS value", as: Int.self) == 1)
            await database.close()
        }
    }

    @Test func aClosedDatabaseRefuses() async throws {
        try await TestSchema.with { schema, admin in
            let database = Database(schema.configuration, size: 2)
            try await database.query("SELECT 1")
            await database.close()
            let error = try await failure { try await database.query("SELECT 1") }
            #expect(error.kind == .usage)
            try await eventually("its connections are gone") {
                try await admin.connectionCount(of: schema) == 0
            }
        }
    }

    @Test func whatADeadlockHasUndoneIsRunAnew() async throws {
        try await TestSchema.with { schema, admin in
            try await admin.script("CREATE TABLE pairs AS SELECT id, 0 AS n FROM generate_series(1, 2) id")
            let database = Database(schema.configuration, size: 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Each holds the row that the other waits for.
                for (first, second): (Int32, Int32) in [(1, 2), (2, 1)] {
                    group.addTask {
                        try await database.pipeline([
                            "UPDATE pairs SET n = n + 1 WHERE id = \(first)", "SELECT pg_sleep(0.5)",
                            "UPDATE pairs SET n = n + 1 WHERE id = \(second)",
                        ])
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.value("SELECT sum(n) AS value FROM pairs", as: Int.self) == 4)
            await database.close()
        }
    }

    @Test func manyTasksShareFewConnections() async throws {
        try await TestSchema.with { schema, admin in
            try await admin.script("CREATE TABLE t (id int8)")
            let database = Database(schema.configuration, size: 3, acquireTimeout: .seconds(30))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<300 { group.addTask { try await database.query("INSERT INTO t VALUES (\(number))") } }
                try await group.waitForAll()
            }
            #expect(try await database.value("SELECT count(DISTINCT id) AS value FROM t", as: Int.self) == 300)
            let used = try await admin.connectionCount(of: schema)
            #expect(used <= 3)
            await database.close()
        }
    }

    @Test func aForgottenDatabaseClosesItsConnections() async throws {
        try await TestSchema.with { schema, admin in
            var database: Database? = Database(schema.configuration, size: 2)
            try await database?.query("SELECT 1")
            #expect(try await admin.connectionCount(of: schema) == 1)
            database = nil
            try await eventually("its connection is gone") { try await admin.connectionCount(of: schema) == 0 }
        }
    }
}

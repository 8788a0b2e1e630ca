import Dispatch
import Foundation
import Postgres
import Synchronization
import Testing

/// A session that holds its connection until it is told to let go.
private final class Holder: Sendable {
    private let holding = DispatchSemaphore(value: 0)
    private let release = DispatchSemaphore(value: 0)
    private let isHolding = Atomic(false)

    func hold(_ database: Database) -> Task<Void, any Error> {
        Task {
            try await database.withSession { [self] _ in
                isHolding.store(true, ordering: .releasing)
                #expect(release.wait(timeout: .now() + 30) == .success)
            }
        }
    }

    func waitUntilHolding() async throws {
        try await eventually("the connection is held") { isHolding.load(ordering: .acquiring) }
    }

    func letGo() { release.signal() }
}

/// Who came when.
private final class Order: Sendable {
    private let state = Mutex<[Int]>([])

    var numbers: [Int] { state.withLock(\.self) }

    func append(_ number: Int) { state.withLock { $0.append(number) } }
}

@Suite struct DatabaseTests {
    /// How many statements of this schema's connections the server runs or keeps waiting, other than the one that asks.
    private func running(_ schema: TestSchema, _ admin: Database, like text: String) async throws -> Int {
        try await admin.value(
            """
            SELECT count(*) AS value FROM pg_stat_activity
            WHERE application_name = \(schema.name) AND state = 'active' AND query LIKE \(text) AND pid <> pg_backend_pid()
            """, as: Int.self)
    }

    private func terminate(_ pid: Int, _ admin: Database) async throws {
        try await admin.query("SELECT pg_terminate_backend(\(Int32(pid)))")
        try await eventually("the backend is gone") {
            try await admin.value(
                "SELECT count(*) AS value FROM pg_stat_activity WHERE pid = \(pid)", as: Int.self) == 0
        }
    }

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

    @Test func cancellationStopsTheStatementAndNotTheNext() async throws {
        try await TestSchema.with { schema, admin in
            let database = Database(schema.configuration, size: 1, acquireTimeout: .seconds(20))
            let pid = try await database.value("SELECT pg_backend_pid() AS value", as: Int.self)
            for _ in 0..<5 {
                let sleeper = Task { try await database.query("SELECT pg_sleep(60)") }
                try await eventually("the statement runs") {
                    try await running(schema, admin, like: "%pg_sleep%") == 1
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
            try await eventually("the statement runs") { try await running(schema, admin, like: "%pg_sleep%") == 1 }
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

    @Test func aStatementInFlightOnATerminatedBackendFails() async throws {
        try await TestSchema.with { schema, admin in
            let database = Database(schema.configuration, size: 1)
            let pid = try await database.value("SELECT pg_backend_pid() AS value", as: Int.self)
            let sleeper = Task { try await database.query("SELECT pg_sleep(60)") }
            try await eventually("the statement runs") { try await running(schema, admin, like: "%pg_sleep%") == 1 }
            try await terminate(pid, admin)
            let error = try await failure { _ = try await sleeper.value }
            #expect(error.kind == .connection)
            #expect(error.sqlState == "57P01")
            #expect(try await database.value("SELECT pg_backend_pid() AS value", as: Int.self) != pid)
            await database.close()
        }
    }

    @Test func anIdleConnectionThatDiedIsReplacedUnseen() async throws {
        try await TestSchema.with { schema, admin in
            let database = Database(schema.configuration, size: 1)
            for _ in 0..<10 {
                let pid = try await database.value("SELECT pg_backend_pid() AS value", as: Int.self)
                try await terminate(pid, admin)
                #expect(try await database.value("SELECT pg_backend_pid() AS value", as: Int.self) != pid)
            }
            await database.close()
        }
    }

    @Test func aConnectionLostInATransactionFailsIt() async throws {
        try await TestSchema.with { schema, admin in
            try await admin.script("CREATE TABLE t (id int8)")
            let database = Database(schema.configuration, size: 1)
            let error = try await failure {
                try await database.transaction { session in
                    try session.query("INSERT INTO t VALUES (\(1))")
                    try session.query("SELECT pg_terminate_backend(pg_backend_pid())")
                    try session.query("INSERT INTO t VALUES (\(2))")
                }
            }
            #expect(error.kind == .connection)
            #expect(try await database.value("SELECT count(*) AS value FROM t", as: Int.self) == 0)
            await database.close()
        }
    }

    @Test func aServerThatIsNotThereFailsFast() async throws {
        let database = Database(
            PostgresConfiguration(url: "postgresql://nobody@127.0.0.1:1/none", applicationName: "test"), size: 1)
        for _ in 0..<3 {
            let error = try await failure { try await database.query("SELECT 1") }
            #expect(error.kind == .connection)
            #expect(error.message.contains("refused"))
        }
        await database.close()
        let invalid = Database(PostgresConfiguration(url: "postgresql://[", applicationName: "test"))
        let error = try await failure { try await invalid.query("SELECT 1") }
        #expect(error.kind == .usage)
        await invalid.close()
    }

    @Test func aClosedDatabaseRefuses() async throws {
        try await TestSchema.with { schema, admin in
            let database = Database(schema.configuration, size: 2)
            try await database.query("SELECT 1")
            await database.close()
            let error = try await failure { try await database.query("SELECT 1") }
            #expect(error.kind == .usage)
            try await eventually("its connections are gone") {
                try await admin.value(
                    """
                    SELECT count(*) AS value FROM pg_stat_activity
                    WHERE application_name = \(schema.name) AND pid <> pg_backend_pid()
                    """, as: Int.self) == 0
            }
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
            let used = try await admin.value(
                """
                SELECT count(*) AS value FROM pg_stat_activity
                WHERE application_name = \(schema.name) AND pid <> pg_backend_pid()
                """, as: Int.self)
            #expect(used <= 3)
            await database.close()
        }
    }
}

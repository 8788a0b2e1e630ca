import Foundation
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite struct MigrationTests {
    @Test func anEmptyDatabaseIsBroughtForwardOnceAndForAll() async throws {
        try await TestDatabase.with(isMigrated: false) { test in
            let names = Migrations.all.map(\.name)
            #expect(try await Migrations.migrate(test.database) == names)
            #expect(try await Migrations.migrate(test.database) == [])
            try await Migrations.check(test.database)
        }
    }

    @Test func checkOnAnEmptyDatabaseSaysWhatToDo() async throws {
        try await TestDatabase.with(isMigrated: false) { test in
            let message = await self.message { try await Migrations.check(test.database) }
            #expect(message == "the database has no Switchyard schema; run `Gateway migrate`")
        }
    }

    @Test func manyProcessesAtOnceApplyEachStepOnce() async throws {
        try await TestDatabase.with(isMigrated: false) { test in
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let pool = test.pool(size: 1)
                        let names = try await Migrations.migrate(pool)
                        await pool.close()
                        return names
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied == Migrations.all.map(\.name))
            try await Migrations.check(test.database)
        }
    }

    @Test func aStepThatChangedIsRefused() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("UPDATE schema_migrations SET checksum = 'other' WHERE number = 1")
            let wanted = "migration 1 (core) differs from the one that was applied to the database"
            #expect(await message { try await Migrations.check(test.database) } == wanted)
            #expect(await message { try await Migrations.migrate(test.database) } == wanted)
        }
    }

    @Test func aStepOfANewerBuildIsRefused() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("INSERT INTO schema_migrations VALUES (9999, 'future', 'x')")
            let wanted = "the database has migration 9999, which this build does not know; run a newer build"
            #expect(await message { try await Migrations.check(test.database) } == wanted)
            #expect(await message { try await Migrations.migrate(test.database) } == wanted)
        }
    }

    @Test func aStepThatIsMissingIsNamed() async throws {
        try await TestDatabase.with { test in
            try await test.database.query("DELETE FROM schema_migrations")
            let message = await message { try await Migrations.check(test.database) }
            #expect(message == "the database lacks migration 1 (core); run `Gateway migrate`")
        }
    }

    @Test func aFailedMigrationGivesTheLockBack() async throws {
        try await TestDatabase.with(isMigrated: false) { test in
            // A table in the way fails the first step; another process must be able to go on afterwards.
            try await test.database.query("CREATE TABLE jobs ()")
            await #expect(throws: PostgresError.self) { try await Migrations.migrate(test.database) }
            try await test.database.query("DROP TABLE jobs")
            let other = test.pool(size: 1)
            #expect(try await Migrations.migrate(other) == Migrations.all.map(\.name))
            await other.close()
        }
    }

    private func message(_ body: () async throws -> Any) async -> String {
        do {
            _ = try await body()
            return "no error"
        } catch let error as MigrationError {
            return error.description
        } catch {
            return "another error: \(error)"
        }
    }
}

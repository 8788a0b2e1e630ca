import Crypto
import Foundation
import Postgres

/// One step of the schema. Steps are only ever added; a step that has been released never changes.
struct Migration: Sendable {
    let number: Int
    let name: String
    let sql: String

    var checksum: String { Hex.encode(sha256(Array(sql.utf8))) }
}

/// The database schema does not fit this build.
public struct MigrationError: Error, CustomStringConvertible {
    /// A sentence that says what to do.
    public let description: String
}

/// Brings the schema forward, and checks at start that it is the one that this build was written for.
public enum Migrations {
    static let all = [
        coreSchema,
        repeatSchema,
        controlSchema,
        observeSchema,
        flowSchema,
        plansSchema,
        relaySchema,
        operateSchema,
        labelSchema,
        labelInsertSchema,
        resumeSchema,
        eventTypeSchema,
        documentsSchema,
        pageImagesSchema,
        crawlSchema,
        captureSchema,
        embeddingSchema,
        importSchema,
        filesSchema,
        datasetSchema,
        forgeSchema,
        pullRequestSchema,
    ]

    /// The number of the newest step that this build knows.
    public static let newest = all.map(\.number).max() ?? 0

    /// Applies the missing steps in order, each in a transaction of its own; safe to run from many processes at once.
    ///
    /// - Returns: the names of the steps that were applied.
    @discardableResult
    public static func migrate(_ database: Database) async throws -> [String] {
        try await database.withSession { session in
            // One migrating process at a time; the lock is the session's and is given back at the end.
            _ = try session.query("SELECT pg_advisory_lock(\(lockKey))")
            defer { unlock(session) }
            try session.script(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now())
                """)
            let applied = try appliedSteps(session)
            try checkKnown(applied)
            var names: [String] = []
            for step in all where applied[step.number] == nil {
                try session.transaction { session in
                    try session.script(step.sql)
                    _ = try session.query(
                        """
                        INSERT INTO schema_migrations (number, name, checksum)
                        VALUES (\(step.number), \(step.name), \(step.checksum))
                        """)
                }
                names.append(step.name)
            }
            return names
        }
    }

    /// Throws `MigrationError` unless exactly this build's steps are applied.
    public static func check(_ database: Database) async throws {
        try await database.withSession { session in
            let exists = try session.query("SELECT to_regclass('schema_migrations') IS NOT NULL AS found")
            guard try exists[exists.startIndex].decode("found", as: Bool.self) else {
                throw MigrationError(description: "the database has no Switchyard schema; run `Gateway migrate`")
            }
            let applied = try appliedSteps(session)
            try checkKnown(applied)
            if let missing = all.first(where: { applied[$0.number] == nil }) {
                throw MigrationError(
                    description:
                        "the database lacks migration \(missing.number) (\(missing.name)); run `Gateway migrate`")
            }
        }
    }

    private static let lockKey: Int64 = 0x5377_6974_6368

    private static func unlock(_ session: Session) {
        do {
            _ = try session.query("SELECT pg_advisory_unlock(\(lockKey))")
        } catch {
            // The connection broke: the server has released the lock with it.
        }
    }

    private static func appliedSteps(_ session: Session) throws -> [Int: String] {
        var steps: [Int: String] = [:]
        for row in try session.query("SELECT number, checksum FROM schema_migrations") {
            steps[Int(try row.decode("number", as: Int32.self))] = try row.decode("checksum", as: String.self)
        }
        return steps
    }

    private static func checkKnown(_ applied: [Int: String]) throws {
        for (number, checksum) in applied.sorted(by: { $0.key < $1.key }) {
            guard let step = all.first(where: { $0.number == number }) else {
                throw MigrationError(
                    description:
                        "the database has migration \(number), which this build does not know; run a newer build")
            }
            guard step.checksum == checksum else {
                throw MigrationError(
                    description:
                        "migration \(number) (\(step.name)) differs from the one that was applied to the database")
            }
        }
    }
}

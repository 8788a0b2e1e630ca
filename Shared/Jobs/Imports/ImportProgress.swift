import Foundation
import Postgres

/// How far an import is.
public struct ImportProgress: Sendable, Equatable {
    /// Where in its source it goes on, in the words of its worker: a JSON object.
    public var position: JSONText
    /// How many rows were added.
    public var loaded: Int64 = 0
    /// How many took the place of a row with the same key.
    public var updated: Int64 = 0
    /// How many could not be taken.
    public var rejected: Int64 = 0

    /// Begins at a position.
    public init(position: JSONText) { self.position = position }
}

extension ImportProgress {
    /// Begins an import, or goes on with it, in the transaction of an attempt that begins: rejected rows that no progress tells of are forgotten.
    ///
    /// - Parameter start: what stands in the row of one that begins.
    public static func begin(
        _ job: UUID, start: ImportProgress, next: (ImportProgress) throws -> Int64, _ session: Session
    ) throws
        -> ImportProgress
    {
        try session.query(
            "INSERT INTO imports (job_id, position) VALUES (\(job), \(start.position)) ON CONFLICT (job_id) DO NOTHING")
        let progress = try locked(job, session)
        try session.query("DELETE FROM import_rejects WHERE job_id = \(job) AND number >= \(try next(progress))")
        return progress
    }

    /// The progress of an import that has begun, which nobody else changes before the transaction's end.
    public static func locked(_ job: UUID, _ session: Session) throws -> ImportProgress {
        let rows = try session.query(
            "SELECT position, loaded, updated, rejected FROM imports WHERE job_id = \(job) FOR UPDATE")
        guard let row = rows.first else { throw PostgresError(.usage, "the import has not begun") }
        var progress = ImportProgress(position: try row.decode("position"))
        progress.loaded = try row.decode("loaded")
        progress.updated = try row.decode("updated")
        progress.rejected = try row.decode("rejected")
        return progress
    }

    /// Writes it within the transaction that has loaded the rows. Safe to repeat.
    public func write(for job: UUID, _ session: Session) throws {
        try session.query(
            """
            UPDATE imports SET position = \(position), loaded = \(loaded), updated = \(updated), rejected = \(rejected)
            WHERE job_id = \(job)
            """)
    }
}

/// A row that an import could not take.
public struct RejectedRow: Sendable, Equatable {
    /// Its number in the source, from 1, without the header.
    public let number: Int64
    /// The line of what is wrong.
    public let line: Int64
    /// The column of what is wrong; nil when the row as a whole is.
    public let name: String?
    /// The value that is wrong, cut.
    public let value: String?
    /// Why, in a sentence.
    public let reason: String
    /// The row's fields as they were read; nil when it could not be read.
    public let fields: [String?]?

    /// Makes a row.
    public init(number: Int64, line: Int64, name: String?, value: String?, reason: String, fields: [String?]?) {
        self.number = number
        self.line = line
        self.name = name
        self.value = value
        self.reason = reason
        self.fields = fields
    }
}

extension RejectedRow {
    private static let writtenAtOnce = 500

    /// Writes rejected rows within the transaction of their batch. Safe to repeat.
    public static func write(_ rows: [RejectedRow], for job: UUID, _ session: Session) throws {
        let statements = rows.map { row in
            let (name, value): (String?, String?) = (row.name?.replacingNUL, row.value?.replacingNUL)
            let fields: [String?]? = row.fields?.map { $0?.replacingNUL }
            let statement: Statement = """
                INSERT INTO import_rejects (job_id, number, line, name, value, reason, fields)
                VALUES (\(job), \(row.number), \(row.line), \(name as String?), \(value as String?), \(row.reason.replacingNUL), \(fields as [String?]?))
                ON CONFLICT (job_id, number) DO NOTHING
                """
            return statement
        }
        for start in stride(from: 0, to: statements.count, by: writtenAtOnce) {
            try session.pipeline(Array(statements[start..<min(start + writtenAtOnce, statements.count)]))
        }
    }

    /// How many rows are measured at a time.
    private static let measuredAtOnce = 500

    /// The numbers of rejected rows after `number` that are to be read together, in their order: as many as have so many bytes, or one.
    ///
    /// - Returns: nil when there are no more.
    public static func page(
        of job: UUID, after number: Int64, bytes: Int, in store: JobStore
    ) async throws -> ClosedRange<Int64>? {
        let rows = try await store.database.query(
            """
            SELECT number, coalesce(octet_length(fields::text), 0)::bigint + octet_length(reason) AS bytes FROM import_rejects
            WHERE job_id = \(job) AND number > \(number) ORDER BY number LIMIT \(measuredAtOnce)
            """)
        var range: ClosedRange<Int64>?
        var sum = 0
        for row in rows {
            let number: Int64 = try row.decode("number")
            sum += try row.decode("bytes", as: Int.self)
            if let range, sum > bytes { return range }
            range = (range?.lowerBound ?? number)...number
        }
        return range
    }

    /// The rejected rows of an import with these numbers, in their order.
    public static func of(_ job: UUID, _ numbers: ClosedRange<Int64>, in store: JobStore) async throws -> [RejectedRow]
    {
        try await store.database.query(
            """
            SELECT number, line, name, value, reason, fields FROM import_rejects
            WHERE job_id = \(job) AND number BETWEEN \(numbers.lowerBound) AND \(numbers.upperBound) ORDER BY number
            """
        ).map { row in
            RejectedRow(
                number: try row.decode("number"), line: try row.decode("line"), name: try row.decode("name"),
                value: try row.decode("value"), reason: try row.decode("reason"), fields: try row.decode("fields"))
        }
    }
}

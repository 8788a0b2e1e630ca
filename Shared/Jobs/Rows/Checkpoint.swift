import Foundation
import JSON
import Postgres

/// A point from which a job can go on.
public struct Checkpoint: Sendable, Representation {
    /// Counts a job's checkpoints, from 1.
    public let epoch: Int32
    /// The attempt that saved it; 0 when it came from the job that this one retries.
    public let attempt: Int32
    /// The size of its state in bytes.
    public let size: Int
    /// When it was saved.
    public let createdAt: Date
    /// The worker's own state, a JSON object; nil in lists.
    public let state: [UInt8]?

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A point from which a job can go on. Lists leave out `state`.",
        [
            "epoch": Schema.count.described("Counts a job's checkpoints, from 1."),
            "attempt": Schema.count.described(
                "The attempt that saved it; 0 when it came from the job that this one repeats."),
            "size_bytes": Schema.count, "created_at": Schema.time,
            "state": Schema.anything.described("The worker's own state."),
        ], optional: ["state"])

    /// Appends the checkpoint as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("epoch", Int(epoch))
        json.member("attempt", Int(attempt))
        json.member("size_bytes", size)
        json.member("created_at", createdAt)
        if let state { json.member("state", raw: state) }
        json.endObject()
    }
}

extension JobStore {
    /// A job's checkpoints, the newest first; the older ones are not kept.
    public func checkpoints(of id: UUID, before epoch: Int32, limit: Int) async throws -> [Checkpoint] {
        try await database.query(
            """
            SELECT epoch, attempt, octet_length(state::text) AS size, created_at, NULL::jsonb AS state FROM checkpoints
            WHERE job_id = \(id) AND epoch < \(epoch) ORDER BY epoch DESC LIMIT \(limit)
            """
        ).map(Checkpoint.init(row:))
    }

    /// One checkpoint with its state.
    public func checkpoint(_ epoch: Int32, of id: UUID) async throws -> Checkpoint? {
        try await database.query(
            """
            SELECT epoch, attempt, octet_length(state::text) AS size, created_at, state FROM checkpoints
            WHERE job_id = \(id) AND epoch = \(epoch)
            """
        ).first.map(Checkpoint.init(row:))
    }
}

/// How fast an attempt has saved checkpoints.
public struct CheckpointPace: Sendable {
    /// How many it has saved, as far as they are kept.
    public let count: Int
    /// When it saved the first and the last of them.
    public let first: Date, last: Date

    /// When the next one is due, at the pace so far, for an attempt that began then.
    public func next(since start: Date) -> Date {
        let interval =
            count > 1 ? last.timeIntervalSince(first) / Double(count - 1) : last.timeIntervalSince(start)
        return last.addingTimeInterval(interval)
    }
}

extension JobStore {
    /// The pace of an attempt's checkpoints; nil before its first.
    public func checkpointPace(of id: UUID, attempt: Int32) async throws -> CheckpointPace? {
        let rows = try await database.query(
            """
            SELECT count(*) AS n, min(created_at) AS first, max(created_at) AS last FROM checkpoints
            WHERE job_id = \(id) AND attempt = \(attempt)
            """)
        guard let row = rows.first, let first = try row.decode("first", as: Date?.self),
            let last = try row.decode("last", as: Date?.self)
        else { return nil }
        return CheckpointPace(count: Int(try row.decode("n", as: Int64.self)), first: first, last: last)
    }
}

extension Checkpoint {
    fileprivate init(row: Row) throws {
        self.init(
            epoch: try row.decode("epoch"), attempt: try row.decode("attempt"),
            size: Int(try row.decode("size", as: Int32.self)), createdAt: try row.decode("created_at"),
            state: try row.decode("state", as: JSONText?.self)?.bytes)
    }
}

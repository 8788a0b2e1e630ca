import Foundation
import JSON
import Postgres

/// A point from which a job can go on.
public struct Checkpoint: Sendable, Representation {
    /// Counts a job's checkpoints, from 1.
    public let epoch: Int32
    /// The attempt that saved it; 0 when it came from the job that this one retries.
    public let attempt: Int32
    /// The size of all that a later attempt goes on from, in bytes: its state and the entries up to it.
    public let size: Int
    /// How many entries of finished work belong to it.
    public let entries: Int
    /// The sizes of the operators' states in bytes, a JSON object by name, when the worker tells them.
    public let operators: [UInt8]?
    /// When the worker began to save it, by its own clock; nil when it came from the job that this one retries.
    public let startedAt: Date?
    /// When it was committed.
    public let createdAt: Date
    /// The worker's own state, a JSON object; nil in lists.
    public let state: [UInt8]?

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A point from which a job can go on: its state, and the entries of finished work up to it. Lists leave out `state`.",
        [
            "epoch": Schema.count.described("Counts a job's checkpoints, from 1."),
            "attempt": Schema.count.described(
                "The attempt that saved it; 0 when it came from the job that this one repeats."),
            "status": Schema.word(["completed"]).described("One that can be read is committed."),
            "size_bytes": Schema.count.described("Of the state and of all its entries."),
            "entries": Schema.count.described("How many entries of finished work belong to it."),
            "operators": Schema.map(Schema.count).orNull.described(
                "The sizes of the operators' states in bytes, where the worker tells them."),
            "started_at": Schema.time.orNull.described("When the worker began to save it, by its own clock."),
            "finished_at": Schema.time, "created_at": Schema.time,
            "state": Schema.anything.described("The worker's own state."),
        ], optional: ["state"])

    /// Appends the checkpoint as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("epoch", Int(epoch))
        json.member("attempt", Int(attempt))
        json.member("status", "completed")
        json.member("size_bytes", size)
        json.member("entries", entries)
        json.member("operators", raw: operators ?? Array("null".utf8))
        json.member("started_at", startedAt)
        json.member("finished_at", createdAt)
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
            SELECT c.epoch, c.attempt, c.operators, c.started_at, c.created_at, NULL::jsonb AS state,
                octet_length(c.state::text) + e.size AS size, e.entries
            FROM checkpoints c, LATERAL (\(Self.entriesUpTo)) e
            WHERE c.job_id = \(id) AND c.epoch < \(epoch) ORDER BY c.epoch DESC LIMIT \(limit)
            """
        ).map(Checkpoint.init(row:))
    }

    /// One checkpoint with its state.
    public func checkpoint(_ epoch: Int32, of id: UUID) async throws -> Checkpoint? {
        try await database.query(
            """
            SELECT c.epoch, c.attempt, c.operators, c.started_at, c.created_at, c.state,
                octet_length(c.state::text) + e.size AS size, e.entries
            FROM checkpoints c, LATERAL (\(Self.entriesUpTo)) e
            WHERE c.job_id = \(id) AND c.epoch = \(epoch)
            """
        ).first.map(Checkpoint.init(row:))
    }

    /// The entries of finished work that belong to a checkpoint, in the order in which they were stored, after `position`.
    public func checkpointEntries(
        of id: UUID, upTo epoch: Int32, after position: (epoch: Int32, number: Int32) = (0, 0), limit: Int
    ) async throws -> [CheckpointEntry] {
        try await database.query(
            """
            SELECT epoch, number, entry FROM checkpoint_entries
            WHERE job_id = \(id) AND epoch <= \(epoch) AND (epoch, number) > (\(position.epoch), \(position.number))
            ORDER BY epoch, number LIMIT \(limit)
            """
        ).map { row in
            CheckpointEntry(
                epoch: try row.decode("epoch"), number: try row.decode("number"),
                entry: try row.decode("entry", as: JSONText.self).bytes)
        }
    }

    private static var entriesUpTo: Statement {
        """
        SELECT count(*) AS entries, coalesce(sum(octet_length(entry::text)), 0) AS size FROM checkpoint_entries
        WHERE job_id = c.job_id AND epoch <= c.epoch
        """
    }
}

/// A piece of finished work, stored once and part of every checkpoint from its own on.
public struct CheckpointEntry: Sendable, Representation {
    /// The checkpoint that first told of it.
    public let epoch: Int32
    /// Its number among those of that checkpoint, from 1.
    public let number: Int32
    /// What was finished, in the worker's own form: JSON.
    public let entry: [UInt8]

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A piece of finished work, part of every checkpoint from its own on.",
        [
            "epoch": Schema.count.described("The checkpoint that first told of it."), "number": Schema.count,
            "entry": Schema.anything.described("In the worker's own form."),
        ])

    /// Appends the entry as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("epoch", Int(epoch))
        json.member("number", Int(number))
        json.member("entry", raw: entry)
        json.endObject()
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
            size: Int(try row.decode("size", as: Int64.self)), entries: Int(try row.decode("entries", as: Int64.self)),
            operators: try row.decode("operators", as: JSONText?.self)?.bytes,
            startedAt: try row.decode("started_at"), createdAt: try row.decode("created_at"),
            state: try row.decode("state", as: JSONText?.self)?.bytes)
    }
}

import Foundation
import JSON
import Postgres

/// A queue that an operator has paused: jobs are accepted, and none of them is dispatched.
public struct QueuePause: Sendable, Hashable {
    /// The queue's type.
    public let type: String
    /// Why, in the operator's words.
    public let reason: String?
    /// Whose key it was.
    public let pausedBy: String
    /// Since when.
    public let pausedAt: Date

    /// Appends the pause as operators see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("reason", reason)
        json.member("by", pausedBy)
        json.member("since", pausedAt)
        json.endObject()
    }
}

extension JobStore {
    /// Pauses a queue. One that is paused stays as it is, with its first reason.
    public func pause(_ type: String, reason: String?, by who: String) async throws {
        _ = try await database.query(
            """
            INSERT INTO queue_pauses (type, reason, paused_by) VALUES (\(type), \(reason as String?), \(who))
            ON CONFLICT (type) DO NOTHING
            """)
    }

    /// Lets a queue go on; one that is not paused stays as it is.
    public func resume(_ type: String) async throws {
        _ = try await database.query("DELETE FROM queue_pauses WHERE type = \(type)")
    }

    /// Every pause, by type.
    public func pauses() async throws -> [QueuePause] {
        try await database.query("SELECT type, reason, paused_by, paused_at FROM queue_pauses ORDER BY type").map {
            row in
            QueuePause(
                type: try row.decode("type"), reason: try row.decode("reason"), pausedBy: try row.decode("paused_by"),
                pausedAt: try row.decode("paused_at"))
        }
    }
}

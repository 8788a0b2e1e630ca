import Foundation
import JSON
import Postgres

/// A record that an operator could not take, or took with reservations.
public struct RecordError: Sendable, Representation {
    /// The number of the attempt, from 1.
    public let attempt: Int32
    /// Its number within the attempt, from 1: the error's key, so that one written twice is stored once.
    public let number: Int32
    /// When it happened.
    public let at: Date
    /// `error` for what was lost, `warning` for what was not.
    public let level: LogLevel
    /// The operator that met it.
    public let operatorName: String
    /// Which of the operator's parallel parts, from 0.
    public let taskIndex: Int32
    /// What happened, in a sentence.
    public let message: String
    /// More about it, JSON.
    public let details: [UInt8]?
    /// The offending record, cut to a limit, and its whole size in bytes.
    public let record: (text: String, bytes: Int)?

    /// Makes an error.
    public init(
        attempt: Int32, number: Int32, at: Date, level: LogLevel, operatorName: String, taskIndex: Int32,
        message: String, details: [UInt8]? = nil, record: (text: String, bytes: Int)? = nil
    ) {
        self.attempt = attempt
        self.number = number
        self.at = at
        self.level = level
        self.operatorName = operatorName
        self.taskIndex = taskIndex
        self.message = message
        self.details = details
        self.record = record
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "A record that an operator could not take, or took with reservations.",
        [
            "id": Schema.text, "attempt": Schema.count, "at": Schema.time,
            "level": Schema.word(["error", "warning"]).described(
                "`error` for what was lost, `warning` for what was not."),
            "operator": Schema.text, "task_index": Schema.count, "message": Schema.text, "details": Schema.anything,
            "record": Schema.text.orNull.described("The offending record, at most 4 KiB of it."),
            "record_bytes": Schema.count.orNull.described("The size of the whole record."),
        ])

    /// Appends the error as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", "\(attempt)-\(number)")
        json.member("attempt", Int(attempt))
        json.member("at", at)
        json.member("level", level.word)
        json.member("operator", operatorName)
        json.member("task_index", Int(taskIndex))
        json.member("message", message)
        json.member("details", raw: details ?? Array("null".utf8))
        json.member("record", record?.text)
        json.member("record_bytes", record?.bytes)
        json.endObject()
    }
}

extension JobStore {
    /// A job's record errors in order, after `position` (attempt and number).
    public func errors(
        of job: UUID, level: LogLevel? = nil, operatorName: String? = nil, attempt: Int32? = nil,
        after position: (attempt: Int32, number: Int32), limit: Int
    ) async throws -> [RecordError] {
        var conditions: Statement = ""
        if let level { conditions.append(" AND level = \(level.rawValue)") }
        if let operatorName { conditions.append(" AND operator = \(operatorName)") }
        if let attempt { conditions.append(" AND attempt = \(attempt)") }
        return try await database.query(
            """
            SELECT attempt, number, at, level, operator, task_index, message, details, record, record_bytes FROM job_errors
            WHERE job_id = \(job) AND (attempt, number) > (\(position.attempt), \(position.number))\(conditions)
            ORDER BY attempt, number LIMIT \(limit)
            """
        ).map { row in
            let text = try row.decode("record", as: String?.self)
            let bytes = try row.decode("record_bytes", as: Int32?.self)
            return RecordError(
                attempt: try row.decode("attempt"), number: try row.decode("number"), at: try row.decode("at"),
                level: LogLevel(rawValue: try row.decode("level")) ?? .error, operatorName: try row.decode("operator"),
                taskIndex: try row.decode("task_index"), message: try row.decode("message"),
                details: try row.decode("details", as: JSONText?.self)?.bytes,
                record: text.flatMap { text in bytes.map { (text, Int($0)) } })
        }
    }
}

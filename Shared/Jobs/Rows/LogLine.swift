import Foundation
import JSON
import Postgres

/// How important a log line is.
public enum LogLevel: Int16, Sendable, CaseIterable {
    case debug = 0
    case info = 1
    case warning = 2
    case error = 3

    /// The word that clients use.
    public var word: String { String(describing: self) }

    /// Reads the word that clients use; `warn` is understood too.
    public init?(word: String) {
        guard let match = Self.allCases.first(where: { $0.word == word || ($0 == .warning && word == "warn") }) else {
            return nil
        }
        self = match
    }
}

/// One line that a job wrote.
public struct LogLine: Sendable, Representation {
    /// The number of the attempt, from 1; 0 before the first.
    public let attempt: Int32
    /// Its number within the attempt, from 1: the line's key, so that a line written twice is stored once.
    public let number: Int32
    /// When it happened.
    public let at: Date
    /// How important it is.
    public let level: LogLevel
    /// The text.
    public let message: String
    /// The stage of the job that wrote it.
    public let operatorName: String?
    /// Which of the stage's parallel parts, from 0.
    public let taskIndex: Int32?
    /// More about it, JSON.
    public let details: [UInt8]?

    /// Makes a line.
    public init(
        attempt: Int32, number: Int32, at: Date, level: LogLevel, message: String, operatorName: String? = nil,
        taskIndex: Int32? = nil, details: [UInt8]? = nil
    ) {
        self.attempt = attempt
        self.number = number
        self.at = at
        self.level = level
        self.message = message
        self.operatorName = operatorName
        self.taskIndex = taskIndex
        self.details = details
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "One line that a job wrote.",
        [
            "attempt": Schema.count, "number": Schema.count.described("Counts the attempt's lines, from 1."),
            "at": Schema.time, "level": Schema.word(LogLevel.allCases.map(\.word)), "message": Schema.text,
            "operator": Schema.text.orNull.described("The stage of the job that wrote it."),
            "task_index": Schema.count.orNull.described("Which of the stage's parallel parts, from 0."),
            "details": Schema.anything,
        ], optional: ["details"])

    /// Appends the line as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("attempt", Int(attempt))
        json.member("number", Int(number))
        json.member("at", at)
        json.member("level", level.word)
        json.member("message", message)
        json.member("operator", operatorName)
        json.member("task_index", taskIndex.map { Int($0) })
        if let details { json.member("details", raw: details) }
        json.endObject()
    }
}

/// Which log lines are wanted.
public struct LogFilter: Sendable {
    /// Lines of at least this level.
    public var minimum: LogLevel
    /// Lines from this time on.
    public var since: Date?
    /// Lines before this time.
    public var until: Date?
    /// Lines of this operator.
    public var operatorName: String?
    /// Lines of this subtask.
    public var taskIndex: Int32?
    /// Lines of this attempt.
    public var attempt: Int32?

    /// Makes a filter; without arguments it takes every line.
    public init(
        minimum: LogLevel = .debug, since: Date? = nil, until: Date? = nil, operatorName: String? = nil,
        taskIndex: Int32? = nil, attempt: Int32? = nil
    ) {
        self.minimum = minimum
        self.since = since
        self.until = until
        self.operatorName = operatorName
        self.taskIndex = taskIndex
        self.attempt = attempt
    }

    fileprivate var conditions: Statement {
        var conditions: Statement = "level >= \(minimum.rawValue)"
        if let since { conditions.append(" AND at >= \(since)") }
        if let until { conditions.append(" AND at < \(until)") }
        if let operatorName { conditions.append(" AND operator = \(operatorName)") }
        if let taskIndex { conditions.append(" AND task_index = \(taskIndex)") }
        if let attempt { conditions.append(" AND attempt = \(attempt)") }
        return conditions
    }
}

extension JobStore {
    /// A job's log lines in order, after `position` (attempt and number).
    public func logs(
        of job: UUID, _ filter: LogFilter, after position: (attempt: Int32, number: Int32), limit: Int
    ) async throws -> [LogLine] {
        try await database.query(
            """
            SELECT attempt, number, at, level, message, operator, task_index, details FROM job_logs
            WHERE job_id = \(job) AND (attempt, number) > (\(position.attempt), \(position.number)) AND \(filter.conditions)
            ORDER BY attempt, number LIMIT \(limit)
            """
        ).map(LogLine.init(row:))
    }

    /// The last of a job's log lines, in order.
    public func tail(of job: UUID, _ filter: LogFilter, count: Int) async throws -> [LogLine] {
        try await database.query(
            """
            SELECT attempt, number, at, level, message, operator, task_index, details FROM job_logs
            WHERE job_id = \(job) AND \(filter.conditions)
            ORDER BY attempt DESC, number DESC LIMIT \(count)
            """
        ).map(LogLine.init(row:)).reversed()
    }
}

extension LogLine {
    fileprivate init(row: Row) throws {
        self.init(
            attempt: try row.decode("attempt"), number: try row.decode("number"), at: try row.decode("at"),
            level: LogLevel(rawValue: try row.decode("level")) ?? .info, message: try row.decode("message"),
            operatorName: try row.decode("operator"), taskIndex: try row.decode("task_index"),
            details: try row.decode("details", as: JSONText?.self)?.bytes)
    }
}

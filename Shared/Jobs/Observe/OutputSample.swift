import Foundation
import JSON
import Postgres

/// One record of an operator's output, kept to look at: the first ones of the job, as far as the limits go.
public struct OutputSample: Sendable, Representation {
    /// The operator that put it out.
    public let operatorName: String
    /// The number of the attempt, from 1.
    public let attempt: Int32
    /// Its number within operator and attempt, from 1: with them the sample's key, so that one written twice is stored once.
    public let number: Int32
    /// Which of the operator's parallel parts, from 0.
    public let taskIndex: Int32
    /// When it was put out.
    public let at: Date
    /// The record, JSON.
    public let record: [UInt8]

    /// How many records of an operator are kept of one job, over all its attempts.
    public static let maxPerOperator: Int32 = 100

    /// Makes a sample.
    public init(
        operatorName: String, attempt: Int32, number: Int32, taskIndex: Int32, at: Date, record: [UInt8]
    ) {
        self.operatorName = operatorName
        self.attempt = attempt
        self.number = number
        self.taskIndex = taskIndex
        self.at = at
        self.record = record
    }

    /// What `write` writes.
    public static let schema = Schema.answer(
        "One record of an operator's output.",
        [
            "operator": Schema.text, "task_index": Schema.count, "attempt": Schema.count, "number": Schema.count,
            "at": Schema.time, "record": Schema.anything,
        ])

    /// Appends the sample as clients see it.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("operator", operatorName)
        json.member("task_index", Int(taskIndex))
        json.member("attempt", Int(attempt))
        json.member("number", Int(number))
        json.member("at", at)
        json.member("record", raw: record)
        json.endObject()
    }
}

extension JobStore {
    /// A job's samples in the order of their operators' names, after `position`.
    public func samples(
        of job: UUID, operatorName: String? = nil,
        after position: (operatorName: String, attempt: Int32, number: Int32),
        limit: Int
    ) async throws -> [OutputSample] {
        let condition: Statement = operatorName.map { " AND operator = \($0)" } ?? ""
        return try await database.query(
            """
            SELECT operator, attempt, number, task_index, at, record FROM job_samples
            WHERE job_id = \(job) AND (operator, attempt, number) > (\(position.operatorName), \(position.attempt), \(position.number))\(condition)
            ORDER BY operator, attempt, number LIMIT \(limit)
            """
        ).map { row in
            OutputSample(
                operatorName: try row.decode("operator"), attempt: try row.decode("attempt"),
                number: try row.decode("number"), taskIndex: try row.decode("task_index"), at: try row.decode("at"),
                record: try row.decode("record", as: JSONText.self).bytes)
        }
    }
}

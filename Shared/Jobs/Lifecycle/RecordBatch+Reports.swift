import Foundation
import JSON
import Postgres

/// What jobs tell about their inside. Each row is keyed by its attempt, which is what fences it.
extension RecordBatch {
    /// Only the last numbers of each subtask in the batch are written: each tell all that the earlier ones told.
    var operators: Statement? {
        struct Key: Hashable {
            let fence: Fence
            let name: String
            let taskIndex: Int32
        }
        var last: [Key: OperatorReport] = [:]
        for case .operators(let fence, let reports) in records {
            for report in reports { last[Key(fence: fence, name: report.name, taskIndex: report.taskIndex)] = report }
        }
        guard !last.isEmpty else { return nil }
        let (keys, reports) = (Array(last.keys), Array(last.values))
        return """
            WITH i AS (
                SELECT i.* FROM unnest(\(keys.map(\.fence.job)), \(keys.map(\.fence.attempt)), \(keys.map(\.name)),
                    \(keys.map(\.taskIndex)), \(reports.map(\.kind.rawValue)), \(reports.map(\.counterText)),
                    \(reports.map(\.startedAt)), \(reports.map(\.updatedAt)))
                    AS i (id, attempt, operator, task_index, kind, counters, started_at, updated_at)
                JOIN jobs j ON j.id = i.id AND j.attempt = i.attempt AND j.status = ANY(\(Self.running))
            ), written AS (
                INSERT INTO job_operators AS o (job_id, attempt, operator, task_index, kind, counters, started_at, updated_at)
                SELECT id, attempt, operator, task_index, kind, counters, started_at, updated_at FROM i
                ON CONFLICT (job_id, attempt, operator, task_index) DO UPDATE
                SET counters = excluded.counters, updated_at = excluded.updated_at
            )
            SELECT DISTINCT id, attempt FROM i
            """
    }

    var errors: Statement? {
        var fences: [Fence] = []
        var errors: [RecordError] = []
        for case .errors(let fence, let added) in records {
            fences.append(contentsOf: repeatElement(fence, count: added.count))
            errors.append(contentsOf: added)
        }
        guard !errors.isEmpty else { return nil }
        return """
            WITH i AS (
                SELECT i.* FROM unnest(\(fences.map(\.job)), \(fences.map(\.attempt)), \(errors.map(\.number)), \(errors.map(\.at)),
                    \(errors.map(\.level.rawValue)), \(errors.map(\.operatorName)), \(errors.map(\.taskIndex)),
                    \(errors.map(\.message)), \(errors.map { $0.details.map(JSONText.init(replacingNUL:)) }),
                    \(errors.map(\.record?.text)), \(errors.map { $0.record.map { Int32(clamping: $0.bytes) } }))
                    AS i (id, attempt, number, at, level, operator, task_index, message, details, record, record_bytes)
                JOIN jobs j ON j.id = i.id AND j.attempt = i.attempt AND j.status = ANY(\(Self.running))
            ), added AS (
                INSERT INTO job_errors (job_id, attempt, number, at, level, operator, task_index, message, details, record,
                    record_bytes)
                SELECT id, attempt, number, at, level, operator, task_index, message, details, record, record_bytes FROM i
                ON CONFLICT DO NOTHING
            )
            SELECT DISTINCT id, attempt FROM i
            """
    }

    /// What the earlier attempts have left of the job's room is counted here, so that a job that is handed back time and again keeps
    /// no more samples than any other.
    var samples: Statement? {
        var fences: [Fence] = []
        var samples: [OutputSample] = []
        for case .samples(let fence, let added) in records {
            fences.append(contentsOf: repeatElement(fence, count: added.count))
            samples.append(contentsOf: added)
        }
        guard !samples.isEmpty else { return nil }
        return """
            WITH i AS (
                SELECT i.* FROM unnest(\(fences.map(\.job)), \(fences.map(\.attempt)), \(samples.map(\.operatorName)),
                    \(samples.map(\.number)), \(samples.map(\.taskIndex)), \(samples.map(\.at)),
                    \(samples.map { JSONText(replacingNUL: $0.record) }))
                    AS i (id, attempt, operator, number, task_index, at, record)
                JOIN jobs j ON j.id = i.id AND j.attempt = i.attempt AND j.status = ANY(\(Self.running))
            ), added AS (
                INSERT INTO job_samples (job_id, operator, attempt, number, task_index, at, record)
                SELECT id, operator, attempt, number, task_index, at, record FROM i
                WHERE number + (
                    SELECT count(*) FROM job_samples s
                    WHERE s.job_id = i.id AND s.operator = i.operator AND s.attempt < i.attempt
                ) <= \(OutputSample.maxPerOperator)
                ON CONFLICT DO NOTHING
            )
            SELECT DISTINCT id, attempt FROM i
            """
    }
}

extension OperatorReport {
    /// The numbers as the row holds them. Whole numbers and arrays of them can always be written.
    fileprivate var counterText: JSONText {
        do { return JSONText(try JSON.encode(counters).serialized()) } catch { return JSONText("{}") }
    }
}

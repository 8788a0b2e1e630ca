import Foundation
import HTTPServer
import JSON
import Jobs
import Postgres

extension Gateway {
    /// `POST /jobs/bulk`: one action over all jobs that a filter finds, a batch with each call; or, with `dry_run`, how many they are.
    func bulkJobs(_ call: Call) async throws -> HTTPResponse {
        let action = try action(call)
        var filter = try filter(call.json)
        do {
            if call.json["dry_run"]?.boolValue == true {
                let count = try await store.count(
                    filter, for: action, namespace: call.namespace, limit: Limits.bulkCount + 1)
                var json = JSONWriter()
                json.beginObject()
                json.member("matched", min(count, Limits.bulkCount))
                json.member("at_least", count > Limits.bulkCount)
                json.endObject()
                return HTTPResponse(json: json)
            }
            filter.limit = call.json["limit"]?.intValue ?? Limits.page
            let result = try await audited(call.entry("jobs.bulk", on: "jobs", details: call.json)) {
                try await store.apply(
                    action, to: filter, namespace: call.namespace, reason: call.json["reason"]?.stringValue)
            }
            await dispatcher.tellWorkers(result.requests)
            dispatcher.lookSoon()
            return Self.answer(result)
        } catch let error as PostgresError where error.isOverload {
            throw Problem.unavailable(
                "The search takes too long: few of many jobs match. Narrow it by status or type, and go on from the cursor."
            )
        }
    }

    private static func answer(_ result: BulkResult) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("matched", result.matched)
        json.member("changed", result.changed)
        json.member("skipped", result.matched - result.changed)
        json.member("next_cursor", result.next.map { Cursor.text($0) })
        json.endObject()
        return HTTPResponse(json: json)
    }

    private func action(_ call: Call) throws -> BulkAction {
        switch call.json["action"]?.stringValue {
        case "cancel": return .stop(.cancel, timeout: call.stopTimeout)
        case "stop": return .stop(call.stopMode, timeout: call.stopTimeout)
        case "retry": return .retry
        default:
            guard let key = try call.idempotencyKey() else {
                throw Problem.invalidParameter(
                    "The header Idempotency-Key", "given: it is what makes a repeated rerun safe")
            }
            return .rerun(key: key)
        }
    }

    private func filter(_ body: JSON) throws -> JobFilter {
        let filter = body["filter"] ?? [:]
        return JobFilter(
            type: filter["type"]?.stringValue,
            statuses: (filter["status"]?.arrayValue ?? []).compactMap {
                $0.stringValue.flatMap(JobStatus.init(rawValue:))
            },
            labels: (filter["labels"]?.objectValue ?? [:]).map { ($0.key, $0.value.stringValue ?? "") },
            parentID: filter["parent"]?.stringValue.flatMap(UUID.init(text:)),
            createdAfter: filter["created_after"]?.stringValue.flatMap { Date(rfc3339: $0) },
            createdBefore: filter["created_before"]?.stringValue.flatMap { Date(rfc3339: $0) },
            after: try body["cursor"]?.stringValue.map(Cursor.job))
    }
}

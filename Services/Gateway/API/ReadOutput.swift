import Crypto
import Foundation
import HTTPClient
import HTTPServer
import JSON
import Jobs

/// What came out of a job, and what did not.
extension Gateway {
    /// `GET /jobs/{id}/results`: the result and, page by page, the files that it consists of.
    func getResults(_ call: Call) async throws -> HTTPResponse {
        let job = try await existing(call)
        let limit = call.limit()
        let position = try call.text("cursor").map(Cursor.file)
        let files = try await store.files(of: job.id, namespace: job.namespace, after: position, limit: limit)
        var json = JSONWriter()
        json.beginObject()
        json.member("job_id", job.id)
        json.member("status", job.status.rawValue)
        json.member("attempt", Int(job.attempt))
        // It may be large, and is the same for every page.
        if position == nil { json.member("result", raw: job.result ?? Array("null".utf8)) }
        json.key("artifacts")
        json.beginArray()
        for file in files { file.write(to: &json) }
        json.endArray()
        json.member("next_cursor", files.count == limit ? files.last.map { Cursor.text(file: $0.id) } : nil)
        json.endObject()
        return HTTPResponse(json: json)
    }

    /// `GET /jobs/{id}/errors`: records that operators could not take, in order, page by page.
    func listErrors(_ call: Call) async throws -> HTTPResponse {
        let id = try await existingJob(call)
        let limit = call.limit()
        let level = call.text("level").flatMap(LogLevel.init(word:))
        let position = try call.text("cursor").map(Cursor.logLine) ?? (0, 0)
        let errors = try await store.errors(
            of: id, level: level, operatorName: call.text("operator"), attempt: call.attempt,
            after: position, limit: limit)
        return .page("errors", errors, limit: limit) { Cursor.text(attempt: $0.attempt, number: $0.number) }
    }

    /// `GET /jobs/{id}/output`: the first records that each operator put out, as JSON or CSV, page by page. `total_records` counts all
    /// that it put out. A page of CSV has the columns of its own records; the next one is told in `Link` and the total in
    /// `X-Total-Records`.
    func listOutput(_ call: Call) async throws -> HTTPResponse {
        let id = try await existingJob(call)
        let limit = call.limit()
        let name = call.text("operator")
        let position = try call.text("cursor").map(Cursor.sample) ?? ("", 0, 0)
        let samples = try await store.samples(of: id, operatorName: name, after: position, limit: limit)
        let total = try await store.operators(of: id).reduce(0) { sum, report in
            name == nil || report.name == name ? sum + report.counters.offered : sum
        }
        let next = samples.count == limit ? samples.last.map(Cursor.text(after:)) : nil
        if call.text("format") == "csv" {
            var headers = [
                ("Content-Type", "text/csv; charset=utf-8; header=present"), ("X-Total-Records", String(total)),
                ("Content-Disposition", Self.disposition("output-\(id.text.prefix(8)).csv")),
            ]
            if let next {
                let filter = name.map { "&operator=" + WebURL.encoded($0) } ?? ""
                headers.append(("Link", "<?format=csv&limit=\(limit)\(filter)&cursor=\(next)>; rel=\"next\""))
            }
            return HTTPResponse(status: 200, headers: headers, body: .bytes(try CSV.text(of: samples)))
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("samples")
        json.beginArray()
        for sample in samples { sample.write(to: &json) }
        json.endArray()
        json.member("total_records", total)
        json.member("next_cursor", next)
        json.endObject()
        return HTTPResponse(json: json)
    }

    /// `GET /jobs/{id}/checkpoints/{epoch}/entries`: the finished work that belongs to a checkpoint, in the worker's own form.
    func listCheckpointEntries(_ call: Call) async throws -> HTTPResponse {
        let id = try await existingJob(call)
        guard let epoch = Int32(call.parameters[1]), try await store.checkpoint(epoch, of: id) != nil else {
            throw Problem.notFound("checkpoint")
        }
        let limit = call.limit()
        let position = try call.text("cursor").map(Cursor.logLine) ?? (attempt: 0, number: 0)
        let entries = try await store.checkpointEntries(
            of: id, upTo: epoch, after: (position.attempt, position.number), limit: limit)
        return .page("entries", entries, limit: limit) { Cursor.text(attempt: $0.epoch, number: $0.number) }
    }
}

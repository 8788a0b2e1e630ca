import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// A real document job, seen through every call that shows its inside.
@Suite(.serialized) struct ObserveTests {
    /// Samples, in the order in which they are given: three that are read, one of them with a bad page, and one that is not.
    private static let samples = ["sample.pdf", "damaged-page.pdf", "broken.pdf", "sample.md"]
    private static let texts = 4

    @Test func everyCallAnswersTruthfullyForADocumentJob() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker("DocumentsWorker")
            let files = try await Self.upload(to: stack)
            let submitted = try await stack.api.post(
                "/api/v1/jobs",
                ["type": "document_processing", "spec": ["inputs": .array(files.map { ["file_id": .string($0.id)] })]])
            let job = try #require(submitted.json["id"]?.stringValue, "\(submitted.text)")
            let base = "/api/v1/jobs/\(job)"
            let api = stack.api
            func get(_ path: String) async throws -> JSON {
                let response = try await api.get(base + path)
                #expect(response.status == 200, "\(path): \(response.text)")
                return response.json
            }

            async let followed = api.get(base + "/logs?follow=true")
            try await poll("numbers of a job that runs", details: { stack.logs }) {
                let metrics = try await get("/metrics")
                return (metrics["records_in"]?.intValue ?? 0) > 0
            }
            let running = try await get("")
            #expect((running["timing"]?["elapsed_seconds"]?.doubleValue ?? -1) >= 0)
            let id = try #require(UUID(text: job))
            try await stack.expectCompleted([id])
            try await Self.expectSameLines(try await followed, try await get("/logs?limit=500"))

            let done = try await get("")
            let result = try #require(done["result"])
            try Self.expectProgress(of: done, result: result)
            try await Self.expectNumbers(get, files, result)
            try await Self.expectErrors(get, result)
            try await Self.expectOutput(get, api, base, result)
            try await Self.expectResults(get, api, result)
            try await Self.expectCheckpoints(get)
            try await Self.expectFilters(get, api, base)
        }
    }

    private static func upload(to stack: Stack) async throws -> [(id: String, size: Int)] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "compose/samples")
        var contents = try samples.map { ($0, Array(try Data(contentsOf: folder.appending(path: $0)))) }
        for number in 0..<texts {
            let text = (0..<8000).map { "Text \(number), line \($0): -1 is a number." }.joined(separator: "\n\n")
            contents.append(("text\(number).txt", Array(text.utf8)))
        }
        var files: [(id: String, size: Int)] = []
        for (name, bytes) in contents {
            let response = try await stack.api.send("POST", "/api/v1/files?name=\(name)", body: bytes)
            files.append((try #require(response.json["id"]?.stringValue, "\(response.text)"), bytes.count))
        }
        return files
    }

    private static func expectProgress(of job: JSON, result: JSON) throws {
        let pages = (result["documents"]?.arrayValue ?? []).filter { $0["status"] == "completed" }
            .reduce(0) { $0 + ($1["pages"]?.intValue ?? 1) }
        let progress = try #require(job["progress"])
        #expect(progress["completed"]?.intValue == pages && progress["unit"] == "pages")
        #expect(progress["percent"]?.doubleValue == 100 && progress["phase"] == "done")
        let timing = try #require(job["timing"])
        let elapsed = try #require(timing["elapsed_seconds"]?.doubleValue)
        let average = try #require(timing["average_unit_seconds"]?.doubleValue)
        #expect(abs(average * Double(pages) - elapsed) < 0.01)
        #expect(timing["estimated_remaining_seconds"] == .null)
    }

    private static func expectNumbers(
        _ get: (String) async throws -> JSON, _ files: [(id: String, size: Int)], _ result: JSON
    ) async throws {
        let metrics = try await get("/metrics")
        let size = files.reduce(0) { $0 + $1.size }
        let artifacts = result["artifacts"]?.arrayValue ?? []
        #expect(metrics["records_in"]?.intValue == files.count && metrics["bytes_in"]?.intValue == size)
        #expect(metrics["records_out"]?.intValue == artifacts.count)
        #expect(
            metrics["bytes_out"]?.intValue == artifacts.reduce(0) { $0 + ($1["size_bytes"]?.intValue ?? 0) })
        #expect(metrics["errors"]?.intValue == result["errors"]?.intValue)
        #expect(metrics["latency_ms"]?["count"]?.intValue == result["documents_processed"]?.intValue)
        #expect((metrics["latency_ms"]?["p50"]?.doubleValue ?? 0) > 0 && (metrics["throughput"]?.doubleValue ?? 0) > 0)
        let operators = metrics["operators"]?.arrayValue ?? []
        #expect(
            Set(operators.map { $0["operator"]?.stringValue }) == ["open", "extract", "chunk", "store"]
                && operators.count == 4)
        #expect(operators.first?["kind"] == "source" && operators.last?["kind"] == "sink")

        let chunk = try await get("/operators/chunk/metrics")
        let documents = result["documents"]?.arrayValue ?? []
        #expect(chunk["records_out"]?.intValue == documents.reduce(0) { $0 + ($1["chunks"]?.intValue ?? 0) })
        #expect(chunk["records_in"]?.intValue == result["documents_processed"]?.intValue)
        let subtasks = chunk["subtask_metrics"]?.arrayValue ?? []
        #expect(subtasks.count == chunk["subtasks"]?.intValue)
        #expect(
            subtasks.reduce(0) { $0 + ($1["records_out"]?.intValue ?? 0) } == chunk["records_out"]?.intValue)
        let extract = try await get("/operators/extract/metrics")
        #expect(extract["bytes_in"]?.intValue == size && (extract["busy"]?.doubleValue ?? 0) > 0)

        let groups = try await get("/metric-groups")
        #expect(groups["sources"]?["operators"] == ["open"] && groups["sinks"]?["operators"] == ["store"])
        #expect(groups["sources"]?["total_records"]?.intValue == files.count)
        #expect(groups["transforms"]?["operators"]?.arrayValue?.count == 2)
        let attempt = try await get("/metrics?attempt=1")
        #expect(attempt["records_in"] == metrics["records_in"])
        #expect(try await get("/metrics?attempt=7")["records_in"] == 0)
    }

    private static func expectErrors(_ get: (String) async throws -> JSON, _ result: JSON) async throws {
        let failed = (result["documents"]?.arrayValue ?? []).filter { $0["status"] == "failed" }
        let pages = (result["documents"]?.arrayValue ?? []).flatMap { $0["page_errors"]?.arrayValue ?? [] }
        #expect(failed.count == 1 && !pages.isEmpty)
        let errors = try await get("/errors?level=error&operator=extract")["errors"]?.arrayValue ?? []
        #expect(errors.count == failed.count)
        #expect(errors.first?["record"] == "broken.pdf" && errors.first?["details"]?["document"] == 2)
        let warnings = try await get("/errors?level=warning")["errors"]?.arrayValue ?? []
        #expect(warnings.map { $0["details"]?["page"]?.intValue } == pages.map { $0["page"]?.intValue })
        #expect(try await get("/errors")["errors"]?.arrayValue?.count == errors.count + warnings.count)
        #expect(try await get("/errors?operator=store")["errors"] == [])
    }

    private static func expectOutput(
        _ get: (String) async throws -> JSON, _ api: HTTPClient, _ base: String, _ result: JSON
    ) async throws {
        let chunks = (result["documents"]?.arrayValue ?? []).reduce(0) { $0 + ($1["chunks"]?.intValue ?? 0) }
        let output = try await get("/output?operator=chunk&limit=500")
        let samples = output["samples"]?.arrayValue ?? []
        #expect(output["total_records"]?.intValue == chunks && chunks > samples.count)
        #expect(samples.count == Int(OutputSample.maxPerOperator) && output["next_cursor"] == .null)
        #expect(samples.allSatisfy { $0["record"]?["text"]?.stringValue?.isEmpty == false })
        let csv = try await api.get(base + "/output?format=csv&operator=chunk&limit=7")
        #expect(csv.status == 200 && csv.headers["content-type"]?.hasPrefix("text/csv") == true)
        #expect(csv.headers["x-total-records"] == String(chunks))
        let header = csv.text.prefix { $0 != "\r\n" }.split(separator: ",")
        #expect(header.prefix(5) == ["operator", "task_index", "attempt", "number", "at"])
        #expect(Set(header).isSuperset(of: ["record.document", "record.name", "record.text", "record.page"]))
        let link = try #require(csv.headers["link"])
        let next = try #require(link.firstMatch(of: #/<([^>]+)>; rel="next"/#)).1
        let second = try await api.get(base + "/output" + next)
        #expect(second.status == 200 && second.text != csv.text, "\(second.text.prefix(300))")
        #expect(try await get("/output?operator=store")["samples"] == [])
    }

    private static func expectResults(
        _ get: (String) async throws -> JSON, _ api: HTTPClient, _ result: JSON
    ) async throws {
        var artifacts: [JSON] = []
        var page = try await get("/results?limit=5")
        #expect(page["result"] == result && page["status"] == "completed")
        while true {
            artifacts += page["artifacts"]?.arrayValue ?? []
            guard let cursor = page["next_cursor"]?.stringValue else { break }
            page = try await get("/results?limit=5&cursor=\(cursor)")
        }
        func facts(_ list: [JSON]) -> Set<JSON> {
            Set(
                list.map { [$0["id"] ?? .null, $0["sha256"] ?? .null, $0["size_bytes"] ?? .null, $0["name"] ?? .null] })
        }
        #expect(facts(artifacts) == facts(result["artifacts"]?.arrayValue ?? []) && artifacts.count > 5)
        let uri = try #require(artifacts.first?["uri"]?.stringValue)
        let content = try await api.get(uri)
        #expect(content.status == 200 && content.body.count == artifacts.first?["size_bytes"]?.intValue)
    }

    private static func expectCheckpoints(_ get: (String) async throws -> JSON) async throws {
        let checkpoints = try await get("/checkpoints")["checkpoints"]?.arrayValue ?? []
        let newest = try #require(checkpoints.first)
        let count = samples.count + texts
        #expect(newest["entries"]?.intValue == count && newest["status"] == "completed")
        #expect(newest["started_at"]?.stringValue != nil && newest["finished_at"]?.stringValue != nil)
        let epoch = try #require(newest["epoch"]?.intValue)
        #expect(try await get("/checkpoints/\(epoch)")["state"]?["documents"]?.intValue == count)
        let entries = try await get("/checkpoints/\(epoch)/entries")["entries"]?.arrayValue ?? []
        #expect(Set(entries.map { $0["entry"]?["index"]?.intValue }) == Set(0..<count))
        let first = try await get("/checkpoints/1/entries")["entries"]?.arrayValue
        #expect(first?.count == 1, "an early checkpoint has what was finished then")
    }

    private static func expectFilters(
        _ get: (String) async throws -> JSON, _ api: HTTPClient, _ base: String
    ) async throws {
        let history = try await get("/history?level=job")["events"]?.arrayValue ?? []
        #expect(history.map { $0["event"]?.stringValue } == ["queued", "running", "completed"])
        let checkpoints = try await get("/history?event=checkpoint&attempt=1&limit=500")["events"]?.arrayValue ?? []
        #expect(checkpoints.count == samples.count + texts)
        let end = try #require(history.last?["at"]?.stringValue)
        #expect(try await get("/history?until=2020-01-01T00:00:00Z")["events"] == [])
        #expect(try await get("/logs?since=\(end)")["logs"] == [])
        let tail = try await get("/logs?tail=2")["logs"]?.arrayValue ?? []
        let all = try await get("/logs")["logs"]?.arrayValue ?? []
        #expect(tail == all.suffix(2) && all.count > 2)
        let lane = try await get("/logs?operator=extract&task_index=0")["logs"]?.arrayValue ?? []
        #expect(!lane.isEmpty && lane.allSatisfy { $0["task_index"] == 0 && $0["operator"] == "extract" })
        #expect(try await get("/executions?order=desc")["executions"]?.arrayValue?.count == 1)

        let last = try #require(all.last)
        let position = "\(try #require(last["attempt"]?.intValue)).\(try #require(last["number"]?.intValue))"
        let seen = try await api.send("GET", base + "/logs?follow=true", headers: [("Last-Event-ID", position)])
        #expect(seen.status == 204)
        for path in [
            "/logs?level=loud", "/logs?since=today", "/logs?tail=0", "/logs?tail=2&cursor=x", "/errors?level=info",
            "/output?format=xml", "/history?level=node", "/executions?order=up", "/metrics?attempt=x",
            "/results?cursor=x",
        ] {
            #expect(try await api.get(base + path).status == 400, "\(path)")
        }
        for path in ["/operators/none/metrics", "/checkpoints/999/entries"] {
            #expect(try await api.get(base + path).status == 404, "\(path)")
        }
        let stranger = "/api/v1/jobs/00000000-0000-7000-8000-000000000000"
        for path in ["/metrics", "/metric-groups", "/errors", "/output", "/results", "/logs", "/logs?follow=true"] {
            #expect(try await api.get(stranger + path).status == 404, "\(path)")
        }
    }

    /// The lines of a stream are those of the list, each once and in order.
    private static func expectSameLines(_ stream: HTTPClient.Response, _ list: JSON) async throws {
        let events = stream.text.components(separatedBy: "\n").filter { $0.hasPrefix("data: ") }
        let lines = try events.map { try JSON.parse(Array($0.dropFirst(6).utf8)) }
        #expect(lines == list["logs"]?.arrayValue && lines.count >= samples.count + texts)
    }
}

import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Reports, from a database to a page that a person reads.
@Suite(.serialized) struct ReportJobTests {
    private static let table = """
        CREATE TABLE orders (id bigint PRIMARY KEY, status text, amount numeric(12,2), at timestamptz, note text);
        INSERT INTO orders SELECT n, (ARRAY['paid', 'open'])[1 + (n % 4) / 3], n, '2026-01-01Z'::timestamptz + n * interval '1 hour', 'row ' || n
            FROM generate_series(0, 999) n;
        INSERT INTO orders VALUES (-1, '</script><svg onload=alert(1)>', NULL, NULL, repeat('x', 1000000));
        """

    private func withReports(_ body: (Stack, ServiceProcess) async throws -> Void) async throws {
        try await withStack { stack in
            let file = stack.folder + "/datasets.json"
            let datasets: JSON = [["name": "orders", "table": "orders", "description": "What was ordered."]]
            try Data(datasets.serialized()).write(to: URL(fileURLWithPath: file))
            try await stack.database.withSession { try $0.script(Self.table) }
            try await stack.startGateway()
            try await body(stack, try await stack.startWorker("ExportsWorker", ["SWITCHYARD_DATASETS": file]))
        }
    }

    private static let spec: JSONObject = [
        "sources": [
            ["dataset": "orders", "order": [["column": "id"]]],
            ["dataset": "orders", "name": "paid", "filters": [["column": "status", "op": "eq", "value": "paid"]]],
        ], "name": "orders",
        "report": [
            "title": "Orders of <January>", "rows": 5,
            "charts": [["source": "paid", "x": "at", "kind": "line", "by": "day", "y": "amount", "aggregate": "sum"]],
        ],
    ]

    private func spec(_ format: String, _ more: JSONObject = [:]) -> JSON {
        var spec = Self.spec
        spec["format"] = .string(format)
        for (key, value) in more { spec[key] = value }
        return .object(spec)
    }

    @Test func aReportIsOneFileInEachForm() async throws {
        try await withReports { stack, _ in
            for (format, name, mediaType, words) in [
                (
                    "markdown", "orders.md", "text/markdown; charset=utf-8",
                    ["# Orders of \\<January\\>", "| amount | numeric(12,2) | 1 | 1,000 | 0.00 | 499.5 | 999.00 |"]
                ),
                (
                    "html", "orders.html", "text/html; charset=utf-8",
                    [
                        "<h1 dir=\"auto\">Orders of &lt;January&gt;</h1>", "&lt;svg onload=alert(1)&gt;",
                        "<path class=\"line\"",
                    ]
                ),
                ("pdf", "orders.pdf", "application/pdf", ["%PDF-1."]),
            ] {
                let result = try await stack.export(spec(format))
                #expect(result["rows"] == 1751 && result["format"]?.stringValue == format, "\(result)")
                #expect(result["tables"]?.arrayValue?.map { $0["rows"] } == [1001, 750])
                #expect(result["artifacts"]?.arrayValue?.count == 1)
                #expect(result["artifacts"]?[0]?["name"]?.stringValue == name)
                let bytes = try await stack.content(of: result, 0)
                let text = String(decoding: bytes, as: UTF8.self)
                for word in words { #expect(text.contains(word), "\(format): \(word)") }
                #expect(bytes.count < 200_000, "texts are cut")
                let id = try #require(result["artifacts"]?[0]?["id"]?.stringValue)
                let answer = try await stack.api.get("/api/v1/artifacts/\(id)")
                #expect(answer.headers["content-type"] == mediaType)
            }
        }
    }

    @Test func aPDFSaysWhatTheRowsHold() async throws {
        try await withReports { stack, _ in
            let result = try await stack.export(spec("pdf", ["compression": "gzip"]))
            #expect(result["artifacts"]?[0]?["name"] == "orders.pdf.gz")
            try Data(try await stack.content(of: result, 0)).write(to: URL(fileURLWithPath: stack.folder + "/r.pdf.gz"))
            let text = try await runScript("gzip -df r.pdf.gz && pdftotext -layout r.pdf -", in: stack.folder)
            for word in [
                "Orders of <January>", "orders – 1,001 rows", "paid – 750 rows", "Dataset: orders. What was ordered.",
                "Filters: status is paid.", "Sum of amount by at, by day", "paid (750), open (250)",
                "</script><svg onload=alert(1)>", "The first 5 of 750 rows",
            ] { #expect(text.contains(word), "\(word)") }
            #expect(try await runScript("pdfinfo r.pdf", in: stack.folder).contains("Orders of <January>"))
        }
    }

    @Test func jobsThemselvesAreReportedWithChartsOfTheirOwn() async throws {
        try await withReports { stack, _ in
            try await stack.startWorker()
            try await stack.expectCompleted(try await stack.submitNoop(3))
            let result = try await stack.export(["sources": [["dataset": "jobs"]], "format": "markdown"])
            let text = String(decoding: try await stack.content(of: result, 0), as: UTF8.self)
            #expect(text.hasPrefix("# export\n"))
            #expect(text.contains("### Rows by type\n") && text.contains("| noop | 3 | "))
            #expect(text.contains("### Rows by created\\_at, by hour\n"))
        }
    }

    @Test func aWorkerThatIsKilledLeavesOneReport() async throws {
        try await withReports { stack, first in
            var worker = first
            let job = try await stack.submit("export", spec("pdf", ["report": ["rows": 1000]]))
            for _ in 0..<3 {
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...300)))
                worker.kill()
                worker = try await stack.startWorker(
                    "ExportsWorker", ["SWITCHYARD_DATASETS": stack.folder + "/datasets.json"])
            }
            let end = try await stack.ended(job)
            #expect(end["result"]?["rows"] == 1751, "\(end)")
            let listed = try await stack.api.get("/api/v1/jobs/\(job.text)/results").json
            let names = (listed["items"]?.arrayValue ?? listed["artifacts"]?.arrayValue ?? []).compactMap {
                $0["name"]?.stringValue
            }
            #expect(names.sorted() == ["orders.manifest.json", "orders.pdf"])
        }
    }

    @Test func whatCannotBeReportedIsSaid() async throws {
        let one: JSON = [["dataset": "orders"]]
        let cases: [(more: JSONObject, word: String)] = [
            (["sources": one, "report": ["charts": [["x": "none"]]]], "no column none"),
            (["report": ["charts": [["x": "at"]]]], "name of its source: orders, paid"),
            (["report": ["charts": [["x": "at", "source": "none"]]]], "no source none"),
            (["sources": one, "report": ["charts": [["x": "note", "kind": "line"]]]], "Ask for `bar`"),
            (
                ["sources": one, "report": ["charts": [["x": "status", "y": "note", "aggregate": "sum"]]]],
                "note is text"
            ),
        ]
        try await withReports { stack, _ in
            for (more, word) in cases {
                let end = try await stack.end("export", spec("html", more))
                #expect(end["status"] == "failed" && end["error"]?["code"] == "invalid_report", "\(end)")
                #expect(end["error"]?["message"]?.stringValue?.contains(word) == true, "\(end["error"] ?? .null)")
            }
            let answer = try await stack.api.post(
                "/api/v1/jobs",
                ["type": "export", "spec": spec("pdf", ["report": ["charts": [["kind": "pie", "x": "a"]]]])])
            #expect(answer.status == 422 && answer.text.contains("/spec/report/charts/0/kind"), "\(answer.text)")
        }
    }
}

import Foundation
import JSON
import Jobs
import Storage
import TestKit
import Testing

/// Exports, from a database to files that others read.
@Suite(.serialized) struct ExportJobTests {
    /// A column of every type that the schema uses, and those of the operators' own tables; values that formats stumble over.
    private static let everyType = """
        CREATE TABLE every_type (
            id bigint PRIMARY KEY, s smallint, i integer, n numeric, n2 numeric(12,2), r real, d double precision, b boolean,
            t text, v varchar(50), u uuid, bytes bytea, day date, at timestamptz, local timestamp, time_of_day time, span interval,
            j json, jb jsonb, texts text[], ids uuid[], numbers integer[], reals real[]);
        INSERT INTO every_type VALUES
            (1, 1, -2, 3.5, 4.25, 0.1, 1e-300, true, 'plain', 'v', '01890a5d-ac96-774b-bcce-b302099a8057', '\\x00ff10', '2026-11-22',
             '2026-11-22 10:11:12.345+00', '2026-11-22 10:11:12.345', '23:59:59', '1 day 02:00:00', '{"a": [1,\n2]}', '{"b": null}',
             '{a,"b c",NULL}', '{}', '{1,NULL,3}', '{1.5}'),
            (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
             NULL, NULL),
            (3, 0, 2147483647, 'NaN', -0.01, 'Infinity', '-Infinity', false, '', '', NULL, '\\x', 'infinity', '-infinity', NULL, '24:00:00',
             '-1 mon', 'null', '"x"', '{}', NULL, '{}', NULL),
            (4, -32768, 0, 123456789012345678901234567890.123456789, 0, 3.4e38, 1.7976931348623157e308, true,
             E'a,"quoted",\\n line; tab\\t cr\\r end \\\\ \\\\. é漢字😀 ', E'\\\\N', NULL, NULL, '0044-03-15 BC', '1900-02-28 12:00:00+00', '9999-12-31',
             NULL, NULL, '[]', '{"k": "v\\\\n"}', ARRAY[E'x\\\\y"z', ''], NULL, NULL, NULL),
            (5, 5, 5, -5, -5.5, -5.5, -5.5, false, '=1+1', '-7', NULL, NULL, '2000-02-29', '2024-02-29 23:59:59.999999+00', NULL, NULL, NULL, NULL,
             NULL, NULL, NULL, NULL, NULL),
            (9007199254740993, 6, 6, 6, 6, 6, 6, true, repeat('long ', 20000), '@x', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
             NULL, NULL);
        """

    private static let datasets: JSON = [
        ["name": "every_type", "table": "every_type", "description": "Odd values."],
        [
            "name": "numbers", "namespaces": ["default"],
            "sql":
                "SELECT n AS id, 'row ' || n AS label FROM generate_series(1, (SELECT count FROM parameters)) n -- a comment",
            "parameters": [["name": "count", "type": "integer", "required": true]],
        ],
    ]

    private func withExports(_ body: (Stack, ServiceProcess) async throws -> Void) async throws {
        try await withStack { stack in
            let file = stack.folder + "/datasets.json"
            try Data(Self.datasets.serialized()).write(to: URL(fileURLWithPath: file))
            try await stack.database.withSession { try $0.script(Self.everyType) }
            try await stack.startGateway()
            let worker = try await stack.startWorker("ExportsWorker", ["SWITCHYARD_DATASETS": file])
            try await body(stack, worker)
        }
    }

    @Test func csvIsReadBackByPython() async throws {
        try await withExports { stack, _ in
            let result = try await stack.export(["sources": [["dataset": "every_type"]], "formulas": "keep"])
            #expect(result["rows"] == 6 && result["neutralised_fields"] == 0)
            let csv = try await stack.content(of: result, 0)
            let tables = try await stack.read(csv, "x.csv")
            let rows = try #require(tables["csv"]?.arrayValue)
            #expect(rows.count == 7)
            #expect(rows[0][0] == "id" && rows[0][22] == "reals")
            // What the server itself writes for each column.
            let expected = try await stack.database.query(
                "SELECT n::text, t, v, u::text AS u, jb::text AS jb FROM every_type ORDER BY id")
            for (row, read) in zip(expected, rows.dropFirst()) {
                for (column, place) in [("n", 3), ("t", 8), ("v", 9), ("u", 10), ("jb", 18)] {
                    let text = try row.decode(column, as: String?.self) ?? ""
                    #expect(read[place]?.stringValue.map { Array($0.utf8) } == Array(text.utf8), "\(column)")
                }
            }
            // Null is nothing, empty text is a pair of quotes.
            let lines = String(decoding: csv, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.contains("2" + String(repeating: ",", count: 22)))
            #expect(lines.contains { $0.hasPrefix("3,0,2147483647,NaN,-0.01,Infinity,-Infinity,f,\"\",\"\",,\\x,") })
        }
    }

    @Test func formulasAreDisarmedUnlessTheyAreKept() async throws {
        try await withExports { stack, _ in
            let spec: JSON = [
                "sources": [
                    [
                        "dataset": "every_type", "columns": ["t", "v", "i", "n2"],
                        "filters": [["column": "id", "op": "ge", "value": 5]],
                    ]
                ],
                "csv": ["header": false],
            ]
            let result = try await stack.export(spec)
            let text = String(decoding: try await stack.content(of: result, 0), as: UTF8.self)
            #expect(text.hasPrefix("'=1+1,-7,5,-5.50\n"))
            // A value that the column has no room for is not cut until it fits.
            let none = try await stack.export([
                "sources": [
                    [
                        "dataset": "every_type",
                        "filters": [
                            ["column": "n2", "op": "ge", "value": 5.996], ["column": "n2", "op": "le", "value": 6.004],
                        ],
                    ]
                ]
            ])
            #expect(none["rows"] == 1, "only 6.00 is between")
            #expect(text.hasSuffix(",'@x,6,6.00\n"))
            #expect(result["neutralised_fields"] == 2 && result["formulas"] == "neutralise")
        }
    }

    @Test func workbooksHoldNumbersDatesAndTextAsOpenpyxlReadsThem() async throws {
        try await withExports { stack, _ in
            let result = try await stack.export([
                "sources": [
                    ["dataset": "every_type", "name": "Odd/values"],
                    ["dataset": "numbers", "parameters": ["count": 3]],
                    ["dataset": "numbers", "parameters": ["count": 1]],
                ], "format": "xlsx",
            ])
            #expect(result["cut_texts"] == 1 && result["neutralised_fields"] == 2, "\(result)")
            let tables = try await stack.read(try await stack.content(of: result, 0), "x.xlsx")
            #expect(tables["numbers"] == [["id", "label"], [1, "row 1"], [2, "row 2"], [3, "row 3"]])
            #expect(tables["numbers 2"] == [["id", "label"], [1, "row 1"]])
            let rows = try #require(tables["Odd_values"]?.arrayValue)
            let columns = (rows[0].arrayValue ?? []).map { $0.stringValue ?? "" }
            func cell(_ row: Int, _ column: String) -> JSON? {
                columns.firstIndex(of: column).flatMap { rows[row][$0] }
            }
            #expect(cell(1, "i") == -2 && cell(1, "n") == 3.5 && cell(1, "r") == 0.1 && cell(1, "b") == true)
            #expect(cell(1, "day") == "2026-11-22T00:00:00" && cell(1, "at") == "2026-11-22T10:11:12.345000")
            #expect(cell(2, "t") == .null && cell(2, "n") == .null)
            #expect(cell(3, "n") == "NaN" && cell(3, "day") == "infinity" && cell(3, "d") == "-Infinity")
            #expect(
                cell(4, "n") == "123456789012345678901234567890.123456789" && cell(4, "at") == "1900-02-28 12:00:00+00")
            #expect(cell(4, "t")?.stringValue == "a,\"quoted\",\n line; tab\t cr\r end \\ \\. é漢字😀 ")
            #expect(cell(5, "t") == "'=1+1" && cell(5, "v") == "-7" && cell(5, "n2") == -5.5)
            #expect(cell(6, "id") == "9007199254740993" && cell(6, "t")?.stringValue?.utf16.count == 32_767)
        }
    }

    @Test func compressedPartsAddUpToTheWhole() async throws {
        try await withExports { stack, _ in
            let numbers: JSON = [["dataset": "numbers", "parameters": ["count": 25_000]]]
            let whole = try await stack.export(["sources": numbers, "format": "jsonl"])
            let lines = try await stack.content(of: whole, 0)
            for (compression, suffix, program) in [("gzip", ".gz", "gzip"), ("zstd", ".zst", "zstd")] {
                let parts = try await stack.export([
                    "sources": numbers, "format": "jsonl", "compression": .string(compression),
                    "parts": ["rows": 10_000],
                    "name": "numbers",
                ])
                let files = try #require(parts["artifacts"]?.arrayValue)
                #expect(
                    files.map { $0["name"]?.stringValue }
                        == (1...3).map { "numbers-0000\($0).jsonl\(suffix)" })
                #expect(files.map { $0["rows"] } == [10_000, 10_000, 5_000])
                var read: [UInt8] = []
                for index in files.indices {
                    let path = stack.folder + "/part\(suffix)"
                    try Data(try await stack.content(of: parts, index)).write(to: URL(fileURLWithPath: path))
                    read += Array(try await runScript("\(program) -dc < \(path)", in: stack.folder).utf8)
                }
                #expect(read == lines)
            }
            // The job's files are these and the manifest, which says the same as the result.
            let listed = try await stack.artifacts(of: whole)
            #expect(Set(listed.compactMap { $0["name"]?.stringValue }) == ["export.jsonl", "export.manifest.json"])
            let manifest = try #require(listed.first { $0["name"] == "export.manifest.json" }?["uri"]?.stringValue)
            #expect(try await stack.api.get(manifest).json["rows"] == 25_000)
        }
    }

    @Test func whatATenantMayNotSeeIsNotThere() async throws {
        try await withExports { stack, _ in
            try await stack.startWorker()
            try await stack.expectCompleted(try await stack.submitNoop(3))
            let own = try await stack.export([
                "sources": [
                    ["dataset": "jobs", "parameters": ["types": ["noop"]], "columns": ["id", "type", "status"]]
                ], "format": "json",
            ])
            let jobs = try JSON.parse(try await stack.content(of: own, 0)).arrayValue ?? []
            #expect(jobs.count == 3 && jobs.allSatisfy { $0["status"] == "completed" && $0["type"] == "noop" })
            let other = stack.client(
                key: try await stack.store.createKey(namespace: "other", name: "other", scopes: [.admin]))
            for dataset in Dataset.builtIn.map(\.name) where dataset != "jobs" && dataset != "files" {
                let job = try await stack.submit("export", ["sources": [["dataset": .string(dataset)]]], by: other)
                #expect(try await stack.ended(job, by: other)["result"]?["rows"] == 0, "\(dataset)")
            }
            let job = try await stack.submit(
                "export",
                ["sources": [["dataset": "jobs", "parameters": ["types": ["noop"]]]]], by: other)
            #expect(try await stack.ended(job, by: other)["result"]?["rows"] == 0)
            let refused = try await stack.submit(
                "export",
                ["sources": [["dataset": "numbers", "parameters": ["count": 1]]]], by: other)
            #expect(try await stack.ended(refused, by: other)["error"]?["code"] == "unknown_dataset")
        }
    }

    @Test func whatCannotBeExportedIsSaid() async throws {
        let cases: [(source: JSON, code: String, word: String)] = [
            (["dataset": "nothing"], "unknown_dataset", "nothing"),
            (["dataset": "numbers"], "invalid_source", "count"),
            (["dataset": "numbers", "parameters": ["count": "x"]], "invalid_source", "whole number"),
            (["dataset": "numbers", "parameters": ["count": 1, "more": 2]], "invalid_source", "more"),
            (["dataset": "every_type", "columns": ["id", "none"]], "invalid_source", "no column none"),
            (
                ["dataset": "every_type", "filters": [["column": "u", "op": "eq", "value": "x"]]], "invalid_source",
                "uuid"
            ),
            (
                ["dataset": "every_type", "filters": [["column": "i", "op": "in", "value": []]]], "invalid_source",
                "list"
            ),
            (["dataset": "every_type", "filters": [["column": "i", "op": "eq"]]], "invalid_source", "is_null"),
            (["dataset": "every_type", "order": [["column": "j"]]], "invalid_source", "json"),
        ]
        try await withExports { stack, _ in
            for (source, code, word) in cases {
                let job = try await stack.submit("export", ["sources": [source]])
                let end = try await stack.ended(job)
                #expect(end["status"] == "failed" && end["error"]?["code"]?.stringValue == code, "\(end)")
                #expect(end["error"]?["message"]?.stringValue?.contains(word) == true, "\(end["error"] ?? .null)")
                #expect(end["attempt"] == 1)
            }
        }
    }

    @Test func aWorkerThatIsKilledTenTimesLeavesOneExport() async throws {
        try await withExports { stack, first in
            var worker = first
            let spec: JSON = [
                "sources": [["dataset": "numbers", "parameters": ["count": 1_000_000]]], "parts": ["rows": 100_000],
            ]
            let job = try await stack.submit("export", spec)
            for attempt in 1...10 {
                try await poll("attempt \(attempt) to run", within: .seconds(60), details: { stack.logs }) {
                    let row = try await stack.api.get("/api/v1/jobs/\(job.text)").json
                    return row["attempt"]?.intValue == attempt && row["status"] == "running"
                }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...400)))
                worker.kill()
                #expect(try await stack.artifacts(ofJob: job).isEmpty, "nothing is seen of what is not whole")
                worker = try await stack.startWorker(
                    "ExportsWorker", ["SWITCHYARD_DATASETS": stack.folder + "/datasets.json"])
            }
            let end = try await stack.ended(job)
            let result = try #require(end["result"], "\(end)")
            #expect(result["rows"] == 1_000_000)
            let files = try #require(result["artifacts"]?.arrayValue)
            #expect(files.count == 10)
            let listed = try await stack.artifacts(ofJob: job)
            #expect(listed.count == 11)
            // Beside what was being written when a worker died, which a sweep takes a day later.
            let stored = try FileManager.default.subpathsOfDirectory(atPath: stack.folder + "/files").filter {
                !$0.hasPrefix("tmp") && $0.contains("/")
            }
            #expect(Set(stored.map { String($0.suffix(36)) }) == Set(listed.compactMap { $0["id"]?.stringValue }))
            var rows = 0
            for index in files.indices {
                let lines = String(decoding: try await stack.content(of: result, index), as: UTF8.self).split(
                    separator: "\n")
                #expect(lines.first == "id,label" && lines.count == 100_001)
                for line in lines.dropFirst() {
                    rows += 1
                    if line != "\(rows),row \(rows)" { Issue.record("row \(rows) is \(line)") }
                }
            }
            #expect(rows == 1_000_000)
        }
    }
}

extension Stack {
    /// The result of an export that must succeed.
    func export(_ spec: JSON) async throws -> JSON {
        let end = try await end("export", spec)
        guard end["status"] == "completed", case .object(var result)? = end["result"] else {
            throw TestKitError("the export ended so: \(end)")
        }
        result["job"] = end["id"]
        return .object(result)
    }

    /// The bytes of the artifact at a place of a result; also checks its size and its digest.
    func content(of result: JSON, _ index: Int) async throws -> [UInt8] {
        let file = try #require(result["artifacts"]?[index])
        let id = try #require(file["id"]?.stringValue)
        let answer = try await api.get("/api/v1/artifacts/\(id)")
        #expect(answer.status == 200 && file["size"]?.intValue == answer.body.count)
        return answer.body
    }

    fileprivate func artifacts(of result: JSON) async throws -> [JSON] {
        try await artifacts(ofJob: try #require(result["job"]?.stringValue.flatMap(UUID.init(text:))))
    }

    fileprivate func artifacts(ofJob job: UUID) async throws -> [JSON] {
        let answer = try await api.get("/api/v1/jobs/\(job.text)/results?limit=100")
        return try #require(answer.json["items"]?.arrayValue ?? answer.json["artifacts"]?.arrayValue, "\(answer.text)")
    }

    /// A file's tables as Python reads them.
    fileprivate func read(_ bytes: [UInt8], _ name: String) async throws -> JSON {
        let path = folder + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let python = ProcessInfo.processInfo.environment["SWITCHYARD_TABLES_PYTHON"] ?? "python3"
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
            path: "../Tables/read.py"
        ).path
        return try JSON.parse(Array(try await runScript("\(python) \(script) \(path)", in: folder).utf8))
    }
}

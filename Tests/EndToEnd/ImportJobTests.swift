import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Imports, from files to tables and back.
@Suite(.serialized) struct ImportJobTests {
    private static let tables = """
        CREATE TABLE people (
            id bigint PRIMARY KEY, name text NOT NULL, born date, height numeric(5,2) CHECK (height > 0), is_member boolean DEFAULT false,
            note text, seen timestamptz DEFAULT now());
        CREATE TABLE numbers (id bigint, label text);
        CREATE TABLE every_type (
            id bigint PRIMARY KEY, s smallint, i integer, n numeric, n2 numeric(12,2), r real, d double precision, b boolean,
            t text, v varchar(50), u uuid, bytes bytea, day date, at timestamptz, local timestamp, time_of_day time, span interval,
            j json, jb jsonb, texts text[], ids uuid[], numbers integer[], reals real[]);
        CREATE TABLE every_type_again (LIKE every_type);
        """

    private static let datasets: JSON = [
        ["name": "people", "table": "people", "import": true], ["name": "numbers", "table": "numbers", "import": true],
        ["name": "every_type", "table": "every_type", "import": true],
        ["name": "every_type_again", "table": "every_type_again", "import": true],
        ["name": "secret", "table": "people", "import": true, "namespaces": ["other"]],
        ["name": "read_only", "table": "people"],
    ]

    private func withImports(_ body: (Stack, ServiceProcess) async throws -> Void) async throws {
        try await withStack { stack in
            let file = stack.folder + "/datasets.json"
            try Data(Self.datasets.serialized()).write(to: URL(fileURLWithPath: file))
            try await stack.database.withSession { try $0.script(Self.tables) }
            try await stack.startGateway()
            try await body(stack, try await stack.startWorker("ExportsWorker", ["SWITCHYARD_DATASETS": file]))
        }
    }

    private static let people = """
        ID;Full name;born;Height;Is-Member
        1;"Ada; Countess";10.12.1815;1,65;yes
        2;Grace;09.12.1906;;no
        3;"";;1,80;yes

        """

    @Test func aDryRunTellsWhatWasFoundOut() async throws {
        try await withImports { stack, _ in
            let result = try await stack.imported(
                Self.people,
                [
                    "target": ["dataset": "people"], "dry_run": true,
                    "mapping": ["ID": "id", "Full name": "name", "born": "born"],
                    "values": ["decimal_comma": true, "date_order": "dmy"],
                ])
            #expect(
                result["layout"]?["dialect"]?["delimiter"] == ";" && result["layout"]?["dialect"]?["hasHeader"] == true,
                "\(result)")
            #expect(
                result["columns"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == [
                    "ID", "Full name", "born", "Height", "Is-Member",
                ])
            #expect(
                result["columns"]?.arrayValue?.compactMap { $0["type"]?.stringValue }.prefix(3) == [
                    "integer", "text", "date",
                ])
            #expect(result["mapping"]?.arrayValue?.count == 3 && result["loaded"] == 0)
            #expect(try await stack.rowCount(of: "people") == 0)
        }
    }

    @Test func rowsAreLoadedByNameAndUpdatedByKey() async throws {
        try await withImports { stack, _ in
            let spec: JSON = [
                "target": ["dataset": "people"],
                "mapping": ["ID": "id", "Full name": "name", "born": "born", "Height": "height"],
                "values": ["decimal_comma": true, "date_order": "dmy"], "key": ["id"],
            ]
            let first = try await stack.imported(Self.people, spec)
            #expect(first["loaded"] == 3 && first["updated"] == 0 && first["rejected"] == 0, "\(first)")
            let again = try await stack.imported(
                "ID;Full name;born;Height\n2;Grace Hopper;;1,7\n4;Dan;;2\n4;Dan the last;;2,1\n", spec)
            #expect(again["loaded"] == 1 && again["updated"] == 1, "\(again)")
            let rows = try await stack.database.query(
                "SELECT id, name, born::text AS born, height::text AS height FROM people ORDER BY id")
            let read = try rows.map { row in
                [
                    "\(try row.decode("id", as: Int.self))", try row.decode("name", as: String.self),
                    try row.decode("born", as: String?.self) ?? "-", try row.decode("height", as: String?.self) ?? "-",
                ]
            }
            #expect(
                read == [
                    ["1", "Ada; Countess", "1815-12-10", "1.65"], ["2", "Grace Hopper", "-", "1.70"],
                    ["3", "", "-", "1.80"],
                    ["4", "Dan the last", "-", "2.10"],
                ])
            try await stack.database.withSession { try $0.script("CREATE UNIQUE INDEX ON numbers (id)") }
            let numbers: JSON = ["target": ["dataset": "numbers"], "key": ["id"]]
            let nulls = try await stack.imported("id,label\n,a\n,b\n1,c\n1,d\n", numbers)
            #expect(nulls["loaded"] == 3, "null is no key: \(nulls)")
            var ignoring = try #require(spec.objectValue)
            ignoring["on_conflict"] = "ignore"
            let ignored = try await stack.imported(
                "ID;Full name;born;Height\n2;Nobody;;1\n5;Eve;;1\n", .object(ignoring))
            #expect(ignored["loaded"] == 1 && ignored["updated"] == 0)
        }
    }

    @Test func rejectedRowsAreToldMendedAndImportedAgain() async throws {
        try await withImports { stack, _ in
            let csv = """
                id,name,born,height
                1,a,2000-02-30,1
                2,b,2000-01-01,tall
                3,c,2000-01-01,-1
                4,d,2000-01-01,1.5
                5,e,2000-01-01
                x,f,,
                4,g,2000-01-01,1.5
                7,,2000-01-01,1.5
                =1+1,h,,
                -8,i,,-x

                """
            let spec: JSON = ["target": ["dataset": "people"], "on_error": "skip"]
            let result = try await stack.imported(csv, spec)
            #expect(result["loaded"] == 1 && result["rejected"] == 9, "\(result)")
            let id = try #require(result["artifacts"]?[0]?["id"]?.stringValue)
            let rejects = try await stack.api.get("/api/v1/artifacts/\(id)").text
            let lines = rejects.split(separator: "\n")
            #expect(lines[0] == "id,name,born,height,import_line,import_column,import_value,import_reason")
            #expect(
                lines[1]
                    == "1,a,2000-02-30,1,2,born,2000-02-30,'2000-02-30' is not a date of the calendar (YYYY-MM-DD)",
                "\(rejects)")
            #expect(lines[2].hasPrefix("2,b,2000-01-01,tall,3,height,tall,"))
            #expect(
                lines[3].hasPrefix("3,c,2000-01-01,-1,4,,,") && lines[3].contains("people_height_check"), "\(rejects)")
            #expect(lines[4].contains(",6,"), "\(rejects)")
            #expect(lines[6].hasPrefix("4,g,2000-01-01,1.5,8,,,") && lines[6].contains("people_pkey"))
            #expect(lines[7].hasPrefix("7,,2000-01-01,1.5,9,name,,"))
            // The row is as it was; beside it nothing runs in a spreadsheet.
            #expect(lines[8].hasPrefix("=1+1,h,,,10,id,'=1+1,"), "\(rejects)")
            #expect(lines[9].hasPrefix("-8,i,,-x,11,height,'-x,"), "\(rejects)")
            let mended = rejects.replacing("2000-02-30", with: "2000-02-29").replacing(",tall", with: ",1.9").replacing(
                ",-1,", with: ",1,")
            let again = try await stack.imported(mended, spec)
            #expect(again["loaded"] == 3 && again["rejected"] == 6, "\(again)")

            let clean = try await stack.imported("id,name\n20,x\n", spec)
            #expect(clean["artifacts"]?.arrayValue?.isEmpty == true)
            let stopped = try await stack.ended(
                try await stack.startImport("id,name\n10,x\nten,y\n", ["target": ["dataset": "people"]]))
            #expect(
                stopped["error"]?["code"] == "row_rejected" && stopped["error"]?["details"]?["line"] == 3, "\(stopped)")
            #expect(stopped["error"]?["details"]?["column"] == "id" && stopped["attempt"] == 1)
            let many = try await stack.ended(
                try await stack.startImport(
                    csv, ["target": ["dataset": "people"], "on_error": "skip", "max_errors": 3]))
            #expect(many["error"]?["code"] == "too_many_errors", "\(many)")
            let files = try await stack.api.get("/api/v1/jobs/\(many["id"]?.stringValue ?? "")/results").json
            #expect("\(files)".contains("rejected.csv"), "\(files)")
        }
    }

    @Test func whatCannotBeImportedIsSaid() async throws {
        try await withImports { stack, _ in
            let cases: [(text: String, spec: JSON, code: String, word: String)] = [
                ("a\n1\n", ["target": ["dataset": "none"]], "unknown_dataset", "people"),
                ("a\n1\n", ["target": ["dataset": "secret"]], "unknown_dataset", "people"),
                ("a\n1\n", ["target": ["dataset": "read_only"]], "unknown_dataset", "people"),
                ("a,b\n1,2\n", ["target": ["dataset": "people"]], "invalid_mapping", "mapping"),
                ("id\n1\n", ["target": ["dataset": "people"]], "invalid_mapping", "name"),
                (
                    "id,name\n1,2\n", ["target": ["dataset": "people"], "mapping": ["id": "none"]], "invalid_mapping",
                    "none"
                ),
                ("id,name\n1,2\n", ["target": ["dataset": "people"], "key": ["born"]], "invalid_key", "born"),
                ("id,name\n1,2\n", ["target": ["dataset": "people"], "key": ["name"]], "invalid_target", "unique"),
                ("", ["target": ["dataset": "people"]], "source_empty", "row"),
            ]
            for (text, spec, code, word) in cases {
                let end = try await stack.ended(try await stack.startImport(text, spec))
                #expect(end["status"] == "failed" && end["error"]?["code"]?.stringValue == code, "\(end)")
                #expect(end["error"]?["message"]?.stringValue?.contains(word) == true, "\(end["error"] ?? .null)")
            }
            #expect(try await stack.rowCount(of: "people") == 0)
        }
    }

    @Test func whatIsExportedImportedAndExportedIsTheSame() async throws {
        try await withImports { stack, _ in
            try await stack.database.withSession { try $0.script(Self.values) }
            for format in ["csv", "jsonl"] {
                let export: JSON = [
                    "sources": [["dataset": "every_type", "order": [["column": "id"]]]], "format": .string(format),
                    "formulas": "keep",
                ]
                let first = try await stack.exportedBytes(export)
                _ = try await stack.database.query("DELETE FROM every_type_again")
                let result = try await stack.imported(
                    first, ["target": ["dataset": "every_type_again"], "format": .string(format), "on_error": "skip"])
                #expect(result["loaded"] == 300 && result["rejected"] == 0, "\(result)")
                let second = try await stack.exportedBytes([
                    "sources": [["dataset": "every_type_again", "order": [["column": "id"]]]],
                    "format": .string(format), "formulas": "keep",
                ])
                // Line by line: what differs in megabytes takes the runner for ever to tell.
                let lines = [first, second].map { String(decoding: $0, as: UTF8.self).split(separator: "\n") }
                let different = zip(lines[0], lines[1]).first { $0.utf8.elementsEqual($1.utf8) == false }
                #expect(different == nil && first.count == second.count, "\(format)")
            }
        }
    }

    /// 300 rows of all types, with nulls, empty texts, quotes, line ends, backslashes, the ends of the ranges.
    private static let values = """
        INSERT INTO every_type SELECT n,
            CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN -32768 WHEN 2 THEN 32767 ELSE n END,
            CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN -2147483648 ELSE 2147483647 - n END,
            CASE n % 6 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' ELSE (n ^ 9)::numeric / 7 END,
            CASE n % 3 WHEN 0 THEN NULL ELSE -n / 3.0 END,
            CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN '-Infinity' ELSE (n / 3.0)::real END,
            CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN 1.7976931348623157e308 WHEN 2 THEN 5e-324 ELSE n / 7.0::double precision END,
            CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN true ELSE false END,
            CASE n % 9 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'a"b''c,d;e\\tf' WHEN 3 THEN E'line\\nline\\r\\nline\\r' WHEN 4 THEN E'\\\\N\\\\\\\\.\\\\'
                WHEN 5 THEN ' é漢字😀 ' || chr(1) || chr(127) || chr(8232) WHEN 6 THEN '\\.' WHEN 7 THEN repeat('x"', 40000) ELSE '=1' END,
            CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'NULL' ELSE repeat('ü', 50) END,
            CASE n % 3 WHEN 0 THEN NULL ELSE md5(n::text)::uuid END,
            CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN ''::bytea ELSE decode(md5(n::text), 'hex') END,
            CASE n % 6 WHEN 0 THEN NULL WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' WHEN 3 THEN '0001-01-01' WHEN 4 THEN '9999-12-31'
                ELSE '2024-02-29'::date + n END,
            CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN 'infinity' WHEN 2 THEN '2024-02-29 23:59:59.999999+00' ELSE '1970-01-01'::timestamptz + n * interval '7 hours 3.5 seconds' END,
            CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '1900-02-28 00:00:00' ELSE '2000-01-01'::timestamp + n * interval '1.000001 seconds' END,
            CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '24:00:00' ELSE '00:00'::time + n * interval '3.25 minutes' END,
            CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '-1 mon +3 days' ELSE n * interval '1 day 2 hours 3.5 seconds' END,
            CASE n % 8 WHEN 0 THEN NULL WHEN 1 THEN 'null' WHEN 2 THEN '[1,{"a":"b\\\\n"}]' WHEN 3 THEN '"  a "' WHEN 4 THEN '"[1]"' WHEN 5 THEN '"{x"' ELSE ('{"n":' || n || ',"t":"x\\"y"}') END::json,
            CASE n % 8 WHEN 0 THEN NULL WHEN 1 THEN 'null' WHEN 2 THEN '"text"' WHEN 3 THEN '"  a "' WHEN 4 THEN '"[1]"' WHEN 5 THEN '"{x"' ELSE jsonb_build_object('n', n / 3.0, 'a', ARRAY[1, NULL]) END::jsonb,
            CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '{}' ELSE ARRAY['a"b', NULL, E'c\\\\d,', '', 'NULL'] END,
            CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN '{}' ELSE ARRAY[md5(n::text)::uuid, NULL] END,
            CASE n % 3 WHEN 0 THEN NULL ELSE ARRAY[n, NULL, -n] END,
            CASE n % 3 WHEN 0 THEN NULL ELSE ARRAY[1.5, 'NaN', n / 3.0]::real[] END
        FROM generate_series(1, 300) n
        """

    @Test func aWorkerThatIsKilledTenTimesLoadsEveryRowOnce() async throws {
        try await withImports { stack, first in
            let rows = 600_000
            var csv = "id,label\n"
            for number in 1...rows { csv += "\(number),row \(number)\n" }
            let job = try await stack.startImport(Array(csv.utf8), ["target": ["dataset": "numbers"]])
            let end = try await stack.endedAfterTenKills(
                job, worker: first, ["SWITCHYARD_DATASETS": stack.folder + "/datasets.json"])
            #expect(end["result"]?["loaded"]?.intValue == rows, "\(end)")
            let found = try await stack.database.query(
                "SELECT count(*) AS n, count(DISTINCT id) AS ids, sum(id)::bigint AS total, bool_and(label = 'row ' || id) AS same FROM numbers"
            )[0]
            #expect(try found.decode("n", as: Int.self) == rows && found.decode("ids", as: Int.self) == rows)
            #expect(
                try found.decode("total", as: Int.self) == rows * (rows + 1) / 2 && found.decode("same", as: Bool.self))
        }
    }

    /// Each kill comes when the attempt has loaded a batch, so that the next one goes on behind an element of the array.
    @Test func anArrayIsTakenUpWhereAKilledWorkerWas() async throws {
        try await withImports { stack, first in
            let rows = 500_000
            let objects = (1...rows).map { "{\"id\":\($0),\"label\":\"row \($0)\"}" }
            let text = "[" + objects.joined(separator: ",\n") + "]\n"
            let job = try await stack.startImport(text, ["target": ["dataset": "numbers"]])
            var worker = first
            for kills in 1...3 {
                let before = try await stack.rowCount(of: "numbers")
                try await poll(
                    "a batch to be loaded after \(kills) starts", within: .seconds(60), details: { stack.logs }
                ) { try await stack.rowCount(of: "numbers") > before }
                worker.kill()
                worker = try await stack.startWorker(
                    "ExportsWorker", ["SWITCHYARD_DATASETS": stack.folder + "/datasets.json"])
            }
            let end = try await stack.ended(job)
            #expect(end["result"]?["loaded"]?.intValue == rows && end["attempt"] == 4, "\(end)")
            let ids = try await stack.database.query("SELECT count(DISTINCT id) AS n FROM numbers")[0]
            #expect(try ids.decode("n", as: Int.self) == rows)
            #expect(try await stack.rowCount(of: "numbers") == rows)
        }
    }
}

extension Stack {
    /// The bytes of the one file of an export.
    fileprivate func exportedBytes(_ spec: JSON) async throws -> [UInt8] {
        let end = try await ended(submit("export", spec))
        let id = try #require(end["result"]?["artifacts"]?[0]?["id"]?.stringValue, "\(end)")
        return try await api.get("/api/v1/artifacts/\(id)").body
    }
}

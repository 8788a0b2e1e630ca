import JSON
import Jobs
import Postgres
import TestKit
import Testing
import WorkerKit

@testable import ExportsWorker

/// The figures of a report, by the server.
@Suite struct ReportFiguresTests {
    private static let table = """
        CREATE TABLE t (id bigint, status text, amount numeric(12,2), ratio double precision, ok boolean, at timestamptz, day date, spec json,
            tags text[], long text);
        INSERT INTO t SELECT n, (ARRAY['done', 'failed', 'done'])[1 + n % 3], n, n / 10.0, n % 2 = 0, '2026-01-01Z'::timestamptz + n * interval '6 hours',
            '2026-01-01'::date + n, '{"a": 1}', '{x}', NULL FROM generate_series(0, 99) n;
        INSERT INTO t VALUES (100, NULL, NULL, 'Infinity', NULL, 'infinity', '-infinity', NULL, NULL, repeat('x', 1000000)),
            (101, '', -1e9, 1.7e308, NULL, NULL, NULL, NULL, NULL, ''), (102, '<b>', NULL, 1.7e308, NULL, NULL, NULL, NULL, NULL, '');
        """

    private func section(
        _ report: JSON, source: JSONObject = [:], isOnly: Bool = true, of rows: SQLText = "SELECT * FROM t"
    ) async throws -> ReportSection {
        var members: JSONObject = ["dataset": "t", "parameters": [:], "columns": [], "filters": [], "order": []]
        if source["columns"] == nil { members["order"] = [["column": "id", "descending": false]] }
        for (key, value) in source { members[key] = value }
        let source = try JSON.object(members).decode(Export.Source.self)
        let report = try report.decode(Export.Report.self)
        return try await TestDatabase.with(isMigrated: false) { test in
            try await test.database.withSession { session in
                try session.script(Self.table)
                let query = try SourceQuery(
                    source, Dataset("t", "Rows.", parameters: [], query: rows), namespace: "default")
                return try session.snapshot { session in
                    try SourceFigures(source: try query.table(session), report: report, isOnly: isOnly).section(session)
                }
            }
        }
    }

    private func chart(_ spec: JSONObject) async throws -> Chart {
        var members: JSONObject = ["kind": "bar", "aggregate": "count", "limit": 12]
        for (key, value) in spec { members[key] = value }
        let section = try await section(["rows": 0, "charts": [.object(members)]])
        return try #require(section.charts.first)
    }

    @Test func columnsAreSummedUp() async throws {
        let section = try await section(["rows": 3])
        #expect(section.rows == 103)
        let columns = Dictionary(uniqueKeysWithValues: section.columns.map { ($0.name, $0) })
        let id = try #require(columns["id"])
        #expect(id.nulls == 0 && id.distinct == 103 && id.least == "0" && id.most == "102" && id.mean == 51)
        #expect(id.frequent.isEmpty, "no value stands twice")
        let status = try #require(columns["status"])
        #expect(status.nulls == 1 && status.distinct == 4 && status.least == nil)
        #expect(status.frequent.map { "\($0.value) \($0.count)" } == ["done 67", "failed 33"])
        // Sums of great numbers do not overflow, and what is infinite has no number.
        #expect(columns["ratio"]?.most == "Infinity" && columns["ratio"]?.mean == .infinity)
        #expect(columns["amount"]?.least == "-1000000000.00")
        #expect(columns["at"]?.least == "2026-01-01 00:00:00+00" && columns["at"]?.most == "infinity")
        #expect(columns["spec"]?.nulls == 3 && columns["spec"]?.distinct == nil)
        #expect(columns["long"]?.frequent.first?.value == "(empty)")
        // The first rows, cut.
        #expect(section.table.rows.count == 3 && section.table.rows[1][0] == "1")
        let order: JSONObject = ["filters": [["column": "id", "op": "eq", "value": 100]]]
        let long = try await self.section(["rows": 1], source: order)
        #expect(long.table.rows[0][9] == String(repeating: "x", count: 99) + "…" && long.table.rows[0][1] == nil)
        #expect(long.description == ["Dataset: t. Rows.", "Filters: id is 100.", "Order: id."])
    }

    @Test func chartsAreChosenByTheColumns() async throws {
        let section = try await section(["rows": 0])
        #expect(section.charts.map(\.title) == ["Rows by at, by day", "Rows by status", "Rows by ok", "Rows by long"])
        let line = section.charts[0]
        #expect(line.figures.count == 25 && line.figures.allSatisfy { $0.value == 4 })
        #expect(line.figures.first?.label == "2026-01-01" && line.figures.last?.label == "2026-01-25")
        #expect(section.charts[1].figures.map(\.label) == ["done", "failed", "(empty)", "<b>", "(null)"])
        #expect(section.charts[1].figures.map(\.value) == [67, 33, 1, 1, 1])
        // Nothing is chosen where nothing is.
        let none = try await self.section(
            ["rows": 5], source: ["filters": [["column": "id", "op": "lt", "value": 0]]])
        #expect(none.rows == 0 && none.charts.isEmpty && none.table.rows.isEmpty && none.columns[0].least == nil)
    }

    @Test func chartsAreMadeAsAsked() async throws {
        let bars = try await chart(["x": "status", "y": "amount", "aggregate": "sum", "limit": 2])
        #expect(bars.title == "Sum of amount by status" && bars.figures.map(\.label) == ["done", "failed"])
        let sum = (0..<100).filter { $0 % 3 != 1 }.reduce(0, +)
        #expect(bars.figures[0].value == Double(sum))
        #expect(bars.note == "3 more values not shown, with -1,000,000,000 in all.")
        let months = try await chart(["x": "day", "by": "month", "y": "amount", "aggregate": "max", "title": "T"])
        #expect(months.title == "T" && months.figures.map(\.label) == ["2026-01", "2026-02", "2026-03", "2026-04"])
        #expect(months.figures.map(\.value) == [30, 58, 89, 99])
        let gaps = try await section(
            ["rows": 0, "charts": [["kind": "line", "x": "day", "by": "day", "aggregate": "count", "limit": 1]]],
            source: ["filters": [["column": "id", "op": "in", "value": [1, 4]]]])
        #expect(gaps.charts[0].figures.map(\.value) == [1, 0, 0, 1], "days without rows are there")
        let numbers = try await chart(["kind": "line", "x": "ratio", "y": "amount", "aggregate": "avg"])
        #expect(numbers.figures.count == 101 && numbers.figures[10].position == 1, "infinity has no place")
        #expect(numbers.figures[100].value == -1e9)
    }

    @Test(
        arguments: [
            (["x": "none"], "no column none"), (["x": "spec"], "json"),
            (["x": "status", "kind": "line"], "times or numbers"),
            (["x": "status", "by": "day"], "step of times"), (["x": "status", "aggregate": "sum"], "`y`"),
            (["x": "status", "y": "ok", "aggregate": "avg"], "boolean"),
            (["x": "status", "y": "none"], "no column none"),
        ] as [(JSONObject, String)])
    func aChartThatCannotBeIsSaid(spec: JSONObject, word: String) async throws {
        let failure = await #expect(throws: JobFailure.self) { try await chart(spec) }
        #expect(
            failure?.code == "invalid_report" && failure?.message.contains(word) == true, "\(failure?.message ?? "")")
    }

    @Test func tooManyPointsAreSaid() async throws {
        let failure = await #expect(throws: JobFailure.self) {
            try await section(
                [
                    "rows": 0,
                    "charts": [["kind": "line", "x": "wide", "by": "hour", "aggregate": "count", "limit": 1]],
                ],
                source: ["columns": ["wide"]],
                of: "SELECT '2026-01-01'::date + n * 100 AS wide FROM generate_series(0, 9) n")
        }
        #expect(failure?.message.contains("over 1000 points by hour") == true)
    }

    @Test func chartsOfOtherSourcesAreNotThisOnes() async throws {
        let charts: JSON = [
            ["source": "t", "kind": "bar", "x": "ok", "aggregate": "count", "limit": 5],
            ["source": "other", "kind": "bar", "x": "whatever", "aggregate": "count", "limit": 5],
        ]
        let section = try await section(["rows": 0, "charts": charts], isOnly: false)
        #expect(section.charts.map(\.title) == ["Rows by ok"])
    }
}

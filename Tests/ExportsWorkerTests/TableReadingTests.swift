import Foundation
import JSON
import Jobs
import Postgres
import Tabular
import Testing
import WorkerKit

@testable import ExportsWorker

/// How rows of a table become batches.
@Suite struct TableReadingTests {
    /// A target that takes rows whose first field is `good`.
    private struct Target: ImportTarget {
        final class Writer: RowWriter {
            func append(_ record: borrowing Tabular.Record, to output: inout [UInt8]) -> [RowFault] {
                guard record.text(of: 0) == "good" else { return [record.fault(in: 0, reason: "it is not good")] }
                output.append(0x0A)
                return []
            }
        }

        let names: [String] = []
        let batch = BatchSize(rows: 1000, bytes: 1 << 20)
        let places: [ColumnPlace] = []
        mutating func map(_ source: TableLayout) throws(JobFailure) {}
        func writer() -> any RowWriter { Writer() }
        func load(
            _ rows: Range<Int>, of batch: ImportBatch, for origin: UUID, within deadline: BatchLoad.Deadline,
            _ session: Session
        ) throws -> LoadCounts { LoadCounts() }
    }

    /// The batches of a CSV file whose second fields have so many bytes.
    private func batches(_ first: String, rows: Int, bytes: Int) async throws -> [ImportBatch] {
        let path = NSTemporaryDirectory() + "switchyard-\(UUID().uuidString).csv"
        let row = first + "," + String(repeating: "x", count: bytes) + "\n"
        try Data(("state,text\n" + String(repeating: row, count: rows)).utf8).write(to: URL(fileURLWithPath: path))
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: path) } }
        let reading = TableReading(TableFile(path: path))
        _ = try await reading.findLayout(naming: ["state", "text"])
        try await reading.begin(for: Target(), at: nil)
        var batches: [ImportBatch] = []
        while batches.last?.isLast != true { batches.append(try await reading.next(mostRejected: 100_000)) }
        return batches
    }

    @Test func rejectedRowsAreBoundedByTheirBytes() async throws {
        let batches = try await batches("bad", rows: 50, bytes: 300_000)
        #expect(batches.map(\.rejected.count).max() == 4)
        #expect(batches.map(\.rejected.count).reduce(0, +) == 50)
        #expect(batches.flatMap(\.rejected).map(\.number) == Array(1...50))
        let small = try await self.batches("bad", rows: 10_000, bytes: 1)
        #expect(small.count > 4, "a fault takes room, too")
    }

    /// A server that refuses them is told of with all that they were.
    @Test func rowsAreBoundedByWhatTheyWereMadeOf() async throws {
        let batches = try await batches("good", rows: 50, bytes: 1 << 20)
        #expect(batches.map(\.rows.count) == [32, 18])
    }

    /// What the target has is looked for in the whole file, and what it has not costs nothing of what is found.
    @Test(arguments: [TableFormat.jsonLines, .jsonArray]) func membersOfLaterRowsAreColumns(
        format: TableFormat
    ) async throws {
        var rows = (1...35_000).map { "{\"id\":\($0)}" }
        rows[12_000] = #"{"id":12001,"Late-One":"x"}"#
        rows[25_000] = #"{"id":25001,"late_two":"y"}"#
        let text = format == .jsonLines ? rows.joined(separator: "\n") : "[" + rows.joined(separator: ",\n") + "]"
        let path = NSTemporaryDirectory() + "switchyard-\(UUID().uuidString).json"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: path) } }
        for (names, columns) in [
            (["id"], ["id"]), (["id", "late_one"], ["id", "Late-One"]),
            (["id", "none"], ["id", "Late-One", "late_two"]),
        ] as [(Set<String>, [String])] {
            let reading = TableReading(TableFile(path: path))
            let layout = try await reading.findLayout(naming: names)
            #expect(layout.format == format && layout.columns == columns)
            let found = try await reading.fields(at: [Position(number: 1)])
            #expect(found[1]?.count == columns.count)
            #expect(try await reading.guess().count == columns.count)
        }
    }
}

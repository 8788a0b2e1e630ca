import Foundation

import Testing

@testable import ExportsWorker
@testable import Postgres

/// Keeps what is written.
final class KeptFiles: FileOutput {
    struct File: Equatable {
        let table: String?
        var bytes: [UInt8] = []
        var rows = 0

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private(set) var files: [File] = []
    private(set) var counted = 0

    func begin(table: String?) throws { files.append(File(table: table)) }
    func append(_ bytes: [UInt8]) throws { files[files.count - 1].bytes += bytes }
    func count(rows: Int) throws { counted += rows }
    func end(rows: Int) throws { files[files.count - 1].rows = rows }
}

@Suite struct FormatTests {
    private let table = ExportTable(
        name: "t",
        columns: ["a", "b \"quoted\", long"].map { ResultColumn(name: $0, type: .bytea, typeName: "text") })

    private func write(_ rows: [String], by writer: any TableWriter) throws {
        try writer.begin(table)
        for row in rows { try Array((row + "\n").utf8).withUnsafeBytes { try writer.add($0) } }
        try writer.end()
        try writer.finish()
    }

    private func csv(_ crlf: Bool = false, mark: Bool = false, header: Bool = true) -> CSVFormat {
        CSVFormat(
            delimiter: 0x2C, hasHeader: header, hasByteOrderMark: mark, endsWithCRLF: crlf, formulas: FormulaGuard())
    }

    @Test func csvHasAHeaderAndTheLineEndsThatWereAskedFor() throws {
        let output = KeptFiles()
        try write(["1,=x", "2,\"a\nb\""], by: LineWriter(csv(true, mark: true), limits: PartLimits(), output: output))
        #expect(output.files.count == 1)
        #expect(output.files[0].text == "\u{FEFF}a,\"b \"\"quoted\"\", long\"\r\n1,'=x\r\n2,\"a\nb\"\r\n")
        #expect(output.files[0].rows == 2)
        #expect(output.counted == 2)
    }

    @Test func aFullFileIsFollowedByAnother() throws {
        let output = KeptFiles()
        let rows = (0..<7).map { "\($0),x" }
        try write(rows, by: LineWriter(csv(), limits: PartLimits(rows: 3), output: output))
        #expect(output.files.map(\.rows) == [3, 3, 1])
        #expect(output.files.allSatisfy { $0.text.hasPrefix("a,\"b") })
        #expect(output.files[2].text.hasSuffix("\n6,x\n"))
        let byBytes = KeptFiles()
        try write(rows, by: LineWriter(csv(header: false), limits: PartLimits(bytes: 8), output: byBytes))
        #expect(byBytes.files.map(\.text) == ["0,x\n1,x\n", "2,x\n3,x\n", "4,x\n5,x\n", "6,x\n"])
        #expect(byBytes.counted == 7)
    }

    @Test func jsonLinesAndArraysKeepTheServersText() throws {
        let rows = [#"{"a":"x\\\\ny","b":1}"#, "{\"a\":[1,\\n2],\"b\":null}"]
        let lines = KeptFiles()
        try write(rows, by: LineWriter(JSONFormat(isArray: false), limits: PartLimits(), output: lines))
        #expect(lines.files[0].text == "{\"a\":\"x\\\\ny\",\"b\":1}\n{\"a\":[1, 2],\"b\":null}\n")
        let array = KeptFiles()
        try write(rows, by: LineWriter(JSONFormat(isArray: true), limits: PartLimits(), output: array))
        #expect(array.files[0].text == "[\n{\"a\":\"x\\\\ny\",\"b\":1},\n{\"a\":[1, 2],\"b\":null}\n]\n")
        let empty = KeptFiles()
        try write([], by: LineWriter(JSONFormat(isArray: true), limits: PartLimits(), output: empty))
        #expect(empty.files[0].text == "[]\n")
    }

    @Test func copysTextIsRead() {
        var fields: [String?] = []
        Array("a\t\\N\t\tx\\\\y\\tz\\n\t\\\\N".utf8).withUnsafeBytes { row in
            CopyText.forEachField(of: row) { number, field in
                #expect(number == fields.count)
                fields.append(
                    field.map {
                        var bytes: [UInt8] = []
                        CopyText.unescape($0, to: &bytes)
                        return String(decoding: bytes, as: UTF8.self)
                    })
            }
        }
        #expect(fields == ["a", nil, "", "x\\y\tz\n", "\\N"])
    }
}

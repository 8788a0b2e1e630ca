import Foundation
import Tabular
import TestKit
import Testing

@Suite struct CSVReaderTests {
    @Test func fieldsAreCutAsTheStandardSays() throws {
        let outcome = try csv("a,b,c\r\n\"x, y\",\"say \"\"hi\"\"\",\"two\r\nlines\"\r\n,\"\", z \r\n")
        #expect(outcome.faults.isEmpty)
        #expect(outcome.rows == [["a", "b", "c"], ["x, y", "say \"hi\"", "two\r\nlines"], [nil, "", " z "]])
        #expect(outcome.positions.map(\.line) == [1, 2, 4])
        #expect(outcome.positions.map(\.offset) == [0, 7, 41])
    }

    @Test(arguments: [",", ";", "\t", "|", ":", "~"]) func anyDelimiterWillDo(delimiter: String) throws {
        let text = "1\(delimiter)\"2\(delimiter)\"\n\"3\" \(delimiter)4\n"
        let outcome = try csv(text, Dialect(delimiter: delimiter, hasHeader: false))
        #expect(outcome.rows == [["1", "2\(delimiter)"], ["3", "4"]])
    }

    /// A quote that stands where a field could begin opens one: the first one was alone. Any other ends the row at fault.
    @Test func linesBehindALoneQuoteAreReadAndThoseOfADamagedRowAreNot() throws {
        let lone = try csv("\"a,1\nb,2\nc,\"x\"\nd,3\n", columns: 2)
        #expect(lone.rows == [["b", "2"], ["c", "x"], ["d", "3"]])
        #expect(lone.faults.map(\.line) == [1])
        let damaged = try csv("\"a\nb\nc\"x,1\nd,2\n", columns: 2)
        #expect(damaged.rows == [["d", "2"]])
        #expect(damaged.positions.map(\.line) == [4])
        #expect(damaged.faults.first?.reason.hasSuffix("(the row reaches line 3)") == true)
    }

    @Test func aDialectMayHaveNoQuotes() throws {
        let outcome = try csv("\"a\tb\"\n\"\t\"\n", Dialect(delimiter: "\t", quote: nil, hasHeader: false))
        #expect(outcome.rows == [["\"a", "b\""], ["\"", "\""]])
    }

    @Test(arguments: ["", "ab", "é", "\n", "\u{0}"]) func signsThatCannotBeAreRefused(delimiter: String) {
        let error = #expect(throws: TableError.self) { try csv("a", Dialect(delimiter: delimiter)) }
        #expect(error?.kind == .unsupported)
        #expect(throws: TableError.self) { try csv("a", Dialect(delimiter: ",", quote: ",")) }
    }

    /// Every record offset is a place where a new reader goes on with the same.
    @Test func readingIsTakenUpAtEachRecord() throws {
        let text = "a,b\n1,\"x\ny\"\n\n\"lone,2\n3\n4,ü\r\n\"5\"\"\",6\r7,8\n9,\"never\n10,11"
        let bytes = Array(text.utf8)
        let whole = try csv(text, columns: 2)
        #expect(whole.rows.count == 6 && whole.faults.count == 3)
        for (index, position) in whole.positions.enumerated() {
            let rest = try readAll(
                CSVReader(
                    ArraySource(bytes, at: position.offset), dialect: Dialect(), columns: 2, at: position))
            #expect(rest.rows == Array(whole.rows[index...]))
            #expect(rest.positions == Array(whole.positions[index...]))
            #expect(rest.faults == whole.faults.filter { $0.position.number > position.number })
        }
    }

    /// Pieces of any size: fields, quotes and line ends are cut wherever they can be.
    @Test(arguments: [1, 2, 3, 5, 7, 11]) func itDoesNotMatterHowBytesArrive(pieces: Int) throws {
        let text = "a,b\r\n1,\"x\"\"y\"\r\n\"\r\n\",ü\r3,\"lone\r\n4,5\r\n6\r\n"
        let reader = try CSVReader(Trickle(Array(text.utf8), pieces), dialect: Dialect(), columns: 2)
        let (outcome, whole) = (try readAll(reader), try csv(text, columns: 2))
        #expect(outcome.rows == whole.rows)
        #expect(outcome.faults == whole.faults)
        #expect(outcome.positions == whole.positions)
    }

    /// The window is half a MiB: records lie across its edges.
    @Test func recordsOfAllLengthsAreReadAcrossTheWindow() throws {
        var generator = Seeded(state: 7)
        let rows = (0..<300).map { number in
            let length = Int.random(in: 0...30_000, using: &generator)
            return ["\(number)", String(repeating: number % 3 == 0 ? "x\"\n" : "ü,", count: length / 3)]
        }
        let text = rows.map {
            $0.map { "\"\($0.replacingOccurrences(of: "\"", with: "\"\""))\"" }.joined(separator: ",")
        }
        let outcome = try csv(text.joined(separator: "\r\n"))
        #expect(outcome.faults.isEmpty)
        #expect(outcome.rows == rows.map { $0.map { $0 } })
    }

    /// The end of a row that is passed over may be the last byte of a window of 256 KiB.
    @Test(arguments: ["\n", "\r", "\r\n"], -2...2) func aLongRowEndsAtTheEdgeOfTheWindow(lineEnd: String, shift: Int)
        throws
    {
        let long = String(repeating: "x", count: (256 << 10) - 1 + shift)
        let outcome = try csv("\(long)\(lineEnd)1,2\n", columns: 2, limits: ReadingLimits(recordBytes: 1000))
        #expect(outcome.rows == [["1", "2"]])
        #expect(outcome.positions == [Position(offset: long.utf8.count + lineEnd.utf8.count, line: 2, number: 2)])
        #expect(outcome.faults.map(\.code) == [.limit])
    }

    /// Random tables written by the rules are read back equal.
    @Test(arguments: 0..<40) func whatIsWrittenIsRead(seed: Int) throws {
        var generator = Seeded(state: UInt64(seed))
        let letters = ["a", "ä", "\"", ",", ";", "\n", "\r\n", " ", "\t", "0", "'", "日", "😀", "\\", "NULL"]
        let delimiter = try #require([",", ";", "\t", "|"].randomElement(using: &generator))
        let lineEnd = try #require(["\n", "\r\n", "\r"].randomElement(using: &generator))
        let columns = Int.random(in: 1...6, using: &generator)
        var rows: [[String?]] = []
        for _ in 0..<Int.random(in: 1...50, using: &generator) {
            rows.append(
                (0..<columns).map { _ in
                    guard Int.random(in: 0..<5, using: &generator) > 0 else { return nil }
                    let count = Int.random(in: 0...8, using: &generator)
                    return (0..<count).map { _ in letters.randomElement(using: &generator) ?? "" }.joined()
                })
        }
        let text =
            rows.map { row in
                row.map { field in
                    guard let field else { return "" }
                    let isPlain = !field.isEmpty && !field.utf8.contains { "\",;\t|\r\n".utf8.contains($0) }
                    if isPlain && Bool.random(using: &generator) { return field }
                    return "\"" + field.replacingOccurrences(of: "\"", with: "\"\"") + "\""
                }.joined(separator: delimiter)
            }.joined(separator: lineEnd) + lineEnd
        let outcome = try csv(text, Dialect(delimiter: delimiter, hasHeader: false), columns: columns)
        #expect(outcome.faults.isEmpty)
        #expect(outcome.rows == rows)
    }
}

/// Gives a few bytes at a time.
private final class Trickle: ByteSource {
    private let source: ArraySource
    private let most: Int

    init(_ bytes: [UInt8], _ most: Int) {
        source = ArraySource(bytes)
        self.most = most
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(most, buffer.count)]))
    }
}

import Compression
import Foundation
import Tabular
import TestKit
import Testing

@Suite struct SourceTests {
    private static let text = "name,wert\nMüller,1\nGröße,2\nStraße,3\n"
    private static let rows: [[String?]] = [["Müller", "1"], ["Größe", "2"], ["Straße", "3"]]

    private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        var writer = try GzipWriter()
        return try writer.member(bytes)
    }

    @Test(arguments: [
        "UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32", "ISO-8859-1", "WINDOWS-1252", "ISO-8859-15", "CP850",
    ]) func encodingsThatAreToldAreDecoded(encoding: String) throws {
        let bytes = try encoded(Self.text, encoding)
        let (layout, outcome) = try readFile(bytes, TableSettings(encoding: encoding))
        #expect(outcome.rows == Self.rows)
        #expect(layout.columns == ["name", "wert"])
        #expect(layout.encoding?.evidence == .told)
        let (again, second) = try readFile(try gzip(bytes), TableSettings(encoding: encoding))
        #expect(second.rows == Self.rows)
        #expect(again.isCompressed)
    }

    @Test func marksAreFoundAndAreNoText() throws {
        for (encoding, mark) in [
            ("UTF-8", [0xEF, 0xBB, 0xBF]), ("UTF-16LE", [0xFF, 0xFE]), ("UTF-16BE", [0xFE, 0xFF]),
        ]
            as [(String, [UInt8])]
        {
            let (layout, outcome) = try readFile(mark + (try encoded(Self.text, encoding)))
            #expect(outcome.rows == Self.rows)
            #expect(layout.encoding?.name == encoding)
            #expect(layout.encoding?.evidence == .mark)
            #expect(layout.columns == ["name", "wert"])
        }
    }

    @Test func encodingsAreGuessed() throws {
        let german = String(repeating: "Müller;Größe;über die Straße;schöne Grüße\n", count: 30)
        let (layout, outcome) = try readFile(try encoded(german, "WINDOWS-1252"))
        #expect(layout.encoding?.evidence == .guessed)
        #expect(outcome.rows.first == ["Müller", "Größe", "über die Straße", "schöne Grüße"])
        let russian = String(repeating: "Привет;мир;как дела\nСпасибо;хорошо;вот\n", count: 30)
        #expect(try readFile(try encoded(russian, "WINDOWS-1251")).1.rows.last == ["Спасибо", "хорошо", "вот"])
        let japanese = String(repeating: "こんにちは,世界,日本語の文章です\n東京,大阪,京都\n", count: 30)
        #expect(try readFile(try encoded(japanese, "SHIFT_JIS")).1.rows.last == ["東京", "大阪", "京都"])
        let wide = try readFile(try encoded(german, "UTF-16LE"))
        #expect(wide.0.encoding?.name == "UTF-16LE")
        #expect(wide.1.rows.first == ["Müller", "Größe", "über die Straße", "schöne Grüße"])
    }

    /// One wrong byte makes no other encoding of a text in UTF-8.
    @Test func aDamagedTextInUTF8IsStillOne() throws {
        var bytes = Array(String(repeating: "Größe,Straße\nMüller,süß\n", count: 20).utf8)
        bytes[20] = 0xFF
        let (layout, outcome) = try readFile(bytes)
        #expect(layout.encoding?.name == "UTF-8")
        #expect(outcome.faults.map(\.code) == [.encoding])
        #expect(outcome.rows.last == ["Müller", "süß"])
    }

    @Test func badBytesAreReplacedWhereThatIsAskedFor() throws {
        var settings = TableSettings(encoding: "UTF-8", hasHeader: false, rules: RowRules(badBytes: .replace))
        let bytes: [UInt8] =
            Array("1,a".utf8) + [0xFF, 0xE2, 0x82] + Array("\",\"q\"\"".utf8) + [0xC3] + Array("\"\n".utf8)
        #expect(try readFile(bytes, settings).1.rows == [["1", "a\u{FFFD}\u{FFFD}\"", "q\"\u{FFFD}"]])
        settings.encoding = "UTF-16LE"
        let wide: [UInt8] = [0x31, 0, 0x2C, 0, 0x00, 0xDC, 0x61, 0, 0x0A, 0]
        #expect(try readFile(wide, settings).1.rows == [["1", "\u{FFFD}a"]])
    }

    /// The decoder's window ends within characters, again and again.
    @Test func longTextsAreDecodedAcrossPieces() throws {
        let rows = (0..<40_000).map { "\($0),日本語のテキスト\($0 % 7)" }
        let bytes = try encoded("n,t\n" + rows.joined(separator: "\n"), "EUC-JP")
        let (_, outcome) = try readFile(bytes, TableSettings(encoding: "EUC-JP"))
        #expect(outcome.rows.map { "\($0[0] ?? ""),\($0[1] ?? "")" } == rows)
        #expect(outcome.faults.isEmpty)
    }

    @Test func gzipIsInflatedMemberByMember() throws {
        let rows = (0..<100_000).map { "\($0),row" }
        let text = Array(("n,t\n" + rows.joined(separator: "\n") + "\n").utf8)
        let members = stride(from: 0, to: text.count, by: 300_001)
            .map { Array(text[$0..<min($0 + 300_001, text.count)]) }
        let file = try members.flatMap(gzip)
        let (layout, outcome) = try readFile(file)
        #expect(layout.isCompressed)
        #expect(outcome.rows.count == rows.count)
        #expect(outcome.rows.last == ["99999", "row"])
        // Padding is no member.
        #expect(try readFile(file + [0, 0, 0, 0, 0]).1.rows.count == rows.count)
        let cut = #expect(throws: TableError.self) { try readFile(Array(file.dropLast(20))) }
        #expect(cut?.kind == .corrupt)
        var damaged = file
        damaged[2000] ^= 0x55
        damaged[2001] ^= 0x55
        let broken = #expect(throws: TableError.self) { try readFile(damaged) }
        #expect(broken?.kind == .corrupt)
    }

    /// Two frames, and one to be skipped between them.
    @Test func zstandardIsInflatedFrameByFrame() throws {
        let text = Array((0..<50_000).map { "\($0),zeile\n" }.joined().utf8)
        let half = text.count / 2
        let frames =
            try ZstdFrames.compress(Array(text[..<half])) + ZstdFrames.skippable
            + ZstdFrames.compress(Array(text[half...]))
        let (layout, outcome) = try readFile(frames, TableSettings(hasHeader: false))
        #expect(layout.isCompressed)
        #expect(outcome.rows.count == 50_000)
        #expect(outcome.rows.last == ["49999", "zeile"])
        let cut = #expect(throws: TableError.self) { try readFile(Array(frames.dropLast(9))) }
        #expect(cut?.kind == .corrupt)
    }

    @Test func bombsAreStopped() throws {
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: 8 << 20)
        for bomb in [try gzip(zeros), try ZstdFrames.compress(zeros)] {
            var settings = TableSettings(format: .csv)
            settings.limits.recordBytes = 1 << 20
            settings.inflation = InflationLimits(bytes: 4 << 20)
            #expect(#expect(throws: TableError.self) { try readFile(bomb, settings) }?.kind == .tooLarge)
            settings.inflation = InflationLimits(ratio: 100, freeBytes: 1 << 20)
            let error = #expect(throws: TableError.self) { try readFile(bomb, settings) }
            #expect(error?.kind == .tooLarge)
            #expect(error?.message.contains("100 times") == true)
        }
    }

    /// Wherever a file was left, whatever it is compressed by and encoded in, reading goes on there.
    @Test(arguments: ["UTF-8", "UTF-16", "WINDOWS-1252"], [false, true])
    func aFileIsTakenUpAtEachRecord(encoding: String, isCompressed: Bool) throws {
        let plain = try encoded("sep=;\nname;wert\n\"Mü\nller\";1\nGröße\nStraße;3\n", encoding)
        try withFile(isCompressed ? gzip(plain) : plain) { path in
            let table = TableFile(path: path, settings: TableSettings(encoding: encoding))
            let layout = try table.layout()
            #expect(layout.columns == ["name", "wert"])
            let whole = try readAll(table.reader(layout))
            #expect(whole.rows == [["Mü\nller", "1"], ["Straße", "3"]])
            #expect(whole.positions.map(\.line) == [3, 6])
            #expect(whole.faults.map(\.line) == [5])
            for (index, position) in whole.positions.enumerated() {
                let rest = try readAll(table.reader(layout, at: position))
                #expect(rest.rows == Array(whole.rows[index...]))
                #expect(rest.positions == Array(whole.positions[index...]))
            }
        }
    }

    @Test func aFileThatIsNotThereIsUnreadable() {
        let error = #expect(throws: TableError.self) { try TableFile(path: "/nowhere/at/all").layout() }
        #expect(error?.kind == .unreadable)
    }
}

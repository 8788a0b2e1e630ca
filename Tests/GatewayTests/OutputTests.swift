import Crypto
import Foundation
import JSON
import Jobs
import Testing

@testable import Gateway

@Suite struct OutputTests {
    private func csv(_ records: [String], of name: String = "o") throws -> [String] {
        let samples = records.enumerated().map { number, record in
            OutputSample(
                operatorName: name, attempt: 1, number: Int32(number + 1), taskIndex: 0,
                at: Date(timeIntervalSince1970: 1_800_000_000), record: Array(record.utf8))
        }
        let text = String(decoding: try CSV.text(of: samples), as: UTF8.self)
        #expect(text.hasSuffix("\r\n"))
        // Everything that comes before the record's own columns is the same in each line.
        return text.components(separatedBy: "\r\n").dropLast().map { line in
            line.replacingOccurrences(of: #"^o,0,1,\d+,[^,]*Z,"#, with: "", options: .regularExpression)
        }
    }

    @Test func recordsBecomeLinesUnderTheColumnsOfAll() throws {
        let lines = try csv([
            #"{"a":1,"b":"x"}"#, #"{"b":"y, z","c":[1,{"d":"\""}]}"#, #"{"a":null,"b":"two\r\nlines","c":true}"#,
        ])
        #expect(lines[0] == "operator,task_index,attempt,number,at,record.a,record.b,record.c")
        #expect(lines[1] == "1,x,")
        #expect(lines[2] == #","y, z","[1,{""d"":""\""""}]""#)
        #expect(lines[3...].joined(separator: "|") == #","two|lines",true"#, "a line break stays inside its quotes")
        #expect(try csv(["3", #""x""#]) == ["operator,task_index,attempt,number,at,record", "3", "x"])
        #expect(try csv([]) == ["operator,task_index,attempt,number,at"])
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("@SUM(A1)", "'@SUM(A1)"), ("-2+3", "'-2+3"), ("\t=1", "'\t=1"),
        ("＝1", "'＝1"), ("-5", "-5"), ("-5.25", "-5.25"), ("+1e9", "+1e9"), ("-1,5", "-1,5"), ("5-3", "5-3"), ("", ""),
        ("-", "'-"), ("'=1", "'=1"),
    ]) func formulasAreMadeHarmlessAndNumbersAreNot(text: String, harmless: String) {
        #expect(CSV.harmless(text) == harmless)
    }

    @Test func numbersOfJSONKeepTheirSignAndNamesOfColumnsAreHarmless() throws {
        let lines = try csv([#"{"n":-5,"=x":"-7","q\u0022\u0301":"=\u0022\u0301"}"#])
        #expect(lines[0].hasPrefix("operator,task_index,attempt,number,at,record.n,record.=x,"))
        #expect(lines[1].hasPrefix("-5,-7,"))
        #expect(lines[1].unicodeScalars.count(where: { $0 == "\"" }) == 4, "a quote with a mark is a quote")
    }

    @Test func cursorsComeBack() throws {
        let id = UUIDv7.generate()
        #expect(try Cursor.file(Cursor.text(file: id)) == id)
        let sample = OutputSample(
            operatorName: "a.b. c", attempt: 2, number: 7, taskIndex: 0, at: Date(), record: [])
        let position = try Cursor.sample(Cursor.text(after: sample))
        #expect(position == ("a.b. c", 2, 7))
        for text in ["", "x", Cursor.text(file: id), Cursor.text(attempt: 1, number: 2)] {
            #expect(throws: Problem.self) { try Cursor.sample(text) }
        }
    }

    @Test func placesInALogAreReadStrictly() {
        #expect(LogStream.position("2.17").map { $0 == (2, 17) } == true)
        for text in ["", "2", "2.", ".1", "a.b", "-1.2", "1.2.3", "99999999999.1"] {
            #expect(LogStream.position(text) == nil, "\(text)")
        }
    }
}

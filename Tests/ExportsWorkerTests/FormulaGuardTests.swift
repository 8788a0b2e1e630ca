import Testing

@testable import ExportsWorker
@testable import Postgres

@Suite struct FormulaGuardTests {
    private func guarded(_ row: String, delimiter: String = ",") -> (row: String, changed: Int) {
        var formulas = FormulaGuard()
        formulas.begin(
            ExportTable(
                name: "t",
                columns: (0..<9).map {
                    ResultColumn(name: "\($0)", type: .bytea, typeName: $0 == 8 ? "interval" : "text")
                }
            ))
        var bytes: [UInt8] = []
        Array(row.utf8).withUnsafeBytes {
            formulas.append($0, delimiter: delimiter.utf8.first ?? 0, to: &bytes)
        }
        return (String(decoding: bytes, as: UTF8.self), formulas.changed)
    }

    @Test(arguments: [
        ("=1+1", "'=1+1"), ("a,=1", "a,'=1"), ("@SUM(A1),b", "'@SUM(A1),b"), ("+cmd|x,-y", "'+cmd|x,'-y"),
        ("\"=HYPERLINK(\"\"http://x\"\",1)\",2", "\"'=HYPERLINK(\"\"http://x\"\",1)\",2"),
        ("\"\t=1\"", "\"'\t=1\""), ("\"\r=1\",\"-a,b\"", "\"'\r=1\",\"'-a,b\""), ("-", "'-"), ("-1-2", "'-1-2"),
        ("+49 170 1", "'+49 170 1"), ("-1e", "'-1e"), ("=", "'="), ("x,\"=a\n,=b\",=c", "x,\"'=a\n,=b\",'=c"),
        ("-1..2", "'-1..2"), ("-1,-x", "-1,'-x"),
    ])
    func whatASpreadsheetWouldRunGetsAnApostrophe(row: String, expected: String) {
        #expect(guarded(row).row == expected)
        #expect(guarded(row).changed > 0)
    }

    @Test(arguments: [
        "-1", "-1.5,+2", "1,-2.5e-10,+3E5", "-100%", "\"-1,5\"", "-1.234.567", "", ",,", "\"\"", "a=1,b+2",
        "\"a\"\"=1\"",
        "é=,ü", "1,2,3,4,5,6,7,8,-1 mons", "\"a,=1\"", "'=1",
    ])
    func numbersAndPlainTextStayAsTheyAre(row: String) {
        #expect(guarded(row).row == row)
        #expect(guarded(row).changed == 0)
    }

    @Test func theDelimiterIsTheFilesOwn() {
        #expect(guarded("a;=b,=c", delimiter: ";").row == "a;'=b,=c")
        #expect(guarded("a\t=b", delimiter: "\t").row == "a\t'=b")
    }
}

import DocumentsWorker
import Foundation
import Markup
import Testing

/// Formats that are text, told by their content where the name says nothing.
struct TextFormatTests {
    private let extractor = Fixture.extractor

    private func extract(_ content: String, name: String = "") async throws -> Extracted {
        let file = try ScratchFile(Data(content.utf8))
        return try await extractor.extract(path: file.path, name: name)
    }

    @Test(arguments: [
        ("a,b\n1,\"x, \"\"y\"\"\"\n2,\n", "x.csv", "text/csv", [["a", "b"], ["1", "x, \"y\""], ["2", ""]]),
        ("a;b\n1,5;2\n3,5;4\n", "x.csv", "text/csv", [["a", "b"], ["1,5", "2"], ["3,5", "4"]]),
        ("a\tb\n1\tx,y\n", "x.tsv", "text/tab-separated-values", [["a", "b"], ["1", "x,y"]]),
        ("a|b|c\r\n1|2|3\r\n", "x.csv", "text/csv", [["a", "b", "c"], ["1", "2", "3"]]),
        ("a,b\n\"two\nlines\",2\n", "x.csv", "text/csv", [["a", "b"], ["two lines", "2"]]),
        ("one\ntwo\nthree\n", "x.csv", "text/csv", [["one"], ["two"], ["three"]]),
        ("x,y\n1,2\n3,4\n5,6\n", "", "text/csv", [["x", "y"], ["1", "2"], ["3", "4"], ["5", "6"]]),
        ("last,line\nhas,\"no end", "x.csv", "text/csv", [["last", "line"], ["has", "no end"]]),
    ])
    func tables(content: String, name: String, type: String, cells: [[String]]) async throws {
        let document = try await extract(content, name: name)
        #expect(document.cells == [cells])
        #expect(document.metadata.mediaType == type)
    }

    @Test(arguments: [
        ("Der Zug fährt über die große Brücke und hält danach am kleinen Bahnhof der Stadt.", "de"),
        ("Le train traverse le grand pont et il est arrivé à la gare de la ville.", "fr"),
        (
            "The train runs over the bridge, and then it stops at the small station of the town where the people are waiting.",
            "en"
        ),
        ("Vagony se v noci rozpojují a potom znovu řadí do vlaků, které jedou dál.", "cs"),
        ("列車は大きな橋を渡り、それから町の小さな駅に止まりました。", "ja"), ("17, 42.5; 1024 (3) = 11 - 12 + 13 / 14", nil),
    ])
    func languages(content: String, language: String?) async throws {
        #expect(try await extract(content).metadata.language == language)
    }

    @Test(arguments: [
        // As Pandoc writes them, and as cmark-gfm does.
        """
        <p>Brick<a href="#fn1" class="footnote-ref" role="doc-noteref"><sup>1</sup></a> and lime<a href="#fn2" role="doc-noteref">2</a>.</p>
        <section role="doc-endnotes"><ol><li id="fn1"><p>Fired nearby.</p><p>Twice.</p></li>
        <li id="fn2"><p>Slaked.<a href="#r2" role="doc-backlink">↩︎</a></p></li></ol></section>
        """,
        """
        <p>Brick<sup class="footnote-ref"><a href="#fn-b" data-footnote-ref>1</a></sup> and
        lime<sup><a href="#fn-l" data-footnote-ref>2</a></sup>.</p>
        <section class="footnotes"><ol><li id="fn-b"><p>Fired nearby.</p><p>Twice.</p></li>
        <li id="fn-l"><p>Slaked. <a href="#r" data-footnote-backref>↩</a></p></li></ol></section>
        """,
    ])
    func notesOfHTML(content: String) async throws {
        let document = try await extract("<!doctype html><html><body>\(content)</body></html>", name: "x.html")
        let lines = document.text.split(separator: "\n").map(String.init)
        #expect(lines == ["Brick[^1] and lime[^2].", "[^1]: Fired nearby.", "Twice.", "[^2]: Slaked."])
        #expect(document.markdown?.contains("Brick[^1] and lime[^2].") == true)
    }

    @Test func otherLinksAreNoNotes() async throws {
        let document = try await extract(
            "<!doctype html><p>See <a href=\"#fn1\">one</a>.</p><ol><li id=\"fn1\">An item.</li></ol>", name: "x.html")
        #expect(document.markdown == "See one.\n\n1. An item.\n")
        #expect(!document.text.contains("[^"))
        let back = try await extract(
            "<!doctype html><p><a class=\"backlink\" href=\"/all\">All of it</a></p>", name: "x.html")
        #expect(back.text == "All of it")
    }

    @Test(arguments: ["<h2 id=\"n\">Notes</h2>", "<div id=\"n\"></div>", "<div id=\"n\"><pre>x</pre></div>"])
    func aNoteWithoutAParagraphLeavesTheNextOneAlone(note: String) async throws {
        let document = try await extract(
            "<!doctype html><p>See<a role=\"doc-noteref\" href=\"#n\">1</a></p>\(note)<p>Body</p>", name: "x.html")
        #expect(document.text.hasPrefix("See[^1]\n\n") && document.text.hasSuffix("\n\nBody"), "\(document.text)")
    }

    @Test func aTextWithCommasIsNoTable() async throws {
        let poem = "One, two,\nthree, four,\nfive, six.\n"
        #expect(try await extract(poem, name: "poem.txt").text == poem)
        #expect(try await extract("Hello, reader.\n\nThis is a letter, and no table, of course.\n").tables.isEmpty)
    }

    @Test(arguments: [
        ("{\"wagon\": [1, 2]}", "", "application/json"), ("[1]\n[2]\n", "x.jsonl", "application/x-ndjson"),
        ("{\"wagon\": ", "x.json", "text/plain"),
    ])
    func json(content: String, name: String, type: String) async throws {
        let document = try await extract(content, name: name)
        #expect(document.metadata.mediaType == type)
        #expect(
            document.text.trimmingCharacters(in: .whitespacesAndNewlines)
                == content.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    @Test func xml() async throws {
        let document = try await extract(
            """
            <?xml version="1.0"?>
            <yard>
              <title>The yard</title>
              <p>Some <b>bold</b> words &amp; <i>more</i>.</p><note><p>Größe</p></note>
            </yard>
            """)
        #expect(document.text == "The yard\n\nSome bold words & more.\n\nGröße")
        #expect(document.metadata.title == "The yard" && document.metadata.mediaType == "application/xml")
    }

    @Test func hostileText() async throws {
        let bomb = (0..<40).reduce("<!DOCTYPE d [<!ENTITY e0 \"aaaaaaaaaa\">") { text, n in
            text + "<!ENTITY e\(n + 1) \"&e\(n);&e\(n);&e\(n);&e\(n);\">"
        }
        let cases: [(String, String, [ExtractionError.Code?])] = [
            ("<?xml version=\"1.0\"?>\(bomb)]><d>x &e40;</d>", "x.xml", [nil, .tooLarge, .corrupt]),
            (
                "<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><d>x &f;</d>", "x.xml",
                [nil, .corrupt]
            ),
            (String(repeating: "<d>", count: 100_000), "x.xml", [.tooLarge, .corrupt]),
            ("<d><e></d>", "x.xml", [.corrupt]),
            (String(repeating: "[", count: 1_000_000), "x.json", [nil]),
            (String(repeating: "\"", count: 999_999), "x.csv", [nil, .empty]),
            (String(repeating: ",", count: 3_000_000), "x.csv", [.empty, .tooLarge]),
        ]
        var limits = ExtractionLimits()
        limits.outputBytes = 8 << 20
        for (content, name, codes) in cases {
            let file = try ScratchFile(Data(content.utf8))
            do {
                let document = try await extractor.extract(path: file.path, name: name, limits: limits)
                #expect(codes.contains(nil), "\(content.prefix(40))")
                #expect(!document.text.contains("root:") && document.text.utf8.count < 4 << 20)
            } catch {
                #expect(codes.contains(error.code), "\(content.prefix(40)): \(error)")
            }
        }
    }
}

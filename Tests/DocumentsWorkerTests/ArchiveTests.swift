import DocumentsWorker
import Foundation
import Markup
import TestKit
import Testing

/// The formats that are archives of parts. What each sample has in it stands in `compose/samples/archives.py`.
struct ArchiveTests {
    private let extractor = Fixture.extractor

    @Test(arguments: [
        (
            "sample.pptx",
            """
            # The yard handbook

            For shunters

            ## Tools

            Größe zählt: 東京, 🚂.

            - a lamp **of brass**
                - with oil

            No bullet here; see [the yard](https://example.org/yard).

            1. look
            2. move

            | Track | State |
            | --- | --- |
            | 1 | free |
            | 2 | occupied \\| locked |

            > Show the lamp.

            """
        ),
        (
            "sample.xlsx",
            """
            ## Wagons

            | Wagon | Load | Due |
            | --- | --- | --- |
            | 7 | hard coal | 2024-05-01 |
            | 0.3 | iron & tin | 2024-05-01 10:30:00 |
            | TRUE | 12.5% | 2.5 |

            ## More

            | Größe zählt |
            | --- |

            """
        ),
        (
            "sample.odt",
            """
            # The yard handbook

            # How work is done

            Every wagon has a **destination** and a *deadline*; see [**the yard**](https://example.org/yard).[^1]

            ## Tools

            - a lamp
            - a whistle
                - of brass
            1. First, look.
            2. Then, move.

            | Track | Length | State |
            | --- | --- | --- |
            | 1 |  | free |
            | 2 | 650 m | occupied \\| locked |

            ```
            yard --all
              --dry-run
            ```

            > Größe zählt: 東京, Ελλάδα, 🚂.

            [^1]: As railways have known since 1846.

            """
        ),
        (
            "sample.ods",
            """
            ## Wagons

            | Wagon | Load | Load |
            | --- | --- | --- |
            | 7 | coal |  |
            | 7 | coal |  |

            ## More

            | Größe zählt |
            | --- |

            """
        ),
        (
            "sample.odp",
            """
            ## The yard handbook

            For shunters

            ## Tools

            - a lamp

            > Show the lamp.

            """
        ),
        (
            "sample.epub",
            """
            # How work is done

            Every wagon has a **destination**.

            - a lamp

            # Tracks

            | Track | State |
            | --- | --- |
            | 1 | free |

            Größe zählt: 東京, 🚂.

            """
        ),
    ])
    func structure(name: String, markdown: String) async throws {
        let document = try await extractor.sample(name)
        #expect(document.markdown == markdown)
        expectHeadingsInPlace(document)
        // Each table is where it says to be: its first row is the one that Markdown has above its line of dashes.
        let lines = markdown.split(separator: "\n")
        let heads = lines.indices.filter { lines[$0].hasPrefix("| ---") }.map { lines[$0 - 1] }
        #expect(
            document.cells.map { "| " + ($0.first ?? []).joined(separator: " | ") + " |" } == heads.map(String.init))
    }

    @Test func pagesAreSlidesAndSheets() async throws {
        for (name, starts) in [
            ("sample.pptx", ["The yard handbook", "Tools"]), ("sample.odp", ["The yard handbook", "Tools"]),
            ("sample.xlsx", ["Wagons", "More"]), ("sample.ods", ["Wagons", "More"]),
        ] {
            let document = try await extractor.sample(name)
            let texts = pageTexts(of: document)
            #expect(document.metadata.pages == 2)
            #expect(document.pages.map(\.number) == [1, 2])
            #expect(texts.joined(separator: "\n\n") == document.text)
            for (text, start) in zip(texts, starts) { #expect(text.hasPrefix(start)) }
        }
    }

    @Test func metadata() async throws {
        let family = "application/vnd.o"
        for (name, type) in [
            ("sample.pptx", "penxmlformats-officedocument.presentationml.presentation"),
            ("sample.xlsx", "penxmlformats-officedocument.spreadsheetml.sheet"),
            ("sample.odt", "asis.opendocument.text"), ("sample.ods", "asis.opendocument.spreadsheet"),
            ("sample.odp", "asis.opendocument.presentation"), ("sample.epub", ""),
        ] {
            let metadata = try await extractor.sample(name).metadata
            #expect(metadata.mediaType == (type.isEmpty ? "application/epub+zip" : family + type))
            #expect(metadata.title == "The yard handbook")
            #expect(metadata.author == (type.isEmpty ? "Žofie Müller, Ada Berg" : "Žofie Müller"))
            #expect(metadata.created == (type.isEmpty ? "2024-05-01T00:00:00Z" : "2024-05-01T08:30:00Z"))
            #expect(metadata.modified == "2024-06-02T10:00:00Z")
        }
    }

    /// Small archives that stand for more than anybody has memory for, or for no end.
    @Test func archivesBeyondAllMeasure() async throws {
        let far = #"<worksheet><sheetData><row><c r="A1"><v>1</v></c></row>"#
        let diagonal = (1...4000).map { #"<row><c r="\#(column($0))\#($0)"><v>1</v></c></row>"# }.joined()
        let repeated = #"<table:table-row table:number-rows-repeated="1048576"><table:table-cell "#
        let cases: [(String, [(String, String)], ExtractionError.Code?)] = [
            ("a cell in each column", book(far + diagonal + "</sheetData></worksheet>"), .tooLarge),
            (
                "a cell that stands for billions",
                openDocument(
                    "spreadsheet",
                    "<table:table>" + repeated
                        + #"table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row></table:table>"#
                ), .tooLarge
            ),
            (
                "numbers beyond numbers",
                openDocument(
                    "spreadsheet",
                    #"<table:table><table:table-row table:number-rows-repeated="9223372036854775807"><table:table-cell table:number-columns-repeated="9223372036854775807"><text:p>x</text:p></table:table-cell></table:table-row></table:table>"#
                ), .tooLarge
            ),
            (
                "styles that are each other's parents",
                openDocument(
                    "text", #"<text:p text:style-name="a">sound</text:p>"#,
                    styles:
                        #"<style:style style:name="a" style:parent-style-name="b"/><style:style style:name="b" style:parent-style-name="a"/>"#
                ), nil
            ),
            ("a slide that is not there", deck(#"<Relationship Id="r1" Type="x/slide" Target="none.xml"/>"#), .empty),
            (
                "a slide that is the whole deck",
                deck(#"<Relationship Id="r1" Type="x/slide" Target="/ppt/presentation.xml"/>"#), .empty
            ),
            (
                "a path out of the archive",
                deck(#"<Relationship Id="r1" Type="x/slide" Target="../../../../../etc/passwd"/>"#), .empty
            ),
            (
                "a book of itself",
                [
                    (
                        "META-INF/container.xml",
                        #"<container><rootfile full-path="META-INF/container.xml"/></container>"#
                    )
                ], .empty
            ),
            ("nothing but types", [("[Content_Types].xml", "<Types/>")], .corrupt),
        ]
        for (name, parts, code) in cases {
            let file = try ScratchFile(zip(parts))
            #expect(await extractor.failure(file.path)?.code == code, "\(name)")
        }
    }

    @Test func namesBeyondASCIIAndElementsThatCloseThemselves() async throws {
        let chapter =
            #"<html><head><title/></head><body><p>one<a id="x"/> two<b/></p><script src="x"/><p title="a > b"/><!-- <i/> --><p>three<br/>four</p></body></html>"#
        let parts = [
            ("META-INF/container.xml", #"<container><rootfile full-path="p.opf"/></container>"#), ("Bild_Ü.png", "x"),
            (
                "p.opf",
                #"<package><manifest><item id="a" href="%C3%9Cber.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>"#
            ), ("Über.xhtml", chapter),
        ]
        let file = try ScratchFile(zip(parts, flags: 0x800))
        #expect(try await extractor.extract(path: file.path, name: "").markdown == "one two\n\nthree\\\nfour\n")
    }

    @Test func notesOfABookInAFileOfTheirOwn() async throws {
        func chapter(_ name: String) -> String {
            "<html><body><h1>\(name)</h1><p>Text<a epub:type=\"noteref\" href=\"../notes.xhtml#\(name)\">*</a>.</p></body></html>"
        }
        let notes =
            #"<html><body><aside epub:type="footnote" id="b"><p>Of b.</p></aside><aside epub:type="footnote" id="a"><p>Of a.</p></aside></body></html>"#
        let items = ["text/a", "text/b", "notes"].map {
            "<item id=\"\($0)\" href=\"\($0).xhtml\" media-type=\"application/xhtml+xml\"/>"
        }
        let parts = [
            ("META-INF/container.xml", #"<container><rootfile full-path="p.opf"/></container>"#),
            (
                "p.opf",
                "<package><manifest>\(items.joined())</manifest><spine>"
                    + #"<itemref idref="text/a"/><itemref idref="text/b"/><itemref idref="notes"/></spine></package>"#
            ), ("text/a.xhtml", chapter("a")), ("text/b.xhtml", chapter("b")), ("notes.xhtml", notes),
        ]
        let file = try ScratchFile(zip(parts))
        #expect(
            try await extractor.extract(path: file.path, name: "").markdown
                == "# a\n\nText[^1].\n\n# b\n\nText[^2].\n\n[^2]: Of b.\n\n[^1]: Of a.\n")
    }

    @Test func cellsThatStandForSeveral() async throws {
        let page = """
            <table><tr><th rowspan=2>Name</th><th colspan=2>2024</th></tr><tr><th>H1</th><th>H2</th></tr><tr><td>x</td><td>1</td></tr></table>
            """
        let file = try ScratchFile(Data(page.utf8))
        let cells = try await extractor.extract(path: file.path, name: "x.html").cells
        #expect(cells == [[["Name", "2024", ""], ["", "H1", "H2"], ["x", "1", ""]]])
        let body = """
            <w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r><w:t>Total</w:t></w:r></w:p></w:tc>\
            <w:tc><w:p><w:r><w:t>99</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:moveFrom><w:p><w:r><w:t>moved</w:t></w:r></w:p></w:moveFrom>
            """
        let word = try ScratchFile(
            zip([("word/document.xml", #"<w:document xmlns:w="urn:w"><w:body>\#(body)</w:body></w:document>"#)]))
        let document = try await extractor.extract(path: word.path, name: "")
        #expect(document.cells == [[["Total", "", "99"]]] && !document.text.contains("moved"))
    }

    @Test func durationsAndLinesInCells() async throws {
        let styles =
            #"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="[h]:mm"/></numFmts><cellXfs><xf numFmtId="170"/><xf numFmtId="46"/><xf numFmtId="20"/></cellXfs></styleSheet>"#
        let sheet =
            #"<worksheet><sheetData><row><c r="A1" s="0"><v>1.5</v></c><c r="B1" s="1"><v>0.25</v></c><c r="C1" s="2"><v>1.5</v></c><c r="D1" t="inlineStr"><is><t>a_x000D_&#10;b</t></is></c></row></sheetData></worksheet>"#
        var parts = book(sheet) + [("xl/styles.xml", styles)]
        parts[1].1 =
            #"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="s.xml"/><Relationship Id="r2" Type="x/styles" Target="styles.xml"/></Relationships>"#
        let file = try ScratchFile(zip(parts))
        let cells = try await extractor.extract(path: file.path, name: "").cells
        #expect(cells == [[["36:00:00", "6:00:00", "12:00:00", "a b"]]])
    }

    @Test func lockedArchives() async throws {
        let manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
        let protected =
            #"<encryption><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></encryption>"#
        let garbled = protected.replacing(
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc", with: "http://www.idpf.org/2008/embedding")
        let container = ("META-INF/container.xml", #"<container><rootfile full-path="p.opf"/></container>"#)
        let package = (
            "p.opf",
            #"<package><manifest><item id="a" href="a.html" media-type="text/html"/></manifest><spine><itemref idref="a"/></spine></package>"#
        )
        let cases: [([(String, String)], ExtractionError.Code?)] = [
            (openDocument("text", "<text:p>x</text:p>") + [("META-INF/manifest.xml", manifest)], .encrypted),
            ([container, package, ("a.html", "<p>x</p>"), ("META-INF/encryption.xml", protected)], .encrypted),
            ([container, package, ("a.html", "<p>x</p>"), ("META-INF/encryption.xml", garbled)], nil),
        ]
        for (parts, code) in cases {
            let file = try ScratchFile(zip(parts))
            #expect(await extractor.failure(file.path)?.code == code)
        }
    }

    private func column(_ number: Int) -> String {
        var (rest, name) = (number, "")
        while rest > 0 {
            name = String(UnicodeScalar(UInt8(65 + (rest - 1) % 26))) + name
            rest = (rest - 1) / 26
        }
        return name
    }

    private let space = #"xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#

    private func book(_ sheet: String) -> [(String, String)] {
        [
            ("xl/workbook.xml", #"<workbook \#(space)><sheet name="s" r:id="r1"/></workbook>"#),
            (
                "xl/_rels/workbook.xml.rels",
                #"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="s.xml"/></Relationships>"#
            ), ("xl/s.xml", sheet),
        ]
    }

    private func deck(_ relations: String) -> [(String, String)] {
        [
            ("ppt/presentation.xml", #"<presentation \#(space)><sldId r:id="r1"/></presentation>"#),
            ("ppt/_rels/presentation.xml.rels", "<Relationships>\(relations)</Relationships>"),
        ]
    }

    private func openDocument(_ kind: String, _ body: String, styles: String = "") -> [(String, String)] {
        let spaces = ["office", "text", "table", "style"].map { #"xmlns:\#($0)="urn:\#($0)""# }.joined(separator: " ")
        return [
            ("mimetype", "application/vnd.oasis.opendocument.\(kind)"),
            (
                "content.xml",
                "<office:document-content \(spaces)>\(styles)<office:body><office:\(kind)>\(body)</office:\(kind)></office:body></office:document-content>"
            ),
        ]
    }
}

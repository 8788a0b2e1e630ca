import DocumentsWorker
import Foundation
import Markup
import TestKit
import Testing

/// What is found on pages that say nothing but where each word stands.
struct PDFLayoutTests {
    private static let prose = [
        "The yard lies where the old canal meets the river, and every night",
        "wagons are taken apart there and put together again in an order",
        "that nobody could tell from the street. Some of them carry grain,",
        "some carry letters, and a few carry nothing but the dust of roads.",
    ]

    /// Lines one below the other, from the top of a column.
    private func column(_ lines: [String], x: Double = 72, from top: Double, size: Double = 11) -> String {
        lines.enumerated().map { line(x, top - Double($0) * size * 1.25, $1, size: size) }.joined()
    }

    private func read(_ pages: [String], furniture: PageFurniture = .keep) async throws -> Extracted {
        let file = try ScratchFile(makePDF(pages))
        return try await Fixture.extractor.extract(path: file.path, name: "x.pdf", furniture: furniture)
    }

    @Test func headingsParagraphsAndLists() async throws {
        let document = try await read([
            line(72, 780, "The handbook of the yard", size: 24) + line(72, 740, "How it began", size: 16)
                + column(Self.prose, from: 715) + column(Self.prose, from: 650) + line(72, 590, "Tools", size: 16)
                + line(80, 565, "\\267") + line(96, 565, "a lamp of brass") + line(80, 550, "\\267")
                + line(96, 550, "a whistle") + line(80, 530, "1. First, look.") + line(80, 515, "2. Then, move.")
        ])
        let prose = Self.prose.joined(separator: " ")
        #expect(
            document.markdown == """
                # The handbook of the yard

                ## How it began

                \(prose)

                \(prose)

                ## Tools

                - a lamp of brass
                - a whistle
                1. First, look.
                2. Then, move.

                """)
        #expect(document.headings.map(\.level) == [1, 2, 2])
        expectHeadingsInPlace(document)
    }

    @Test func boldLinesAloneAreHeadings() async throws {
        let document = try await read([
            column(Self.prose, from: 760) + line(72, 690, "What the signals mean today", font: "B")
                + column(Self.prose, from: 670)
        ])
        #expect(document.headings.map(\.title) == ["What the signals mean today"])
    }

    @Test func notes() async throws {
        /// Words with a raised number before or among them.
        func raised(_ x: Double, _ y: Double, _ parts: [String], size: Double = 11) -> String {
            let pieces = parts.enumerated().map { index, part in
                index % 2 == 0
                    ? "/F \(size) Tf 0 Ts (\(part)) Tj " : "/F \(0.6 * size) Tf \(0.4 * size) Ts (\(part)) Tj "
            }
            return "BT \(x) \(y) Td \(pieces.joined())ET\n"
        }
        let wall = column(Self.prose, from: 740) + raised(72, 670, ["The wall is old.", "1", " It is of brick."])
        let document = try await read([
            wall + raised(72, 640, ["Forty m", "2", " are paved."])
                + raised(72, 90, ["", "1", "Built by the guild, as its own books tell us, long before the"], size: 9)
                + line(72, 79, "first wagon came.", size: 9),
            wall + line(72, 90, "1It was torn down in the summer after.", size: 9),
        ])
        let paragraphs = document.text.split(separator: "\n\n").map(String.init).filter { !$0.hasPrefix("The yard") }
        #expect(
            paragraphs == [
                "The wall is old.[^1] It is of brick.",
                // Nothing on the page begins with a 2.
                "Forty m2 are paved.",
                "[^1]: Built by the guild, as its own books tell us, long before the first wagon came.",
                "The wall is old.[^1-2] It is of brick.", "[^1-2]: It was torn down in the summer after.",
            ])
        #expect(document.markdown?.contains("old.[^1] It") == true)

        let titled = try await read([
            column(Self.prose, from: 760)
                + "BT 72 690 Td /B 11 Tf (What the signals mean today) Tj /B 6 Tf 4 Ts (1) Tj ET "
                + column(Self.prose, from: 670) + raised(72, 90, ["", "1", "As they did then."], size: 9)
        ])
        #expect(titled.headings.map(\.title) == ["What the signals mean today"])
        #expect(titled.metadata.title == "What the signals mean today")
        #expect(titled.text.contains("today[^1]") && titled.text.contains("[^1]: As they did then."))
    }

    @Test func tables() async throws {
        let rows = [
            ["Track", "Length", "State of it"], ["1", "400 m", "free"], ["2", "1,650 m", "locked"],
            ["Siding", "90 m", "occupied"],
        ]
        var page = column(Self.prose, from: 760)
        for (row, cells) in rows.enumerated() {
            // Numbers end below each other, words begin there.
            for (column, cell) in cells.enumerated() {
                let x = [72, 260 - (row == 0 ? 20 : Double(cell.count) * 5.5), 340][column]
                page += line(x, 680 - Double(row) * 18, cell)
            }
        }
        page += column(Self.prose, from: 590)
        let document = try await read([page])
        #expect(document.cells == [rows])
        #expect(document.text.contains("2\t1,650 m\tlocked"))
        #expect(document.markdown?.contains("| Siding | 90 m | occupied |\n\nThe yard lies") == true)
    }

    @Test func cellsOfSeveralLines() async throws {
        let page =
            column(Self.prose, from: 760) + line(72, 680, "Rule") + line(200, 680, "What it says")
            + line(72, 655, "Whistle") + line(200, 655, "Blow it before a") + line(200, 641.25, "wagon moves")
            + line(72, 616, "Lamp") + line(200, 616, "Carry it") + column(Self.prose, from: 560)
        let document = try await read([page])
        #expect(
            document.cells == [
                [["Rule", "What it says"], ["Whistle", "Blow it before a wagon moves"], ["Lamp", "Carry it"]]
            ])
    }

    @Test func columnsAreReadOneAfterTheOther() async throws {
        let left = (1...12).map { "Left line \($0) of the text that stands in it" }
        let right = (1...12).map { "Right line \($0) goes on with other words in" }
        // Half a line lower, and so near that a reader of lines would go across.
        let document = try await read([
            line(72, 770, "A title over both of the columns of the page", size: 18)
                + column(left, from: 740) + column(right, x: 300, from: 737)
        ])
        let places = (left + right).map { document.text.firstRange(of: $0)?.lowerBound }
        #expect(places.allSatisfy { $0 != nil })
        #expect(
            zip(places, places.dropFirst()).allSatisfy {
                ($0 ?? document.text.endIndex) < ($1 ?? document.text.startIndex)
            })
    }

    @Test func hyphensAtTheEndsOfLines() async throws {
        let document = try await read([
            column(
                [
                    "A well-known shunter moves wagons, and the longest of all infra-",
                    "structure projects was his; he was a well-", "known man, and a state-of-the-", "art one at that.",
                ], from: 760)
        ])
        #expect(document.text.contains("all infrastructure projects"))
        #expect(document.text.contains("a well-known man, and a state-of-the-art one"))
    }

    @Test func headersAndFooters() async throws {
        let pages = (1...4).map { number in
            line(72, 810, "The handbook of the yard") + column(Self.prose, from: 760)
                + line(280, 30, "Page \(number) of 4")
        }
        let kept = try await read(pages)
        #expect(kept.text.contains("Page 3 of 4") && kept.headings.isEmpty)
        let dropped = try await read(pages, furniture: .drop)
        #expect(!dropped.text.contains("handbook") && !dropped.text.contains("Page"))
        #expect(dropped.text.contains("The yard lies"))
    }

    @Test func codeKeepsItsLines() async throws {
        let code = ["for wagon in train {", "    yard.take(wagon, from: track)", "}"]
        let page =
            column(Self.prose, from: 760) + column(Self.prose, from: 690)
            + code.enumerated().map { line(72, 620 - Double($0) * 13, $1, font: "C") }.joined()
        let document = try await read([page])
        #expect(document.markdown?.contains("```\nfor wagon in train {\n") == true)
    }

    @Test func partsHaveTheirPlaces() async throws {
        let document = try await read([
            line(72, 780, "A heading over the text", size: 20) + column(Self.prose, from: 700),
            column(Self.prose, from: 400),
        ])
        #expect(document.places.count == 3)
        let heading = try #require(document.places.first)
        // From the upper left corner of a page that is 842 points high.
        #expect(abs(heading.box.left - 72) < 1 && heading.box.top > 40 && heading.box.bottom < 70)
        let chunks = try Chunker(size: 1000, overlap: 0).chunks(of: document)
        #expect(chunks.map(\.page) == [1, 2])
        let last = try #require(chunks.last?.box)
        #expect(last.top > 400 && last.bottom < 500 && last.right > 300)
    }

    @Test func rotatedPages() async throws {
        // Read with the head to the left: each line runs up.
        let lines = ["Turned text has a title"] + Self.prose
        let page = lines.enumerated().map { index, text in
            "BT /F \(index == 0 ? 20 : 11) Tf 0 1 -1 0 \(80 + (index == 0 ? 0 : 30 + index * 14)) 72 Tm (\(text)) Tj ET\n"
        }.joined()
        let document = try await read([page])
        #expect(document.markdown == "# Turned text has a title\n\n\(Self.prose.joined(separator: " "))\n")
        #expect(document.places.allSatisfy { $0.box.height > $0.box.width })
    }

    @Test func chaptersAreNoHeaders() async throws {
        let pages = (1...4).map { line(72, 790, "Chapter \($0)", size: 18) + column(Self.prose, from: 740) }
        #expect(try await read(pages, furniture: .drop).headings.map(\.title) == (1...4).map { "Chapter \($0)" })
    }

    @Test func marksInTablesStay() async throws {
        let rows = [["1.", "Apples", "3.50"], ["2.", "Pears", "4.20"], ["3.", "Plums", "1.10"]]
        let page =
            column(Self.prose, from: 760)
            + rows.enumerated().flatMap { row, cells in
                zip([72.0, 100, 220], cells).map { line($0, 660 - Double(row) * 18, $1) }
            }.joined()
        let document = try await read([page])
        for cell in rows.joined() { #expect(document.text.contains(cell)) }
    }

    @Test func aLongDocumentIsReadToItsEnd() async throws {
        // A title that says something else of the pages.
        var bytes = String(decoding: makePDF((1...620).map { page("Page \($0)") }), as: UTF8.self)
        bytes = bytes.replacing("trailer\n<<", with: "trailer\n<< /Info << /Title (x\nPages: 3) >>")
        let file = try ScratchFile(Data(bytes.utf8))
        let document = try await Fixture.extractor.extract(path: file.path, name: "x.pdf")
        #expect(document.pages.count == 620)
        #expect(pageTexts(of: document).enumerated().allSatisfy { $1 == "Page \($0 + 1)" })
    }
}

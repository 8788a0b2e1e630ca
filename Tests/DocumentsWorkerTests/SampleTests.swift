import DocumentsWorker
import Foundation
import Synchronization
import Testing

/// Each sound sample gives exactly what its README says.
struct SampleTests {
    private let extractor = Fixture.extractor

    @Test func pdf() async throws {
        let calls = Mutex<[Int]>([])
        let path = Fixture.path("sample.pdf")
        let document = try await extractor.extract(path: path, name: "x") { done, _ in
            calls.withLock { $0.append(done) }
        }
        #expect(document.metadata.title == "A sample of Switchyard")
        #expect(document.metadata.author == "Žofie Müller")
        #expect(document.metadata.created == "2024-05-01T08:30:00Z")
        #expect(document.metadata.mediaType == "application/pdf")
        #expect(document.metadata.pages == 3)
        #expect(document.pages.map(\.number) == [1, 2, 3])
        #expect(document.pages.allSatisfy { $0.error == nil })
        #expect(document.markdown == document.text + "\n")
        let texts = pageTexts(of: document)
        #expect(texts[0].hasPrefix("Switchyard sample document"))
        #expect(texts[1].hasPrefix("Second page: queues"))
        #expect(texts[2].contains("Größe, façade, naïve, œuvre, Łódź, Čeština, Ελλάδα."))
        #expect(texts[2].hasSuffix("The end."))
        #expect(texts.joined(separator: "\n\n") == document.text)
        #expect(calls.withLock { $0.last } == 3)
    }

    @Test func docx() async throws {
        let document = try await extractor.sample("sample.docx")
        #expect(document.metadata.title == "The yard handbook")
        #expect(document.metadata.author == "Žofie Müller")
        #expect(document.metadata.modified == "2024-06-02T10:00:00Z")
        #expect(
            document.markdown == """
                # The yard handbook

                # How work is done

                Every wagon has a **destination** and a *deadline*; see [the yard](https://example.org/yard).[^1]

                ## Tools

                - a lamp
                - a whistle
                    - of brass
                1. First, look.
                2. Then, move.

                # Tracks

                | Track | Length | State |
                | --- | --- | --- |
                | 1 | 400 m | free |
                | 2 | 650 m | occupied \\| locked |

                Größe zählt: 東京, Ελλάδα, 🚂.

                [^1]: As railways have known since 1846.

                """)
        #expect(document.text.contains("2\t650 m\toccupied | locked"))
        #expect(!document.text.contains("deleted"))
        #expect(document.headings.map(\.level) == [1, 1, 2, 1])
        expectHeadingsInPlace(document)
    }

    @Test func html() async throws {
        let document = try await extractor.sample("sample.html")
        #expect(document.metadata.title == "Yard rules & signals")
        #expect(document.metadata.author == "Žofie Müller")
        #expect(document.metadata.created == "2024-05-01T08:30:00Z")
        #expect(document.metadata.language == "en")
        #expect(document.metadata.encoding == "UTF-8")
        let markdown = try #require(document.markdown)
        #expect(
            markdown.hasPrefix(
                "# Yard rules\n\nLook **twice**, move *once*. See [the signals](https://example.org/signals) or this. Run `yard --check` first.\n\n## Signals\n\n- green: go\n- red: stop\n    - always\n1. look\n2. move\n"
            ))
        #expect(markdown.contains("| red | stop \\| wait |"))
        #expect(markdown.contains("```\nyard --all\n  --dry-run\n```"))
        #expect(markdown.contains("> Größe zählt: 東京, 🚂."))
        for noise in ["secret", "color", "Home", "invisible", "javascript"] { #expect(!markdown.contains(noise)) }
        expectHeadingsInPlace(document)
    }

    @Test func markdown() async throws {
        let document = try await extractor.sample("sample.md")
        #expect(document.metadata.mediaType == "text/markdown")
        #expect(document.metadata.title == "Notes on queues")
        #expect(document.metadata.author == "Žofie Müller")
        #expect(document.metadata.created == "2024-05-01T00:00:00Z")
        #expect(document.markdown == String(decoding: try Fixture.bytes("sample.md"), as: UTF8.self))
        #expect(
            document.text.hasPrefix("Notes on queues\n\nA queue holds what a worker has not yet taken; see the manual.")
        )
        #expect(document.text.contains("1. declare\n2. bind"))
        expectHeadingsInPlace(document)
    }

    @Test(arguments: [("sample.txt", "UTF-8"), ("utf16.txt", "UTF-16LE")])
    func plainText(name: String, encoding: String) async throws {
        let document = try await extractor.sample(name)
        #expect(document.metadata.encoding == encoding)
        #expect(document.metadata.mediaType == "text/plain")
        #expect(document.text == String(decoding: try Fixture.bytes("sample.txt"), as: UTF8.self))
    }

    @Test func latin1() async throws {
        let document = try await extractor.sample("latin1.txt")
        #expect(document.text.hasPrefix("Der Zug fährt über die große Brücke."))
        #expect(document.text.contains("à côté de la gare. Où est le garçon?"))
    }

    @Test func damagedPageIsAnErrorOfThatPage() async throws {
        let document = try await extractor.sample("damaged-page.pdf")
        #expect(document.pages.count == 3)
        #expect(document.pages[0].error == nil)
        #expect(document.pages[1].error?.contains("flate") == true)
        #expect(document.pages[1].start == document.pages[1].end)
        #expect(document.pages[2].error == nil)
        #expect(document.text.contains("Ελλάδα"))
    }

    @Test func eightAtOnce() async throws {
        let names = ["sample.pdf", "sample.docx", "sample.html", "sample.md"]
        let once = try await names.asyncMap { try await extractor.sample($0) }
        try await withThrowingTaskGroup(of: (Int, Extracted).self) { group in
            for index in 0..<8 {
                group.addTask { (index % 4, try await Fixture.extractor.sample(names[index % 4])) }
            }
            for try await (index, document) in group { #expect(document == once[index]) }
        }
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}

import DocumentsWorker
import Markup
import TestKit
import Testing

struct ChunkerTests {
    private func document(_ text: String) -> Extracted {
        Extracted(text: text, metadata: DocumentMetadata(mediaType: "text/plain"))
    }

    @Test func measuresAreChecked() {
        #expect(throws: TextCutter.Fault.badSize) { try Chunker(size: 0, overlap: 0) }
        #expect(throws: TextCutter.Fault.badOverlap) { try Chunker(size: 10, overlap: 6) }
        #expect(throws: TextCutter.Fault.badOverlap) { try Chunker(size: 10, overlap: -1) }
    }

    @Test func paragraphsBeforeSentencesBeforeWords() throws {
        let cuts = { (text: String, size: Int) in
            try Chunker(size: size, overlap: 0).chunks(of: document(text)).map(\.text)
        }
        #expect(
            try cuts("One two. Three four.\n\nFive six. Seven eight.", 30) == [
                "One two. Three four.", "Five six. Seven eight.",
            ])
        #expect(try cuts("One two three. Four five six.", 20) == ["One two three.", "Four five six."])
        #expect(try cuts("alpha beta gamma delta", 12) == ["alpha beta", "gamma delta"])
        #expect(try cuts("abcdefghij", 4) == ["abcd", "efgh", "ij"])
        #expect(try cuts("これは文。次の文です。", 6) == ["これは文。", "次の文です。"])
        #expect(try cuts(" \n ", 4).isEmpty)
    }

    @Test func overlapBeginsAtAWord() throws {
        let chunks = try Chunker(size: 16, overlap: 6).chunks(of: document("alpha beta gamma delta epsilon"))
        #expect(chunks.map(\.text) == ["alpha beta gamma", "gamma delta", "delta epsilon"])
    }

    @Test func pagesAndHeadings() throws {
        var sample = document("Top\n\nfirst page text\n\nSub\n\nsecond page text")
        sample.pages = [Page(number: 1, start: 0, end: 20), Page(number: 2, start: 22, end: 43)]
        sample.headings = [Heading(level: 1, title: "Top", start: 0), Heading(level: 2, title: "Sub", start: 22)]
        let chunks = try Chunker(size: 22, overlap: 0).chunks(of: sample)
        #expect(chunks.map(\.page) == [1, 2])
        #expect(chunks.map(\.headings) == [["Top"], ["Top", "Sub"]])
        let whole = try Chunker(size: 100, overlap: 50).chunks(of: sample)
        #expect(whole.map(\.text) == ["Top\n\nfirst page text", "Sub\n\nsecond page text"], "a page ends a chunk")
    }

    @Test func sectionsAreNotMixed() throws {
        var sample = document("intro\n\nTop\n\nSub\n\none\n\nNext\n\ntwo")
        sample.headings = [
            Heading(level: 1, title: "Top", start: 7), Heading(level: 2, title: "Sub", start: 12),
            Heading(level: 1, title: "Next", start: 22),
        ]
        let chunks = try Chunker(size: 100, overlap: 10).chunks(of: sample)
        #expect(chunks.map(\.text) == ["intro", "Top\n\nSub\n\none", "Next\n\ntwo"])
        #expect(chunks.map(\.start) == [0, 7, 22] && chunks.map(\.headings) == [[], ["Top"], ["Next"]])
    }

    @Test func aChangeOfOnePageChangesItsChunksOnly() throws {
        func book(_ changed: String) throws -> [Chunk] {
            let texts = (1...20).map { page in
                (1...30).map { "Sentence \($0) of page \(page). " }.joined() + (page == 7 ? changed : "")
            }
            var sample = document(texts.joined(separator: "\n\n"))
            var start = 0
            for (index, text) in texts.enumerated() {
                sample.pages.append(Page(number: index + 1, start: start, end: start + text.count))
                start += text.count + 2
            }
            return try Chunker(size: 200, overlap: 40).chunks(of: sample)
        }
        let (before, after) = try (book(""), book("Something new."))
        let changed = after.filter { chunk in !before.contains { $0.id == chunk.id } }
        #expect(!changed.isEmpty && changed.allSatisfy { $0.page == 7 })
        #expect(Set(after.map(\.id)).count == after.count)
        let twice = try Chunker(size: 4, overlap: 0).chunks(of: document("same same"))
        #expect(twice.map(\.text) == ["same", "same"] && twice[1].id == twice[0].id + "-2")
    }

    @Test(arguments: 0..<200)
    func properties(seed: Int) throws {
        var random = Seeded(state: UInt64(seed))
        let pieces = [
            "a", "word ", "longer-word ", ". ", "! ", "\n", "\n\n", "é", "東京", "。", "🚂", "e\u{301}", " ", "\t",
            "\u{FEFF}",
        ]
        let text = (0..<Int.random(in: 0...400, using: &random)).map { _ in
            pieces.randomElement(using: &random) ?? ""
        }.joined()
        let size = Int.random(in: 1...60, using: &random)
        let overlap = Int.random(in: 0...(size / 2), using: &random)
        let chunks = try Chunker(size: size, overlap: overlap).chunks(of: document(text))
        let scalars = Array(text.unicodeScalars)
        var covered = Array(repeating: false, count: scalars.count)
        for (index, chunk) in chunks.enumerated() {
            #expect(chunk.index == index)
            #expect(chunk.end - chunk.start <= size && chunk.start < chunk.end)
            #expect(Array(chunk.text.unicodeScalars) == Array(scalars[chunk.start..<chunk.end]))
            if index > 0 {
                let before = chunks[index - 1]
                #expect(chunk.start > before.start && chunk.end > before.end)
                #expect(before.end - chunk.start <= overlap)
            }
            for offset in chunk.start..<chunk.end { covered[offset] = true }
        }
        for (offset, scalar) in scalars.enumerated() where !covered[offset] { #expect(scalar.value <= 0x20) }
    }
}

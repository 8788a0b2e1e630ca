import Embedding
import TestKit
import Testing

struct TextChunkerTests {
    private func chunks(
        _ text: String, limit: Int, overlap: Int = 0, syntax: TextSyntax = .markdown, pages: [Int] = []
    ) throws -> [TextChunk] {
        let chunker = try TextChunker(tokenizer: EstimatingTokenizer(), limit: limit, overlap: overlap)
        let chunks = chunker.chunks(of: text, syntax: syntax, pageStarts: pages)
        check(chunks, of: text, limit: limit, overlap: overlap, tokenizer: EstimatingTokenizer(), pages: pages)
        return chunks
    }

    private func texts(_ text: String, limit: Int, overlap: Int = 0, syntax: TextSyntax = .markdown) throws -> [String]
    {
        try chunks(text, limit: limit, overlap: overlap, syntax: syntax).map(\.text)
    }

    /// So many short words, one token each.
    private func words(_ count: Int, _ word: String = "word") -> String {
        Array(repeating: word, count: count).joined(separator: " ")
    }

    @Test func measuresAreChecked() {
        let make = { try TextChunker(tokenizer: EstimatingTokenizer(), limit: $0, overlap: $1) }
        #expect(throws: TextChunker.Fault.badLimit) { try make(7, 0) }
        #expect(throws: TextChunker.Fault.badOverlap) { try make(16, 9) }
        #expect(throws: TextChunker.Fault.badOverlap) { try make(16, -1) }
    }

    @Test func paragraphsBeforeSentencesBeforeLinesBeforeWords() throws {
        #expect(try texts(" \r\n\t ", limit: 8).isEmpty)
        #expect(try texts("", limit: 8).isEmpty)
        #expect(try texts("\n one \n", limit: 8) == ["one"])
        // Paragraphs are packed as far as they fit.
        let (five, six, seven) = (words(5, "five"), words(6, "six"), words(7, "seve"))
        #expect(try texts("\(five)\n\n\(six)\n\n\(seven)", limit: 12) == ["\(five)\n\n\(six)", seven])
        #expect(try texts("a b c d. e f g h i j", limit: 8) == ["a b c d.", "e f g h i j"])
        #expect(try texts("a b c d\ne f g h i j", limit: 8) == ["a b c d", "e f g h i j"])
        #expect(try texts(words(10), limit: 8) == [words(8), words(2)])
        // A sentence that begins too early would leave most of the chunk empty.
        #expect(try texts("a. " + words(10), limit: 8) == ["a. " + words(6), words(4)])
        #expect(try texts(String(repeating: "x", count: 40), limit: 8).map(\.count) == [25, 15])
        #expect(try texts("これは一つの文です。次は少し長い、二つ目の長い文です。", limit: 24) == ["これは一つの文です。", "次は少し長い、", "二つ目の長い文です。"])
    }

    @Test func headingsBeginChunksUnlessWhatIsBeforeIsTiny() throws {
        let text = """
            intro of some words

            # Guide

            ## Install

            \(words(20))

            ## Use

            short

            Third
            =====

            \(words(20, "more"))
            """
        let chunks = try chunks(text, limit: 32)
        #expect(
            chunks.map(\.text)
                == [
                    "intro of some words", "# Guide\n\n## Install\n\n\(words(20))", "## Use\n\nshort",
                    "Third\n=====\n\n\(words(20, "more"))",
                ])
        #expect(chunks.map(\.headings) == [[], ["Guide", "Install"], ["Guide", "Use"], ["Third"]])
        // A few words of another section are no chunk of their own, and do not name the chunk.
        let tiny = try self.chunks("# A\nsmall\n\n# B\n\n\(words(20))", limit: 64)
        #expect(tiny.count == 1 && tiny[0].headings == ["B"])
    }

    @Test func headingsAreKnownByTheirMarks() throws {
        let paths = { (text: String) in try chunks(text, limit: 16).map(\.headings) }
        #expect(try paths("# A ##\nb b b b b b") == [["A"]])
        #expect(try paths("### C#\n") == [["C#"]])
        #expect(try paths("#hash tag") == [[]])
        #expect(try paths("####### seven") == [[]])
        #expect(try paths("```\n# no\n```") == [[]])
        #expect(try paths("Title\n---\ntext") == [["Title"]])
        #expect(try paths("---\nname: x\n---\n# A") == [[], ["A"]])
        #expect(try paths("one\n\n---\n\ntwo") == [[]])
        #expect(try chunks("# A\nb", limit: 8, syntax: .plain).map(\.headings) == [[]])
        let long = try chunks("# " + String(repeating: "ö", count: 1000), limit: 1024)
        #expect(long[0].headings[0].utf8.count < 300 && long[0].headings[0].hasSuffix("ö…"))
    }

    @Test func tablesAndCodeStayWholeWhereTheyFit() throws {
        let table = "| a | b |\n| - | - |\n| c | d |"  // 15 tokens
        #expect(try texts("\(words(9))\n\(table)\n\(words(9))", limit: 20) == [words(9), table, words(9)])
        let code = "```\nlet a = 1\n\nlet b = 2\n```"  // 14 tokens
        #expect(try texts("# Code\n\n\(code)\n\n\(words(9))", limit: 14) == ["# Code", code, words(9)])
        #expect(try chunks("# Code\n\n\(code)", limit: 14)[1].headings == ["Code"])
        // One that fits nowhere is cut by its lines.
        let rows = (0..<8).map { "| r\($0) |" }
        #expect(
            try texts(rows.joined(separator: "\n"), limit: 10).allSatisfy { $0.hasPrefix("| r") && $0.hasSuffix(" |") })
    }

    @Test func whatIsSharedIsOfOneSection() throws {
        let text = "one two. three four. five six.\n\n# Next\n\nseven eight."
        #expect(
            try texts(text, limit: 8, overlap: 4) == [
                "one two. three four.", "three four. five six.", "# Next\n\nseven eight.",
            ])
        #expect(try texts(words(12), limit: 8, overlap: 3) == [words(8), words(7)])
        // A text without blanks shares characters.
        let wide = String(repeating: "字", count: 12)
        #expect(try texts(wide, limit: 16, overlap: 4).map(\.count) == [8, 6])
    }

    @Test func pagesAreNotMixed() throws {
        let (one, two) = ("one page.\n\n", "two pages.\n\nmore")
        let paged = try chunks(
            one + two + "last", limit: 64, overlap: 8, pages: [0, one.utf8.count, (one + two).utf8.count])
        #expect(paged.map(\.text) == ["one page.", "two pages.\n\nmore", "last"])
        #expect(paged.map(\.page) == [1, 2, 3])
        // Empty pages, pages beyond the end, and one that begins inside of a scalar.
        let odd = try chunks("aé b", limit: 64, pages: [2, 2, 4, 99])
        #expect(odd.map(\.text) == ["aé", "b"] && odd.map(\.page) == [nil, 3])
    }

    @Test func offsetsAreOfBytesAndOfScalars() throws {
        let chunk = try #require(try chunks("\n é🚂.\n\n# Ü\nend", limit: 8).last)
        #expect(chunk.text == "# Ü\nend" || chunk.text == "é🚂.\n\n# Ü\nend")
        let text = "ä ö ü " + words(20)
        for chunk in try chunks(text, limit: 8) {
            let scalars = Array(text.unicodeScalars)[chunk.scalars]
            #expect(String(String.UnicodeScalarView(scalars)) == chunk.text)
        }
    }

    @Test(arguments: 0..<400)
    func properties(seed: Int) throws {
        var random = Seeded(state: UInt64(seed))
        let pieces = [
            "a", "word ", "longer-word ", ". ", "! ", "\n", "\r\n", "\n\n", "\r\n\r\n", "é", "東京", "。", "、", "」",
            "한국어", "🚂", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "e\u{301}", " \u{301}", " ", "\t", "\u{FEFF}", "\u{0}", "\u{200B}", "# ",
            "## H\n", "### ",
            "```\n", "~~~", "| a | b |\n", "- item\n", "1. one\n", "===\n", "---\n", "> ",
            "https://example.org/a/b/c?d=e",
            String(repeating: "x", count: 150), String(repeating: " ", count: 300), "นี่คือข้อความ ", "привет ", "\u{85}",
            "\u{3000}",
        ]
        let text = (0..<Int.random(in: 0...300, using: &random)).map { _ in
            pieces.randomElement(using: &random) ?? ""
        }.joined()
        let limit = Int.random(in: 8...80, using: &random)
        let overlap = Int.random(in: 0...(limit / 2), using: &random)
        let pages =
            seed.isMultiple(of: 3)
            ? (0..<5).map { _ in Int.random(in: 0...max(1, text.utf8.count), using: &random) }.sorted() : []
        let tokenizers: [any TextTokenizer] = [EstimatingTokenizer(), WordPieces()]
        for tokenizer in tokenizers {
            let chunker = try TextChunker(tokenizer: tokenizer, limit: limit, overlap: overlap)
            for syntax in [TextSyntax.markdown, .plain] {
                let chunks = chunker.chunks(of: text, syntax: syntax, pageStarts: pages)
                check(chunks, of: text, limit: limit, overlap: overlap, tokenizer: tokenizer, pages: pages)
                #expect(chunks == chunker.chunks(of: text, syntax: syntax, pageStarts: pages))
            }
        }
    }

    /// A text that would take minutes in quadratic time.
    struct Hostile: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String

        /// - Parameter kilobytes: how large the text is, about.
        init(_ name: String, _ unit: String, kilobytes: Int = 128, prefix: String = "") {
            testDescription = name
            text = prefix + String(repeating: unit, count: (kilobytes << 10) / unit.utf8.count)
        }
    }

    private static let hostile = [
        Hostile("no blank", "x", kilobytes: 1024), Hostile("only line ends", "\n", kilobytes: 1024),
        Hostile("a letter after blanks", " ", kilobytes: 1024, prefix: "y "),
        Hostile("headings", "# h\n", kilobytes: 400),
        Hostile("deep headings", "###### deep\n\ntext\n"), Hostile("quotes", "> "), Hostile("fences", "```\n"),
        Hostile("an open fence", "a\n", prefix: "```\n"), Hostile("a long row", "| a "), Hostile("items", "- "),
        Hostile("accents", "\u{301}"), Hostile("accents on blanks", " \u{301}"), Hostile("joined emoji", "👩‍"),
        Hostile("flags", "🇩🇪"), Hostile("closers", ")"), Hostile("wide closers", "」"), Hostile("wide stops", "。"),
        Hostile("zeros", "\u{0}"), Hostile("a long title", "t", prefix: "# "), Hostile("sentences", "a. "),
        Hostile("characters", "字"), Hostile("lines", "a\r\n"), Hostile("underlines", "=\n"),
    ]

    @Test(.timeLimit(.minutes(2)), arguments: hostile)
    func hostileTexts(hostile: Hostile) throws {
        let text = hostile.text
        let tokenizers: [any TextTokenizer] = [EstimatingTokenizer(), WordPieces()]
        for tokenizer in tokenizers {
            let chunks = try TextChunker(tokenizer: tokenizer, limit: 256, overlap: 32).chunks(of: text)
            check(chunks, of: text, limit: 256, overlap: 32, tokenizer: tokenizer, pages: [])
        }
    }
}

/// What holds for the chunks of any text.
private func check(
    _ chunks: [TextChunk], of text: String, limit: Int, overlap: Int, tokenizer: any TextTokenizer, pages: [Int],
    at location: SourceLocation = #_sourceLocation
) {
    let bytes = Array(text.utf8)
    let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    let tokens = tokenizer.ranges(in: text)
    let (places, largest) = characters(of: text, tokenizer)
    var (covered, token, scalar, scalarByte) = (0, 0, 0, 0)
    for (index, chunk) in chunks.enumerated() {
        let range = chunk.range
        #expect(!range.isEmpty && Array(chunk.text.utf8) == Array(bytes[range]), sourceLocation: location)
        #expect(chunk.tokens == tokenizer.ranges(in: chunk.text).count, sourceLocation: location)
        #expect(chunk.tokens <= limit || chunk.text.unicodeScalars.count == 1, sourceLocation: location)
        #expect(range.count <= 32 * limit, sourceLocation: location)
        if range.lowerBound > covered {
            #expect(bytes[covered..<range.lowerBound].allSatisfy(isBlank), sourceLocation: location)
        }
        covered = range.upperBound
        if index > 0 {
            let before = chunks[index - 1].range
            #expect(
                range.lowerBound > before.lowerBound && range.upperBound > before.upperBound, sourceLocation: location)
            while token < tokens.count, tokens[token].lowerBound < range.lowerBound { token += 1 }
            let shared = tokens[token...].prefix { $0.lowerBound < before.upperBound }.count
            #expect(shared <= overlap, sourceLocation: location)
        }
        scalar += bytes[scalarByte..<range.lowerBound].count { $0 & 0xC0 != 0x80 }
        scalarByte = range.lowerBound
        #expect(chunk.scalars == scalar..<(scalar + chunk.text.unicodeScalars.count), sourceLocation: location)
        if largest <= limit, pages.isEmpty {
            #expect(places.contains(range.lowerBound) && places.contains(range.upperBound), sourceLocation: location)
        }
        if !pages.isEmpty {
            let starts = pages.map { start in
                bytes[min(start, bytes.count)...].firstIndex { $0 & 0xC0 != 0x80 } ?? bytes.count
            }
            #expect(!starts.contains { range.lowerBound < $0 && $0 < range.upperBound }, sourceLocation: location)
            let page = starts.count { $0 <= range.lowerBound }
            #expect(chunk.page == (page > 0 ? page : nil), sourceLocation: location)
        }
    }
    #expect(bytes[covered...].allSatisfy(isBlank), sourceLocation: location)
}

/// Where characters begin and end, and the most tokens that one has; one of more bytes than a chunk counts as too large.
private func characters(of text: String, _ tokenizer: any TextTokenizer) -> (places: Set<Int>, largest: Int) {
    var (places, largest, offset) = (Set([0]), 0, 0)
    for character in text {
        let size = character.utf8.count
        offset += size
        places.insert(offset)
        if size > 1 { largest = max(largest, size > 256 ? .max : tokenizer.ranges(in: String(character)).count) }
    }
    return (places, largest)
}

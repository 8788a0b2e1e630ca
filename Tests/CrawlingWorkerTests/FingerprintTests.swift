import Testing

@testable import CrawlingWorker

/// Makes pages of made-up words, the same in every run.
private struct PageMaker {
    private var random: SplitMix
    private var vocabulary: [String] = []

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        vocabulary = (0..<3000).map { _ in
            String(
                decoding: random.bytes(upTo: 7, of: "etaoinshrdlu") + random.bytes(upTo: 2, of: "xyz") + [0x65],
                as: UTF8.self)
        }
    }

    /// Some words, few of them often.
    mutating func words(_ count: Int) -> [String] {
        (0..<count).map { _ in
            let place = Double.random(in: 0..<1, using: &random)
            return vocabulary[Int(Double(vocabulary.count) * place * place * place)]
        }
    }

    mutating func number(below limit: Int) -> String { String(Int.random(in: 0..<limit, using: &random)) }

    mutating func date() -> [String] {
        let months = ["January", "February", "March", "April", "May", "June"]
        return [
            number(below: 28), months.randomElement(using: &random) ?? "", number(below: 3000),
            number(below: 24) + ":15",
        ]
    }
}

private func hash(_ words: some Sequence<String>) throws -> SimHash {
    try #require(SimHash(words.joined(separator: " ")))
}

@Suite struct SimHashTests {
    @Test(arguments: [20, 40, 100, 1000]) func anotherDateOrCounterIsNear(size: Int) throws {
        var maker = PageMaker(seed: 1)
        for _ in 0..<200 {
            let (head, tail) = (maker.words(size / 2), maker.words(size / 2))
            let first = head + maker.date() + tail
            let second = head + maker.date() + tail
            #expect(try hash(first).distance(to: hash(second)) <= SimHash.nearDistance)
            let counters = try (0..<2).map { _ in try hash(head + [maker.number(below: 100_000)] + tail) }
            #expect(counters[0].distance(to: counters[1]) <= SimHash.nearDistance)
        }
    }

    @Test(arguments: [20, 40, 100, 1000]) func anotherArticleInTheSameFrameIsNotNear(size: Int) throws {
        var maker = PageMaker(seed: 2)
        for _ in 0..<200 {
            let frame = maker.words(size)
            let first = try hash(frame + maker.words(size))
            #expect(try first.distance(to: hash(frame + maker.words(size))) > SimHash.nearDistance)
        }
    }

    @Test(arguments: [0, 3, 10]) func tablesOfOtherNumbersAreNotNear(titleWords: Int) throws {
        var maker = PageMaker(seed: 3)
        for _ in 0..<200 {
            let (title, labels) = (maker.words(titleWords), maker.words(20))
            let tables = try (0..<2).map { _ in
                try hash(title + labels.flatMap { [$0, maker.number(below: 10_000)] })
            }
            #expect(tables[0].distance(to: tables[1]) > SimHash.nearDistance)
        }
    }

    @Test func spaceCaseAndPunctuationDoNotCount() throws {
        var maker = PageMaker(seed: 4)
        let words = maker.words(60)
        let plain = try hash(words)
        #expect(SimHash(words.joined(separator: " \n\u{A0}\u{2014}, ")) == plain)
        #expect(SimHash(words.joined(separator: " ").uppercased()) == plain)
        #expect(SimHash("\u{3000}" + words.joined(separator: "\u{3001}") + "!") == plain)
        #expect(try hash(words.reversed()) != plain)
    }

    @Test(arguments: [(0, false), (1, false), (2, false), (19, false), (20, true)])
    func shortTextsAreNotCompared(words: Int, isCompared: Bool) {
        #expect((SimHash((0..<words).map { "w\($0)" }.joined(separator: " ")) != nil) == isCompared)
    }

    @Test func ideographsAreWords() {
        #expect(SimHash(String(repeating: "\u{6F22}\u{5B57}", count: 10)) != nil)
        #expect(SimHash(String(repeating: "\u{6F22}\u{5B57}\u{3002}\u{FF0C}", count: 9)) == nil)
        #expect(SimHash(String(repeating: "\u{448}\u{4D}", count: 10)) == nil)
    }

    /// It is stored, so it must never change.
    @Test func itStays() throws {
        let numbers = (1...30).map { "word\($0) text" }.joined(separator: " ")
        #expect(try #require(SimHash(numbers)).bits == 0x2817_648A_38D8_867B)
        let letters = (1...30).map { String(repeating: "ab", count: $0) + " Text" }.joined(separator: " ")
        #expect(try #require(SimHash(letters)).bits == 0x06F4_CCFA_2DBF_4495)
    }
}

@Suite struct ExactFingerprintTests {
    @Test(arguments: [
        ("a b", " A\t\r\n B "), ("a b", "a\u{A0}b"), ("a b", "a\u{3000}\u{2003}b"),
        ("\u{E9}t\u{E9} b", "\u{C9}T\u{C9}\nB"),
        ("", " \n"), ("a b", "a\u{2028}\u{85}b"),
    ]) func same(one: String, other: String) {
        #expect(ExactFingerprint.of(one) == ExactFingerprint.of(other))
    }

    @Test(arguments: [
        ("a b", "ab"), ("a", "b"), ("a", ""), ("a.b", "a b"), ("a\u{2014}b", "a b"), ("\u{C2}", "\u{C3}"),
    ])
    func different(one: String, other: String) {
        #expect(ExactFingerprint.of(one) != ExactFingerprint.of(other))
    }

    @Test func itIsTheHashOfTheFoldedText() {
        #expect(
            ExactFingerprint.of(" ABC ").prefix(4) == [0xBA, 0x78, 0x16, 0xBF] && ExactFingerprint.of("abc").count == 32
        )
    }
}

@Suite struct NearIndexTests {
    /// The index beside a list that is searched from end to end.
    @Test(arguments: [3, 4, 5, 6]) func itFindsWhatAListFinds(reach: Int) {
        var random = SplitMix(state: UInt64(reach))
        var index = NearIndex(reach: reach, capacity: 100)
        var list: [(bits: UInt64, id: Int64)] = []
        var found = 0
        for id in 0..<2000 {
            let hash = SimHash(bits: neighbour(of: list.randomElement(using: &random)?.bits, &random))
            let nearest = list.suffix(100).reversed().map {
                (distance: ($0.bits ^ hash.bits).nonzeroBitCount, id: $0.id)
            }
            .filter { $0.distance <= reach }.min { ($0.distance, -$0.id) < ($1.distance, -$1.id) }
            #expect(index.nearest(to: hash) == nearest.map { NearIndex.Match(id: $0.id, distance: $0.distance) })
            found += nearest == nil ? 0 : 1
            index.add(hash, id: Int64(id))
            list.append((hash.bits, Int64(id)))
        }
        #expect(found > 20 && found < 1900)
    }

    private func neighbour(of bits: UInt64?, _ random: inout SplitMix) -> UInt64 {
        guard let bits, Int.random(in: 0..<4, using: &random) > 0 else { return random.next() }
        return (0..<Int.random(in: 0...8, using: &random)).reduce(bits) { bits, _ in
            bits ^ 1 << UInt64.random(in: 0..<64, using: &random)
        }
    }

    @Test func theOldestIsForgotten() {
        var index = NearIndex(capacity: 2)
        index.add(SimHash(bits: 0), id: 1)
        index.add(SimHash(bits: .max), id: 2)
        #expect(index.nearest(to: SimHash(bits: 7))?.id == 1)
        index.add(SimHash(bits: 0xFFFF_0000), id: 3)
        #expect(index.nearest(to: SimHash(bits: 7)) == nil)
        #expect(index.nearest(to: SimHash(bits: .max - 1)) == NearIndex.Match(id: 2, distance: 1))
    }
}

import Embedding
import Testing

struct EstimatingTokenizerTests {
    private let tokenizer = EstimatingTokenizer()

    private func pieces(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        return tokenizer.ranges(in: text).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test func wordsNumbersAndSignsAreCut() {
        #expect(pieces("") == [] && pieces(" \n\t") == [])
        #expect(pieces("a word") == ["a", "word"])
        #expect(pieces("Installation,  done!") == ["Inst", "all", "ati", "on", ",", "done", "!"])
        #expect(pieces("getHTTPUrl x2024") == ["get", "HTTP", "Url", "x", "20", "24"])
        #expect(pieces("дом é") == ["д", "о", "м", "é"])
    }

    @Test func theRangesAreInOrderAndCoverAllButBlanks() {
        let text = "東京 a🚂b\r\ne\u{301}…"
        let ranges = tokenizer.ranges(in: text)
        #expect(ranges.count == tokenizer.count(of: text))
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound && !$0.isEmpty })
        let bytes = Array(text.utf8)
        let left = bytes.indices.filter { index in !ranges.contains { $0.contains(index) } }
        #expect(left.map { bytes[$0] } == Array(" \r\n".utf8))
    }
}

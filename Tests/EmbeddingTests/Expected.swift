import Foundation

/// What Hugging Face's libraries make of texts and of a small model: Tests/Embeddings/fixtures.py writes it.
struct Expected: Decodable {
    struct Mode: Decodable {
        let lowercase: Bool
        let stripAccents: Bool?
        let handleChineseChars: Bool?
        let cleanText: Bool?
    }

    struct Cut: Decodable {
        let mode: Mode
        let ids: [[Int32]]
    }

    struct Block: Decodable {
        let start: UInt32
        let sha256: String
    }

    struct Parameter: Decodable {
        let name: String
        let shape: [Int]
    }

    struct Run: Decodable {
        let activation: String
        let pooling: String
        let vectors: [[Float]]
    }

    let vocabulary: [String]
    let texts: [String]
    let tokens: [Cut]
    let blocks: [Block]
    let parameters: [Parameter]
    let vectors: [Run]

    static func read() throws -> Expected {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            Expected.self, from: Data(contentsOf: tests.appending(path: "Embeddings/expected.json")))
    }
}

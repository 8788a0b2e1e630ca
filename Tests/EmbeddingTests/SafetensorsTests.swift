import Foundation
import JSON
import Testing

@testable import Embedding

/// Files are refused unless all that they say agrees, and none of them brings the process down.
@Suite struct SafetensorsTests {
    @Test func readsWhatIsWhole() throws {
        let tensors = try load(
            header: #"{"a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}, "__metadata__": {"x": "y"}, "#
                + #""b": {"dtype": "I64", "shape": [], "data_offsets": [8, 16]}}"#, body: 16
        ).tensors
        #expect(tensors.keys.sorted() == ["a"])
        #expect(tensors["a"]?.shape == [2, 1])
    }

    @Test(arguments: [
        "", "[]", "null", "{", #"{"a": 1}"#, #"{"a": {}}"#, #"{"a": {"dtype": "F32"}}"#,
        #"{"a": {"dtype": "F33", "shape": [2], "data_offsets": [0, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}"#,
        #"{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [-1, -2], "data_offsets": [0, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2.5], "data_offsets": [0, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": ["2"], "data_offsets": [0, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}"#,
        #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#,
        #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 0]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [9223372036854775800, 9223372036854775807]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 99999999999999999999]}}"#,
        #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F16", "shape": [1], "data_offsets": [6, 8]}}"#,
        String(repeating: "[", count: 100_000),
    ])
    func refusesAHeaderThatLies(_ header: String) {
        #expect(throws: EmbeddingError.self) { try load(header: header, body: 8) }
    }

    @Test func refusesALengthThatLies() {
        for length in [0, 3, 1 << 24, 1 << 62, UInt64.max, UInt64.max - 7] {
            let bytes = withUnsafeBytes(of: length.littleEndian) { Data($0) } + Data("{}".utf8)
            #expect(throws: EmbeddingError.self) { try load(bytes) }
        }
        for count in 0..<8 { #expect(throws: EmbeddingError.self) { try load(Data(count: count)) } }
    }

    /// Every change to the header either is refused or leaves a model that can be read.
    @Test func survivesAnyDamage() throws {
        let expected = try Expected.read()
        let model = try SmallModel(expected)
        let weights = model.url.appending(path: "model.safetensors")
        let good = try Data(contentsOf: weights)
        var random = SystemRandomNumberGenerator()
        var refused = 0
        for _ in 0..<300 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Bool.random(using: &random) ? Int.random(in: 0..<8) : Int.random(in: 8..<3000)
                bytes[place] =
                    [UInt8](arrayLiteral: 0x30, 0x39, 0x2D, 0x22, .random(in: 0...255)).randomElement(using: &random)
                    ?? 0
            }
            if Int.random(in: 0..<4, using: &random) == 0 { bytes = bytes.prefix(Int.random(in: 0..<bytes.count)) }
            try bytes.write(to: weights)
            do throws(EmbeddingError) {
                _ = try LocalModel(model.folder, MappedFile(path: weights.path))
            } catch {
                #expect(error.code == .model)
                refused += 1
            }
        }
        #expect(refused > 100)
    }

    @discardableResult
    private func load(header: String, body: Int) throws -> Safetensors {
        try load(SmallModel.file(header: Array(header.utf8), body: Data(count: body)))
    }

    @discardableResult
    private func load(_ bytes: Data) throws -> Safetensors {
        let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors")
        try bytes.write(to: url)
        defer { unlink(url.path) }
        return try Safetensors(MappedFile(path: url.path))
    }
}

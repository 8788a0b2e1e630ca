import Foundation
import JSON
import Testing

private struct Inner: Codable, Equatable {
    var label: String
    var weights: [Double]
}

private enum Mode: String, Codable { case fast, slow }

private struct Sample: Codable, Equatable {
    enum CodingKeys: String, CodingKey {
        case id, mode, inner, list, extra, flags, link, note
        case createdAt = "created_at"
        case maxCount = "max_count"
    }

    var id: UUID
    var createdAt: Date
    var maxCount: UInt16
    var mode: Mode
    var inner: Inner
    var list: [Inner]
    var extra: JSON
    var flags: [String: Bool]
    var link: URL
    var note: String?
}

private class Base: Codable {
    var base = 1
}

private final class Derived: Base {
    enum CodingKeys: CodingKey { case own }
    var own = 2

    override init() { super.init() }

    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        own = try container.decode(Int.self, forKey: .own)
        try super.init(from: container.superDecoder())
    }

    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(own, forKey: .own)
        try super.encode(to: container.superEncoder())
    }
}

private struct Matrix: Codable, Equatable {
    var cells: [[Int?]]

    init(cells: [[Int?]]) { self.cells = cells }

    init(from decoder: any Decoder) throws {
        var rows = try decoder.unkeyedContainer()
        cells = []
        while !rows.isAtEnd {
            var row = try rows.nestedUnkeyedContainer()
            var values: [Int?] = []
            while !row.isAtEnd { values.append(try row.decodeNil() ? nil : row.decode(Int.self)) }
            cells.append(values)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var rows = encoder.unkeyedContainer()
        for cell in cells {
            var row = rows.nestedUnkeyedContainer()
            for value in cell { try row.encode(value) }
        }
    }
}

@Suite struct CodingTests {
    @Test func readsAndWritesWhatItSays() throws {
        let text = #"""
            {"id":"0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0f","mode":"slow","inner":{"label":"x","weights":[1,2.5]},"list":[],
            "extra":{"any":[1,null]},"flags":{"a":true},"link":"https://example.org/a?b=1","created_at":"2026-01-02T03:04:05.678Z",
            "max_count":65535}
            """#
        let tree = try JSON.parse(text)
        let sample = try tree.decode(Sample.self)
        #expect(sample.maxCount == 65_535)
        #expect(sample.extra == ["any": [1, .null]])
        #expect(sample.createdAt.rfc3339() == "2026-01-02T03:04:05.678Z")
        #expect(sample.inner.weights == [1, 2.5])
        #expect(sample.note == nil)
        #expect(try JSON.encode(sample) == tree)
        #expect(try JSON.encode(sample).decode(Sample.self) == sample)
    }

    @Test func worksWithEveryKindOfContainer() throws {
        let matrix = Matrix(cells: [[1, nil, 3], [], [4]])
        #expect(try JSON.encode(matrix) == [[1, .null, 3], [], [4]])
        #expect(try JSON.encode(matrix).decode(Matrix.self) == matrix)
        let derived = Derived()
        derived.base = 7
        let tree = try JSON.encode(derived)
        #expect(tree == ["own": 2, "super": ["base": 7]])
        #expect(try tree.decode(Derived.self).base == 7)
        #expect(try JSON.encode([1: "a"]).decode([Int: String].self) == [1: "a"])
        #expect(try JSON.encode([String]()) == [])
        #expect(try JSON.encode([String: Int]()) == [:])
        #expect(try JSON.encode("text") == "text")
        #expect(try JSON.encode(Optional<Int>.none) == .null)
        #expect(try JSON.parse("3.0").decode(Int.self) == 3)
    }

    @Test(arguments: [
        (#"{"label":"x"}"#, "weights", "the field weights is missing"),
        (#"{"label":1,"weights":[]}"#, "label", "must be a string, but is the number 1"),
        (#"{"label":null,"weights":[]}"#, "label", "must be a string, but is null"),
        (#"{"label":"x","weights":[1,"y"]}"#, "weights.1", "must be a number, but is the string \"y\""),
        (#"{"label":"x","weights":{}}"#, "weights", "must be an array, but is an object"),
        ("[]", "", "must be an object, but is an array"),
    ])
    func tellsWhereAValueDoesNotFit(text: String, path: String, message: String) throws {
        let error = #expect(throws: DecodingError.self) { try JSON.parse(text).decode(Inner.self) }
        let context = try #require(error?.contextOrNil)
        let key = error?.missingKey.map { [$0] } ?? []
        #expect((context.codingPath.map(\.stringValue) + key).joined(separator: ".") == path)
        #expect(context.debugDescription == message)
    }

    @Test func refusesNumbersThatDoNotFit() {
        #expect(throws: DecodingError.self) { try JSON.int(256).decode(UInt8.self) }
        #expect(throws: DecodingError.self) { try JSON.int(-1).decode(UInt.self) }
        #expect(throws: DecodingError.self) { try JSON.double(1.5).decode(Int.self) }
        #expect(throws: DecodingError.self) { try JSON.string("x").decode(UUID.self) }
        #expect(throws: DecodingError.self) { try JSON.string("2026-13-01T00:00:00Z").decode(Date.self) }
        #expect(throws: DecodingError.self) { try JSON.string("medium").decode(Mode.self) }
        #expect(throws: EncodingError.self) { try JSON.encode(UInt64.max) }
        #expect(throws: EncodingError.self) { try JSON.encode([Double.nan]) }
    }
}

extension DecodingError {
    fileprivate var contextOrNil: Context? {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            context
        @unknown default: nil
        }
    }

    fileprivate var missingKey: String? {
        guard case .keyNotFound(let key, _) = self else { return nil }
        return key.stringValue
    }
}

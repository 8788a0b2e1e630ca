import Foundation
import JSON
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: 0..<200)
    func randomValuesComeBack(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let value = JSON.random(depth: 4, using: &generator)
        let bytes = value.serialized()
        let back = try JSON.parse(bytes)
        #expect(back == value)
        #expect(back.hashValue == value.hashValue)
        #expect(back.serialized() == bytes)
    }

    /// Foundation reads what this writes, as a second opinion.
    @Test(arguments: 0..<40)
    func foundationReadsTheSame(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed + 1000))
        let value: JSON = ["v": .random(depth: 3, using: &generator)]
        let decoded = try JSONDecoder().decode([String: Tree].self, from: Data(value.serialized()))
        #expect(decoded["v"]?.json == value["v"])
    }

    private static let written: [(JSON, String)] = [
        (JSON.string("\u{1}\u{1F}\"\\/\u{7F}é"), #""\u0001\u001f\"\\/"# + "\u{7F}é\""), (.double(1), "1.0"),
        (.double(1e20), "1e+20"), (.double(-0.0), "-0.0"), (.double(.nan), "null"), (.double(.infinity), "null"),
        (.int(.min), "-9223372036854775808"), (.int(0), "0"), ([], "[]"), ([:], "{}"),
        (["b": 1, "a": [true, .null, "x"]], #"{"b":1,"a":[true,null,"x"]}"#),
        ("\u{8}\u{C}\n\r\t", #""\b\f\n\r\t""#),
    ]

    @Test(arguments: written)
    func writes(value: JSON, expected: String) {
        #expect(String(decoding: value.serialized(), as: UTF8.self) == expected)
        #expect(value.description == expected)
    }

    @Test func appendsToWhatIsThere() {
        var bytes = Array("data: ".utf8)
        JSON.array([1, 2]).write(into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "data: [1,2]")
    }
}

/// Any JSON as Foundation's decoder sees it.
private struct Tree: Decodable {
    let json: JSON

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            json = .null
        } else if let value = try? container.decode(Bool.self) {
            json = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            json = .int(value)
        } else if let value = try? container.decode(Double.self) {
            json = .double(value)
        } else if let value = try? container.decode(String.self) {
            json = .string(value)
        } else if let value = try? container.decode([Tree].self) {
            json = .array(value.map(\.json))
        } else {
            let members = try container.decode([String: Tree].self)
            json = .object(members.reduce(into: JSONObject()) { $0[$1.key] = $1.value.json })
        }
    }
}

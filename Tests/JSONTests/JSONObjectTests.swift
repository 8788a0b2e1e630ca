import JSON
import Testing

@Suite struct JSONObjectTests {
    /// Compares with a dictionary and a list of keys, on both sides of the size from which there is an index.
    @Test(arguments: [4, 16, 17, 40])
    func behavesLikeADictionaryThatKeepsOrder(size: Int) {
        var generator = SeededGenerator(seed: UInt64(size))
        var object = JSONObject()
        var values: [String: Int64] = [:]
        var order: [String] = []
        for step in 0..<2000 {
            let key = "k\(Int.random(in: 0..<size, using: &generator))"
            if Bool.random(using: &generator) {
                if values[key] == nil { order.append(key) }
                values[key] = Int64(step)
                object[key] = .int(Int64(step))
            } else {
                values[key] = nil
                order.removeAll { $0 == key }
                object[key] = nil
            }
            #expect(object.keys == order)
            #expect(object.count == values.count)
            #expect(object[key] == values[key].map { .int($0) })
        }
        for (key, value) in values { #expect(object[key] == .int(value)) }
        #expect(object["absent"] == nil)
    }

    @Test func equalityIgnoresOrder() {
        let left: JSONObject = ["a": 1, "b": [2]]
        let right: JSONObject = ["b": [2], "a": 1]
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(left != ["a": 1, "b": [3]])
        #expect(left != ["a": 1])
        #expect(left != ["a": 1, "c": [2]])
    }

    @Test func numbersCompareByValue() {
        #expect(JSON.int(1) == .double(1))
        #expect(JSON.int(1).hashValue == JSON.double(1).hashValue)
        #expect(JSON.int(1) != .double(1.5))
        #expect(JSON.int(1) != .bool(true))
        // 2^53 + 1 has no double of its own.
        #expect(JSON.int(9_007_199_254_740_993) != .double(9_007_199_254_740_992))
        #expect(Set<JSON>([1, 1.0, 2]).count == 2)
    }

    @Test func givesValuesByKind() {
        let value: JSON = ["s": "x", "i": 3, "w": 3.0, "d": 2.5, "b": true, "n": .null, "a": [1], "o": ["k": 1]]
        #expect(value["s"]?.stringValue == "x")
        #expect(value["i"]?.intValue == 3)
        #expect(value["w"]?.intValue == 3)
        #expect(value["d"]?.intValue == nil)
        #expect(value["d"]?.doubleValue == 2.5)
        #expect(value["i"]?.doubleValue == 3)
        #expect(value["b"]?.boolValue == true)
        #expect(value["n"]?.isNull == true)
        #expect(value["a"]?[0] == 1)
        #expect(value["a"]?[1] == nil)
        #expect(value["o"]?["k"] == 1)
        #expect(value["s"]?["k"] == nil)
        #expect(value["s"]?.intValue == nil)
        #expect(value["i"]?.stringValue == nil)
    }
}

import Foundation
import JSON
import Testing

@Suite struct JSONWriterTests {
    @Test func buildsANestedResponse() throws {
        let id = try #require(UUID(uuidString: "0199F0E2-7C1A-7D3B-8E4F-5A6B7C8D9E0F"))
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", id)
        writer.member("name", "a \"quoted\" name")
        writer.member("count", 3)
        writer.member("big", Int64.max)
        writer.member("ratio", 0.5)
        writer.member("done", false)
        writer.member("at", Date(timeIntervalSince1970: 0))
        writer.member("missing", String?.none)
        writer.member("present", Int?.some(1))
        writer.member("tree", JSON.array([1, [:]]))
        writer.member("raw", raw: Array(#"{"x":1}"#.utf8))
        writer.member("list", ["a", "b"])
        writer.member("empty", [Int]())
        writer.key("nested")
        writer.beginArray()
        writer.beginObject()
        writer.endObject()
        writer.value(1)
        writer.value("{")
        writer.value(":")
        writer.null()
        writer.beginArray()
        writer.endArray()
        writer.endArray()
        writer.key(dynamic: "a\nb")
        writer.value(true)
        writer.endObject()
        let expected = #"""
            {"id":"0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0f","name":"a \"quoted\" name","count":3,"big":9223372036854775807,"ratio":0.5,"done":false,
            "at":"1970-01-01T00:00:00.000Z","missing":null,"present":1,"tree":[1,{}],"raw":{"x":1},"list":["a","b"],"empty":[],
            "nested":[{},1,"{",":",null,[]],"a\nb":true}
            """#.replacingOccurrences(of: "\n", with: "")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
        #expect(try JSON.parse(writer.bytes)["nested"]?[2] == "{")
    }

    @Test func goesOnAfterAPrefix() {
        var writer = JSONWriter(appendingTo: Array("data: ".utf8))
        writer.beginArray()
        writer.value(1)
        writer.value(2)
        writer.endArray()
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "data: [1,2]")
    }

    @Test(arguments: 0..<50)
    func writesAnyTextAsTheTreeDoes(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let value = JSON.random(depth: 2, using: &generator)
        var writer = JSONWriter()
        writer.value(value)
        #expect(writer.bytes == value.serialized())
    }
}

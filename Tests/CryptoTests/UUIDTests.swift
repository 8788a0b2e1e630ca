import Crypto
import Foundation
import Synchronization
import Testing

@Suite struct UUIDTests {
    @Test func textIsFoundationsInLowerCase() {
        for _ in 0..<1000 {
            let id = UUID()
            let text = id.uuidString.lowercased()
            #expect(id.text == text)
            var bytes = Array("id=".utf8)
            id.appendText(to: &bytes)
            #expect(bytes == Array("id=\(text)".utf8))
            #expect(UUID(text: text) == id)
            #expect(UUID(text: id.uuidString) == id)
            #expect(UUID(text: Array(text.utf8)) == id)
        }
    }

    @Test(arguments: [
        "", "0199f0e2", "0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0", "0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0f0",
        "0199f0e27c1a-7d3b-8e4f-5a6b7c8d9e0f-",
        "0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0g", "0199f0e2_7c1a_7d3b_8e4f_5a6b7c8d9e0f",
        "{199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0}",
        "0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9é0",
    ])
    func refusesOtherTexts(text: String) {
        #expect(UUID(text: text) == nil)
    }

    @Test func version7SaysItsTime() throws {
        let before = Date()
        let id = UUIDv7.generate()
        let after = Date()
        let bytes = id.uuid
        #expect(bytes.6 >> 4 == 7)
        #expect(bytes.8 >> 6 == 0b10)
        let date = try #require(UUIDv7.date(of: id))
        #expect(date >= before.addingTimeInterval(-0.001))
        // Other tests of this run may have pushed the stamp ahead of the clock.
        #expect(date <= after.addingTimeInterval(5))
        #expect(UUIDv7.date(of: UUID()) == nil)
    }

    @Test func version7Ascends() {
        var previous = ""
        for _ in 0..<100_000 {
            let text = UUIDv7.generate().text
            if text <= previous { Issue.record("\(text) comes after \(previous)") }
            previous = text
        }
    }

    @Test func version7IsUniqueAndAscendsInEachThread() async {
        let lists = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 { group.addTask { (0..<10_000).map { _ in UUIDv7.generate().text } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for list in lists { #expect(list == list.sorted()) }
        let all = lists.flatMap { $0 }
        #expect(Set(all).count == 80_000)
        // The part that orders, 48 bits of time and the counter, is never given out twice in a process.
        #expect(Set(all.map { $0.prefix(18) }).count == 80_000)
    }

    @Test func namedIdsAreDeterministic() throws {
        let job = try #require(UUID(text: "0199f0e2-7c1a-7d3b-8e4f-5a6b7c8d9e0f"))
        let id = UUID(name: "output/a.txt", namespace: job)
        #expect(id == UUID(name: "output/a.txt", namespace: job))
        #expect(id != UUID(name: "output/b.txt", namespace: job))
        #expect(id != UUID(name: "output/a.txt", namespace: UUID()))
        #expect(id.uuid.6 >> 4 == 8)
        #expect(id.uuid.8 >> 6 == 0b10)
        // It must stay what it is, because stored artifacts are found by it. Computed with another implementation of SHA-256.
        #expect(id.text == "701a4bf3-f716-8562-8723-98db870da7e7")
    }
}

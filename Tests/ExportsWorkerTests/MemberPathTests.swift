import JSON
import Tabular
import Testing
import WorkerKit

@testable import ExportsWorker

/// Where columns go in JSON.
@Suite struct MemberPathTests {
    @Test func valuesArePutWherePathsSay() throws {
        var object: JSON = ["list": ["fixed"], "kept": 1, "over": "old"]
        let puts: [(path: String, value: JSON, pointer: String)] = [
            ("list[]", "a", "/list/1"), ("list[]", "b", "/list/2"), ("limits.pages", 5, "/limits/pages"),
            ("limits.deep.er", true, "/limits/deep/er"), ("inputs[0].url", "u", "/inputs/0/url"),
            ("inputs[0].name", "n", "/inputs/0/name"), ("grid[1][0]", 7, "/grid/1/0"), ("over", "new", "/over"),
            ("a/b~c", 1, "/a~1b~0c"),
        ]
        for (text, value, pointer) in puts {
            let path = try #require(MemberPath(text), "\(text)")
            #expect(path.put(value, in: &object) == pointer, "\(text)")
        }
        #expect(
            object == [
                "list": ["fixed", "a", "b"], "kept": 1, "over": "new",
                "limits": ["pages": 5, "deep": ["er": true]], "inputs": [["url": "u", "name": "n"]],
                "grid": [.null, [7]], "a/b~c": 1,
            ])
        #expect(MemberPath("inputs[0].url")?.parent == "/inputs/0" && MemberPath("list[]")?.parent == "/list")
    }

    @Test(arguments: ["", ".", "a.", ".a", "a..b", "a[", "a]b[", "a[x]", "a[100]", "a[-1]", "a[].b", "[0]", "a[0]b"])
    func whatIsNoPathIsRefused(text: String) {
        #expect(MemberPath(text) == nil)
    }

    @Test func pathsThatNeedTheSamePlaceCollide() throws {
        let cases: [(String, String, Bool)] = [
            ("a", "a", true), ("a", "a.b", true), ("a.b", "a.c", false), ("a[]", "a[]", false), ("a", "a[]", true),
            ("a[0].x", "a[0]", true), ("a[0].x", "a[1].x", false),
        ]
        for (left, right, collide) in cases {
            let (one, other) = (try #require(MemberPath(left)), try #require(MemberPath(right)))
            #expect(one.collides(with: other) == collide && other.collides(with: one) == collide, "\(left) \(right)")
        }
    }
}

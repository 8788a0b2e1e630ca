import JSON
import Testing

@testable import PullRequestsWorker

/// Files by the names that git gives them.
@Suite struct KnownFilesTests {
    @Test func namesThatLookTheSameAreToldApart() async throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        var found = TreeFiles()
        try await found.walk(from: "root", to: ["\(composed)/a", "\(decomposed)/a"]) { tree in
            switch tree {
            case "root":
                [
                    ["type": "tree", "path": .string(composed), "sha": "one"],
                    ["type": "tree", "path": .string(decomposed), "sha": "two"],
                ]
            default: [["type": "blob", "path": "a", "mode": "100644", "sha": .string("in \(tree)")]]
            }
        }
        #expect(found.files["\(composed)/a"]?.id == "in one" && found.files["\(decomposed)/a"]?.id == "in two")
        #expect(found.files["\(composed)/b"] == nil)
    }
}

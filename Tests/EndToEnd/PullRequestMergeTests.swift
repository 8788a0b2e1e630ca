import Foundation
import GitForges
import JSON
import TestKit
import Testing

/// Pull requests that are merged when they are ready.
@Suite struct PullRequestMergeTests {
    @Test func itIsMergedWhenItsChecksAreThere() async throws {
        try await withEachForge { bench in
            let end = try await bench.stack.end("pull_request", bench.spec(["auto_merge": "squash"]))
            #expect(end["result"]?["pull_request"]?["state"] == "open", "\(end)")
            #expect(try await bench.forge.pulls(bench.name).first?.autoMerge == "squash")
            await bench.expectNoViolations()
        }
    }

    /// GitHub takes no order to wait then, and all find out first whether it can be merged.
    @Test func whatIsReadyIsMergedAtOnce() async throws {
        try await withEachForge { bench in
            try await bench.forge.endChecks(in: bench.name)
            try await bench.forge.delayMerges(byLooks: 2, in: bench.name)
            let end = try await bench.stack.end("pull_request", bench.spec(["auto_merge": "squash"]))
            #expect(end["result"]?["pull_request"]?["state"] == "merged", "\(end)")
            #expect(try await bench.git("rev-list", "--count", "main") == "2", "one commit came")
            #expect(try await bench.git("show", "main:a") == "x")
            await bench.expectNoViolations()
        }
    }

    @Test func aRefusalSaysWhy() async throws {
        try await withForge(.github) { bench in
            try await bench.forge.allowAutoMerge(false, in: bench.name)
            let end = try await bench.stack.end("pull_request", bench.spec(["auto_merge": "merge"]))
            #expect(end["error"]?["code"] == "auto_merge_refused", "\(end)")
            #expect(end["error"]?["message"]?.stringValue?.contains("not allowed for this repository") == true)
        }
    }
}

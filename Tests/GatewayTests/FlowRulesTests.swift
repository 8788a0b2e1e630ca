import Foundation
import Synchronization
import Testing

@testable import Gateway
@testable import Jobs

@Suite struct FlowRulesTests {
    private static let pause = QueuePause(type: "noop", reason: nil, pausedBy: "a", pausedAt: Date())

    @Test func nothingPassesBeforeTheRulesWereRead() async throws {
        let rules = FlowRules { FlowRules.Snapshot() }
        #expect(!rules.letsPass(type: "noop", namespace: "default", key: nil))
        try await rules.refresh()
        #expect(rules.letsPass(type: "noop", namespace: "default", key: nil))
    }

    @Test func aReadThatBeganEarlierDoesNotUndoALaterOne() async throws {
        let (released, release) = AsyncStream<Void>.makeStream()
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let reads = Atomic(0)
        let rules = FlowRules {
            guard reads.add(1, ordering: .relaxed).oldValue == 0 else {
                return FlowRules.Snapshot(pauses: ["noop": Self.pause])
            }
            // The first read has looked before the pause, and comes back after the second.
            begin.finish()
            for await _ in released {}
            return FlowRules.Snapshot()
        }
        async let early: Void = rules.refresh()
        for await _ in begun {}
        try await rules.refresh()
        release.finish()
        try await early
        #expect(rules.current.pauses == ["noop": Self.pause])
        #expect(!rules.letsPass(type: "noop", namespace: "default", key: nil))
    }
}

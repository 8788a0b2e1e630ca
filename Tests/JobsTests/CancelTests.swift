import Crypto
import Foundation
import JSON
import Testing

@testable import Jobs

@Suite struct CancelTests {
    @Test func waitingJobsAreCancelledAtOnce() async throws {
        try await withStore { store in
            let queued = try await store.queue()[0]
            let scheduled = submission(at: Date(timeIntervalSinceNow: 60))
            _ = try await store.submit([(scheduled, .zero)])
            for id in [queued, scheduled.id] {
                #expect(try await store.cancel(id, namespace: "default", reason: "why").word == "cancelled")
                #expect(try await store.cancel(id, namespace: "default", reason: nil).word == "ended cancelled")
                let after = try await store.snapshot(id)
                #expect(after.status == .cancelled && after.terminalEvents == 1 && after.events == 2)
                #expect(try await store.history(id).last?.data.json() == ["reason": "why"])
                #expect(try await store.claim([id], type: "probe", worker: "w", lease: .seconds(1)).isEmpty)
            }
            #expect(try await store.waitingJobs().isEmpty)
        }
    }

    @Test func runningJobsAreAskedToEnd() async throws {
        try await withStore { store in
            let fence = try await store.run()
            #expect(try await store.cancel(fence.job, namespace: "default", reason: nil).word == "stopping")
            #expect(try await store.cancel(fence.job, namespace: "default", reason: nil).word == "stopping")
            let after = try await store.snapshot(fence.job)
            #expect(after.status == .stopping && after.wanted == "cancel" && after.events == 3)
            _ = try await store.write([.outcome(fence, ending(.cancelled, "cancelled"))])
            #expect(try await store.cancel(fence.job, namespace: "default", reason: nil).word == "ended cancelled")
        }
    }

    @Test func whatHasEndedStaysAsItIs() async throws {
        try await withStore { store in
            for status in [JobStatus.completed, .failed, .stopped] {
                let fence = try await store.run()
                _ = try await store.write([.outcome(fence, ending(status, status.rawValue))])
                let before = try await store.snapshot(fence.job)
                let answer = try await store.cancel(fence.job, namespace: "default", reason: nil).word
                #expect(answer == "ended \(status.rawValue)")
                #expect(try await store.snapshot(fence.job) == before)
            }
        }
    }

    @Test func otherNamespacesAreOutOfReach() async throws {
        try await withStore { store in
            let id = try await store.queue()[0]
            #expect(try await store.cancel(id, namespace: "other", reason: nil).word == "unknown")
            #expect(try await store.cancel(UUIDv7.generate(), namespace: "default", reason: nil).word == "unknown")
            #expect(try await store.snapshot(id).status == .queued)
        }
    }

    @Test func racesEndEachJobOnce() async throws {
        try await withStore { store in
            for round in 0..<200 {
                let id = try await store.queue()[0]
                let answers = try await withThrowingTaskGroup(of: String?.self) { group in
                    group.addTask {
                        guard
                            let claim = try await store.claim([id], type: "probe", worker: "w", lease: .seconds(30))
                                .first
                        else {
                            return nil
                        }
                        let fence = Fence(job: id, attempt: claim.attempt)
                        let end = round % 2 == 0 ? ending(.completed, "completed") : ending(.queued, "handed_back")
                        _ = try await store.write([.heartbeat(fence, lease: .seconds(30)), .outcome(fence, end)])
                        return nil
                    }
                    for _ in 0..<2 {
                        group.addTask { try await store.cancel(id, namespace: "default", reason: nil).word }
                    }
                    return try await group.reduce(into: [String]()) { if let word = $1 { $0.append(word) } }
                }
                let after = try await store.snapshot(id)
                #expect(after.terminalEvents == 1, "\(answers)")
                #expect(after.lastEventStatus == after.status.rawValue)
                #expect(after.status == .cancelled || round % 2 == 0 && after.status == .completed, "\(answers)")
                if answers.contains("cancelled") { #expect(after.status == .cancelled) }
                if after.status == .completed { #expect(answers.allSatisfy { $0 != "cancelled" }) }
            }
        }
    }
}

extension CancelOutcome {
    var word: String {
        switch self {
        case .cancelled: "cancelled"
        case .stopping: "stopping"
        case .ended(let status): "ended \(status.rawValue)"
        case .unknown: "unknown"
        }
    }
}

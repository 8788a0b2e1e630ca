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
                #expect(try await store.cancel(id, namespace: "default", reason: "why") == .done(abandoned: false))
                #expect(try await store.cancel(id, namespace: "default", reason: nil) == .done(abandoned: false))
                let after = try await store.snapshot(id)
                #expect(after.status == .cancelled && after.terminalEvents == 1 && after.events == 2)
                #expect(try await store.history(id).last?.data.json() == ["reason": "why"])
                #expect(try await store.claim([id], type: "probe", worker: "w", lease: .seconds(1)).isEmpty)
            }
            #expect(try await store.undispatched(type: "probe", limit: 9).commands.isEmpty)
        }
    }

    @Test func runningJobsAreAskedToEnd() async throws {
        try await withStore { store in
            let fence = try await store.run()
            for _ in 0..<2 {
                let answer = try await store.cancel(fence.job, namespace: "default", reason: nil)
                guard case .asked(let wanted) = answer, wanted.wish == .cancel, wanted.within <= .seconds(10) else {
                    Issue.record("\(answer)")
                    return
                }
            }
            let after = try await store.snapshot(fence.job)
            #expect(after.status == .stopping && after.wanted == "cancel" && after.events == 3)
            _ = try await store.write([.outcome(fence, ending(.cancelled, "cancelled"))])
            #expect(try await store.cancel(fence.job, namespace: "default", reason: nil) == .done(abandoned: false))
        }
    }

    @Test func whatHasEndedStaysAsItIs() async throws {
        try await withStore { store in
            for status in [JobStatus.completed, .failed, .stopped] {
                let fence = try await store.run()
                _ = try await store.write([.outcome(fence, ending(status, status.rawValue))])
                let before = try await store.snapshot(fence.job)
                #expect(try await store.cancel(fence.job, namespace: "default", reason: nil) == .ended(status))
                #expect(try await store.snapshot(fence.job) == before)
            }
        }
    }

    @Test func otherNamespacesAreOutOfReach() async throws {
        try await withStore { store in
            let id = try await store.queue()[0]
            #expect(try await store.cancel(id, namespace: "other", reason: nil) == .unknown)
            #expect(try await store.cancel(UUIDv7.generate(), namespace: "default", reason: nil) == .unknown)
            #expect(try await store.snapshot(id).status == .queued)
        }
    }

    @Test func racesEndEachJobOnce() async throws {
        try await withStore { store in
            for round in 0..<200 {
                let id = try await store.queue()[0]
                let answers = try await withThrowingTaskGroup(of: StopOutcome?.self) { group in
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
                        group.addTask { try await store.cancel(id, namespace: "default", reason: nil) }
                    }
                    return try await group.reduce(into: [StopOutcome]()) { if let answer = $1 { $0.append(answer) } }
                }
                let after = try await store.snapshot(id)
                #expect(after.terminalEvents == 1, "\(answers)")
                #expect(after.lastEventStatus == after.status.rawValue)
                #expect(after.status == .cancelled || round % 2 == 0 && after.status == .completed, "\(answers)")
                if answers.contains(.done(abandoned: false)) { #expect(after.status == .cancelled) }
            }
        }
    }
}

import Crypto
import Foundation
import Testing

@testable import Jobs

/// What the graph says about one job, in memory.
private struct Model: Equatable {
    var status: JobStatus
    var attempt: Int32 = 0
    var failures: Int32 = 0
    var crashes: Int32 = 0
    var isCancelWanted = false
    var ends: Int64 = 0

    mutating func move(_ status: JobStatus) {
        self.status = status
        if status.isTerminal { ends += 1 }
        if status != .stopping { isCancelWanted = false }
    }

    mutating func claim() -> Bool {
        guard status == .queued else { return false }
        attempt += 1
        move(.running)
        return true
    }

    mutating func end(_ ending: Ending, attempt: Int32) -> Bool {
        guard status == .running || status == .stopping, attempt == self.attempt else { return false }
        failures += ending.countsAsFailure ? 1 : 0
        move(ending.status.isTerminal || !isCancelWanted ? ending.status : .cancelled)
        return true
    }

    mutating func cancel() -> String {
        switch status {
        case .queued, .scheduled:
            move(.cancelled)
            return "cancelled"
        case .running, .stopping:
            isCancelWanted = true
            move(.stopping)
            return "stopping"
        case .completed, .failed, .cancelled, .stopped: return "ended \(status.rawValue)"
        }
    }

    mutating func reap() {
        guard status == .running || status == .stopping else { return }
        crashes += 1
        move(isCancelWanted ? .cancelled : crashes >= 3 ? .failed : .queued)
    }
}

@Suite struct ModelTests {
    /// Thousands of random operations over a few jobs: the rows must be where the model is after each.
    @Test(arguments: [UInt64(1), 2, 3]) func theRowsFollowTheModel(seed: UInt64) async throws {
        try await withStore { store in
            var random = Generator(state: seed)
            var models: [UUID: Model] = [:]
            for step in 0..<1000 {
                var live = Array(models.filter { !$0.value.status.isTerminal }.keys).sorted { $0.text < $1.text }
                if live.count < 4 {
                    let isScheduled = Bool.random(using: &random)
                    let job = submission(at: isScheduled ? Date(timeIntervalSinceNow: -1) : nil)
                    _ = try await store.submit([(job, .zero)])
                    models[job.id] = Model(status: isScheduled ? .scheduled : .queued)
                    live.append(job.id)
                }
                // Now and then one that has ended: nothing may move it.
                let ended = models.keys.sorted { $0.text < $1.text }
                let id =
                    step % 7 == 0
                    ? ended[Int.random(in: 0..<ended.count, using: &random)]
                    : live[Int.random(in: 0..<live.count, using: &random)]
                guard var model = models[id] else { continue }
                let name = try await operate(store, id, &model, &random)
                models[id] = model
                let row = try await store.snapshot(id)
                let found = Model(
                    status: row.status, attempt: row.attempt, failures: row.failures, crashes: row.crashes,
                    isCancelWanted: row.wanted == "cancel", ends: row.terminalEvents)
                #expect(found == model, "step \(step): \(name)")
                #expect(row.lastEventStatus == row.status.rawValue, "step \(step): \(name)")
                guard found == model else { return }
            }
            for (id, model) in models {
                #expect(try await store.snapshot(id).status == model.status, "moved without an operation of its own")
                #expect(model.ends == (model.status.isTerminal ? 1 : 0))
            }
        }
    }

    private func operate(
        _ store: JobStore, _ id: UUID, _ model: inout Model, _ random: inout Generator
    ) async throws -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...2:
            let wasClaimed = try await !store.claim([id], type: "probe", worker: "w", lease: .seconds(600)).isEmpty
            #expect(wasClaimed == model.claim())
            return "claim"
        case 3...5:
            let endings = [
                ending(.completed, "completed"), ending(.failed, "failed", fails: true),
                ending(.scheduled, "retrying", fails: true), ending(.scheduled, "snoozed"),
                ending(.queued, "handed_back"), ending(.queued, "handed_back"), ending(.cancelled, "cancelled"),
                ending(.stopped, "stopped"),
            ]
            let end = endings[Int.random(in: 0..<endings.count, using: &random)]
            let attempt = model.attempt + [-1, 0, 0, 0, 1][Int.random(in: 0..<5, using: &random)]
            let answer = try await store.write([.outcome(Fence(job: id, attempt: attempt), end)])
            #expect(answer == [model.end(end, attempt: attempt) ? .written : .superseded])
            return "\(end.kind) of attempt \(attempt)"
        case 6:
            #expect(try await store.cancel(id, namespace: "default", reason: nil).word == model.cancel())
            return "cancel"
        case 7:
            try await store.database.query(
                "UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = \(id) AND lease_until IS NOT NULL"
            )
            _ = try await store.reap()
            model.reap()
            return "reap"
        case 8:
            // Only this job's time has come: the others are put off.
            try await store.database.query(
                "UPDATE jobs SET due_at = now() + CASE WHEN id = \(id) THEN interval '-1 second' ELSE interval '1 hour' END WHERE status = 'scheduled'"
            )
            _ = try await store.release()
            if model.status == .scheduled { model.move(.queued) }
            return "release"
        default:
            let fence = Fence(job: id, attempt: model.attempt)
            let answer = try await store.write([
                .heartbeat(fence, lease: .seconds(600)), .progress(fence, phase: nil, progress: Array(text: "{}")),
                .checkpoint(fence, epoch: Int32.random(in: 1...9, using: &random), state: Array(text: "{}")),
            ])
            let isLive = model.status == .running || model.status == .stopping
            #expect(answer[0] == (!isLive ? .superseded : model.isCancelWanted ? .wanted(.cancel) : .written))
            return "report"
        }
    }
}

/// SplitMix64, so that a failure can be repeated.
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

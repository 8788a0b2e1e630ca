import Crypto
import Foundation
import JSON
import Postgres
import TestKit
import Testing

@testable import Jobs

@Suite struct WorkflowTests {
    private static let diamond: JSONObject = [
        "a": TestWorkflow.step(), "b": TestWorkflow.step(["a"]),
        "c": TestWorkflow.step(pages: ["$ref": "#/jobs/a/result/count"]),
        "d": TestWorkflow.step(["b"], pages: ["$ref": "#/jobs/c/result/sizes/1"]),
    ]

    @Test func aDiamondRunsInOrderAndHandsItsResultsOn() async throws {
        try await withStore { store in
            let flow = try await TestWorkflow.start(store, Self.diamond)
            #expect(try await flow.statuses() == ["a": .queued, "b": .scheduled, "c": .scheduled, "d": .scheduled])
            #expect(try await store.release() == 0, "what waits for jobs waits for no time")
            #expect(try await flow.job("b").dueAt == nil)
            let waits = try await store.openDependencies(of: try await flow.job("d").id)
            #expect(waits.count == 2 && waits.first.map(\.name) == ["b", "c"])
            #expect(waits.first.map(\.status) == [.scheduled, .scheduled])
            try await flow.end("a")
            #expect(try await store.planState().hasEnds)
            try await flow.settle()
            #expect(try await flow.statuses() == ["a": .completed, "b": .queued, "c": .queued, "d": .scheduled])
            #expect(try await flow.job("c").spec.json() == ["pages": 7, "mode": "fast"])
            try await flow.end("b")
            try await flow.settle()
            #expect(try await flow.statuses()["d"] == .scheduled)
            #expect(try await store.openDependencies(of: try await flow.job("d").id).first.map(\.name) == ["c"])
            try await flow.end("c", result: ["sizes": [1, 42]])
            try await flow.settle()
            #expect(try await flow.job("d").spec.json() == ["pages": 42, "mode": "fast"])
            #expect(try await store.kinds(try await flow.job("d").id) == ["scheduled", "queued"])
            #expect(try await flow.read().status == .running)
            try await flow.end("d")
            try await flow.settle()
            #expect(try await flow.read().status == .completed)
            #expect(try await !store.planState().hasEnds)
            #expect(try await flow.job("d").parentID == flow.id)
            #expect(
                try await store.workflows(namespace: "default", status: .completed, before: nil, limit: 9).count == 1)
            #expect(try await store.workflow(flow.id, namespace: "elsewhere") == nil)
        }
    }

    @Test func whatNeedsAFailedJobIsCancelledAndTheRestGoesOn() async throws {
        try await withStore { store in
            var jobs = Self.diamond
            jobs["e"] = TestWorkflow.step(["d"])
            let flow = try await TestWorkflow.start(store, jobs)
            try await flow.end("a")
            try await flow.settle()
            try await flow.end("b", .failed)
            try await flow.settle()
            #expect(
                try await flow.statuses()
                    == ["a": .completed, "b": .failed, "c": .queued, "d": .cancelled, "e": .cancelled])
            let (b, d) = (try await flow.job("b"), try await flow.job("d"))
            #expect(try d.error.json()["code"] == "dependency_failed")
            #expect(
                try d.error.json()["message"]?.stringValue?.contains("\"b\" (job \(b.id.text)), which is failed")
                    == true)
            #expect(try await store.history(d.id).last?.data.json()["error"]?["code"] == "dependency_failed")
            #expect(try await flow.read().status == .running)
            try await flow.end("c")
            try await flow.settle()
            #expect(try await flow.read().status == .failed)
        }
    }

    @Test func failingFastCancelsWhatHasNotEnded() async throws {
        try await withStore { store in
            let flow = try await TestWorkflow.start(
                store,
                [
                    "a": TestWorkflow.step(), "b": TestWorkflow.step(), "c": TestWorkflow.step(),
                    "d": TestWorkflow.step(["c"]),
                ],
                failsFast: true)
            let running = try await store.claimOne(try await flow.job("b").id)
            try await flow.end("a", .failed)
            try await flow.settle()
            #expect(try await store.planState().hasCancels)
            let (moved, requests) = try await store.cancelSteps()
            #expect(moved == 3 && requests.count == 1)
            guard case .job(running.job, let wanted)? = requests.first else {
                Issue.record("\(requests)")
                return
            }
            #expect(wanted.wish == .cancel)
            #expect(try await store.cancelSteps().moved == 0, "the second time there is nothing left")
            try await flow.settle()
            #expect(
                try await flow.statuses() == ["a": .failed, "b": .stopping, "c": .cancelled, "d": .cancelled])
            #expect(try await flow.job("c").error.json()["code"] == "workflow_cancelled")
            _ = try await store.write([.outcome(running, ending(.cancelled, "cancelled"))])
            try await flow.settle()
            #expect(try await flow.read().status == .failed)
            #expect(try await !store.planState().hasCancels)
        }
    }

    @Test func theWholeIsCancelledOnce() async throws {
        try await withStore { store in
            let flow = try await TestWorkflow.start(store, Self.diamond)
            try await flow.end("a")
            try await flow.settle()
            let running = try await store.claimOne(try await flow.job("b").id)
            guard case .accepted = try await store.cancelWorkflow(flow.id, namespace: "default", reason: "wrong site"),
                case .accepted = try await store.cancelWorkflow(flow.id, namespace: "default", reason: nil),
                case .unknown = try await store.cancelWorkflow(flow.id, namespace: "elsewhere", reason: nil)
            else {
                Issue.record("not as asked for")
                return
            }
            #expect(try await store.cancelSteps(of: flow.id).moved == 3)
            try await flow.settle()
            #expect(
                try await flow.statuses() == ["a": .completed, "b": .stopping, "c": .cancelled, "d": .cancelled])
            #expect(try await flow.job("d").error.json()["message"] == "The workflow was cancelled: wrong site")
            // Its worker was faster: the workflow is cancelled all the same.
            _ = try await store.write([.outcome(running, ending(.completed, "completed"))])
            try await flow.settle()
            #expect(try await flow.read().status == .cancelled)
            guard case .ended(.cancelled) = try await store.cancelWorkflow(flow.id, namespace: "default", reason: nil)
            else {
                Issue.record("cancelled twice")
                return
            }
        }
    }

    @Test(
        arguments: [
            (["other": 1], "unresolved_reference", "no \"count\" among other"),
            (["count": 1, "huge": 1e30], "unresolved_reference", "cannot be read"),
            (["count": "many"], "invalid_spec", "/spec/pages"), (["count": 0], "invalid_spec", "/spec/pages"),
        ] as [(JSON, String, String)])
    func aReferenceThatGivesNothingUsefulFailsItsJob(result: JSON, code: String, message: String) async throws {
        try await withStore { store in
            let flow = try await TestWorkflow.start(
                store, ["a": TestWorkflow.step(), "b": TestWorkflow.step(pages: ["$ref": "#/jobs/a/result/count"])])
            try await flow.end("a", result: result)
            try await flow.settle()
            let job = try await flow.job("b")
            #expect(job.status == .failed && job.finishedAt != nil)
            let error = try job.error.json()
            #expect(
                error["code"]?.stringValue == code && error["message"]?.stringValue?.contains(message) == true,
                "\(error)")
            #expect(try await flow.read().status == .failed)
        }
    }

    @Test func aCancelledOrStoppedJobDecidesTheWhole() async throws {
        try await withStore { store in
            for (end, whole) in [(JobStatus.cancelled, Workflow.Status.cancelled), (.stopped, .stopped)] {
                let flow = try await TestWorkflow.start(
                    store, ["a": TestWorkflow.step(), "b": TestWorkflow.step(["a"])])
                try await flow.end("a", end)
                try await flow.settle()
                #expect(try await flow.statuses()["b"] == .cancelled)
                #expect(try await flow.read().status == whole)
            }
        }
    }

    @Test func aRetryRepeatsOnlyWhatDidNotComplete() async throws {
        try await withStore { store in
            let flow = try await TestWorkflow.start(store, Self.diamond)
            try await flow.end("a")
            try await flow.settle()
            try await flow.end("b")
            let failing = try await store.claimOne(try await flow.job("c").id)
            var finished = CheckpointExtras()
            finished.entries = [Array("1".utf8), Array("2".utf8)]
            _ = try await store.write([
                .checkpoint(failing, epoch: 4, state: Array(#"{"done":4}"#.utf8), finished),
                .outcome(failing, ending(.failed, "failed")),
            ])
            guard case .refused(.running) = try await retry(flow) else {
                Issue.record("a running workflow was retried")
                return
            }
            try await flow.settle()
            let made = try await withThrowingTaskGroup(of: WorkflowRetry.self) { group in
                for _ in 0..<4 { group.addTask { try await retry(flow) } }
                return try await group.reduce(into: [UUID: Int]()) { made, retry in
                    switch retry {
                    case .created(let id), .existing(let id): made[id, default: 0] += 1
                    default: Issue.record("\(retry)")
                    }
                }
            }
            #expect(made.count == 1)
            let second = TestWorkflow(id: try #require(made.keys.first), store: store, catalogue: flow.catalogue)
            try await second.settle()
            let (status, steps) = try await second.read()
            #expect(
                status == .running && steps.mapValues(\.isReused) == ["a": true, "b": true, "c": false, "d": false])
            #expect(steps.mapValues(\.status) == ["a": .completed, "b": .completed, "c": .queued, "d": .scheduled])
            let resumed = try #require(
                try await store.claim([try await second.job("c").id], type: "probe", worker: "w", lease: .seconds(9))
                    .first)
            #expect(resumed.checkpoint?.epoch == 4)
            #expect(
                try await store.checkpointEntries(of: resumed.id, upTo: 4, limit: 9).map(\.entry.text) == ["1", "2"])
            #expect(try await second.job("c").originalJobID == failing.job)
            var done = ending(.completed, "completed")
            done.result = Array(#"{"sizes":[1,2]}"#.utf8)
            _ = try await store.write([.outcome(Fence(job: resumed.id, attempt: resumed.attempt), done)])
            try await second.settle()
            #expect(try await second.job("d").spec.json()["pages"] == 2)
            try await second.end("d")
            try await second.settle()
            #expect(try await second.read().status == .completed)
            #expect(try await flow.read().status == .failed, "the first one stays as it is")
            guard case .refused(.completed) = try await retry(second) else {
                Issue.record("a completed workflow was retried")
                return
            }
        }
    }

    private func retry(_ flow: TestWorkflow) async throws -> WorkflowRetry {
        try await flow.store.retryWorkflow(
            flow.id, namespace: "default", as: UUIDv7.generate(), catalogue: flow.catalogue)
    }

    @Test func aWorkflowKeepsItsJobsUntilItHasEndedAndGoesWithTheLast() async throws {
        try await withStore { store in
            let flow = try await TestWorkflow.start(store, ["a": TestWorkflow.step(), "b": TestWorkflow.step(["a"])])
            let a = try await flow.job("a").id
            let b = try await flow.job("b").id
            func old() async throws -> [UUID] {
                try await store.database.query(
                    "UPDATE jobs SET finished_at = now() - interval '9 days' WHERE finished_at IS NOT NULL")
                let highest = UUID(
                    uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255))
                return try await store.oldJobs(
                    after: UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)), through: highest,
                    days: RetentionDays(others: 1), limit: 9
                ).old
            }
            try await flow.end("a")
            #expect(try await old() == [], "its end has not been dealt with")
            try await flow.settle()
            #expect(try await old() == [], "the other one may read its result")
            try await flow.end("b")
            try await flow.settle()
            #expect(try await Set(old()) == [a, b])
            #expect(try await store.deleteJobs([a]) == 1)
            let rest = try await flow.read()
            #expect(rest.steps["a"]?.status == .some(nil) && rest.steps["b"]?.status == .completed)
            #expect(try await store.deleteJobs([b]) == 1)
            #expect(try await store.workflow(flow.id, namespace: "default") == nil)
            #expect(
                try await store.count(
                    "SELECT (SELECT count(*) FROM workflow_steps) + (SELECT count(*) FROM job_dependencies) AS n") == 0)
        }
    }

    @Test func aKeyMakesOneWorkflow() async throws {
        try await withStore { store in
            let catalogue = TypeCatalogue([try probeType()])
            func start(_ body: String) async throws -> (SubmitOutcome, UUID) {
                let id = UUIDv7.generate()
                let definition = try WorkflowDefinition.read(
                    ["jobs": .object(Self.diamond)], namespace: "default", workflow: id, catalogue: catalogue)
                return (
                    try await store.start(definition, id: id, namespace: "default", idempotency: ("k", sha256(body))),
                    id
                )
            }
            let (first, id) = try await start("one")
            guard case .created = first, case .existing(id) = try await start("one").0,
                case .conflict(id) = try await start("two").0
            else {
                Issue.record("not one")
                return
            }
            #expect(try await store.count("SELECT count(*) AS n FROM jobs") == 4)
        }
    }
}

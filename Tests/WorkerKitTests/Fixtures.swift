import Crypto
import Foundation
import JSON
import Jobs
import Storage
import Synchronization
import Telemetry
import TestKit

@testable import WorkerKit

/// A worker whose work is a closure of the test.
struct ProbeWorker: Worker {
    struct Input: Decodable, Sendable { var pages: Int }
    struct Output: Encodable, Sendable { var text: String }

    static let defaultSlots = 2
    static func jobType() throws -> JobType {
        try JobType(
            name: "probe", version: 1, description: "",
            specSchema: ["type": "object", "properties": ["pages": ["type": "integer", "default": 7]]],
            policy: JobPolicy())
    }

    let body: @Sendable (Input, JobContext) async throws -> Outcome<Output>

    func perform(_ input: Input, in context: JobContext) async throws -> Outcome<Output> {
        try await body(input, context)
    }
}

let quietLog = Logger(service: "test", level: .error)

/// A database with what an executor needs.
struct Bench: Sendable {
    let test: TestDatabase
    let store: JobStore
    let recorder: Recorder

    static func with<Output: Sendable>(_ body: @Sendable (Bench) async throws -> Output) async throws -> Output {
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            return try await body(Bench(test: test, store: store, recorder: Recorder(store, log: quietLog)))
        }
    }

    /// Submits and claims a job.
    func claim(
        spec: String = #"{"pages":1}"#, maxAttempts: Int = 3, timeout: Int = 60
    ) async throws -> Claim {
        let type = try JobType(
            name: "probe", version: 1, description: "", specSchema: ["type": "object"],
            policy: JobPolicy(timeoutSeconds: timeout, maxAttempts: maxAttempts))
        let submission = try Submission.read(
            ["type": "probe", "spec": JSON.parse(Array(spec.utf8))], id: UUIDv7.generate(), namespace: "default",
            catalogue: TypeCatalogue([type]))
        _ = try await store.submit([(submission, .zero)])
        return try await again(submission.id)
    }

    /// Claims a job that is queued.
    func again(_ id: UUID) async throws -> Claim {
        guard let claim = try await store.claim([id], type: "probe", worker: "w", lease: .seconds(60)).first else {
            throw NeverHappened(what: "the claim")
        }
        return claim
    }

    func executor(
        policy: JobPolicy = JobPolicy(backoffBaseSeconds: 60),
        _ body: @escaping @Sendable (ProbeWorker.Input, JobContext) async throws -> Outcome<ProbeWorker.Output>
    ) throws -> Executor<ProbeWorker> {
        let content = try FileStore(root: NSTemporaryDirectory() + "switchyard-\(test.schema)")
        return Executor(
            worker: ProbeWorker(body: body), schema: try ProbeWorker.jobType().validator, policy: policy,
            recorder: recorder,
            files: { [store] in
                JobFiles(store: store, content: content, roots: [], namespace: $0.namespace, job: $0.id)
            }, log: quietLog)
    }

    /// Runs one claimed job to its end and answers the row.
    func run(
        _ claim: Claim, stop: StopReason? = nil, policy: JobPolicy = JobPolicy(backoffBaseSeconds: 60),
        _ body: @escaping @Sendable (ProbeWorker.Input, JobContext) async throws -> Outcome<ProbeWorker.Output>
    ) async throws -> Job {
        let running = RunningJob(claim, grace: .seconds(10))
        if let stop { running.stop(stop) }
        let executor = try executor(policy: policy, body)
        let task = Task { await executor.execute(running) }
        running.started(task)
        await task.value
        return try await job(claim.id)
    }

    func job(_ id: UUID) async throws -> Job {
        guard let job = try await store.jobs([(id, "default")])[0] else { throw NeverHappened(what: "the job") }
        return job
    }

    func kinds(_ id: UUID) async throws -> [String] {
        try await store.events(after: [(id, 0)], limit: 100).map(\.kind)
    }

    func lines(_ id: UUID) async throws -> [LogLine] {
        try await store.logs(of: id, LogFilter(minimum: .debug), after: (0, 0), limit: 20_000)
    }
}

extension Job {
    var errorCode: String? {
        get throws { try error.map { try JSON.parse($0)["code"]?.stringValue } ?? nil }
    }
}

/// A flag that one task raises and others wait for.
final class Gate: Sendable {
    private let isOpen = Mutex(false)
    var isRaised: Bool { isOpen.withLock(\.self) }
    func open() { isOpen.withLock { $0 = true } }
    func wait() async throws { try await eventually("the gate") { isOpen.withLock { $0 } } }
}

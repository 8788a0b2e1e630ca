import Crypto
import Foundation
import JSON
import Jobs
import Storage
import TestKit
import Testing

@testable import WorkerKit

/// Opens the secrets of its spec by what it answers.
private struct SecretWorker: Worker {
    struct Input: Decodable, Sendable {
        var token: String?
        var leader: String?
    }
    struct Output: Encodable, Sendable { var token: String? }

    static let defaultSlots = 1
    static func jobType() throws -> JobType {
        try JobType(
            name: "probe", version: 1, description: "",
            specSchema: [
                "type": "object",
                "properties": ["token": ["type": "string", "x-secret": true], "leader": ["type": "string"]],
            ], policy: JobPolicy())
    }

    func perform(_ input: Input, in context: JobContext) async throws -> Outcome<Output> {
        try await context.submitHelpers(1, type: "probe", member: "leader")
        return .done(Output(token: input.token))
    }
}

@Suite struct SecretTests {
    private static let vault = SpecVault(SecretBox(key: [UInt8](repeating: 1, count: SecretBox.keyLength)))
    private static let other = SpecVault(SecretBox(key: [UInt8](repeating: 2, count: SecretBox.keyLength)))

    /// Submits a spec sealed with one vault, and runs it with another.
    private func run(_ spec: JSON, with vault: SpecVault, in bench: Bench) async throws -> Job {
        let submission = try Submission.read(
            ["type": "probe", "spec": spec], id: UUIDv7.generate(), namespace: "default",
            catalogue: TypeCatalogue([SecretWorker.jobType()], vault: Self.vault))
        _ = try await bench.store.submit([(submission, .zero)])
        return try await run(try await bench.again(submission.id), with: vault, in: bench)
    }

    private func run(_ claim: Claim, with vault: SpecVault, in bench: Bench) async throws -> Job {
        let type = try SecretWorker.jobType()
        let content = try FileStore(root: NSTemporaryDirectory() + "switchyard-\(bench.test.schema)")
        let executor = Executor(
            worker: SecretWorker(), schema: type.validator, policy: type.policy, recorder: bench.recorder,
            files: { JobFiles(store: bench.store, content: content, roots: [], namespace: $0.namespace, job: $0.id) },
            log: quietLog, vault: vault)
        let running = RunningJob(claim, grace: .seconds(10))
        let task = Task { await executor.execute(running) }
        running.started(task)
        await task.value
        return try await bench.job(claim.id)
    }

    @Test func aWorkerGetsTheSecretAndItsHelpersTheSealedOne() async throws {
        try await Bench.with { bench in
            let job = try await run(["token": "c0ffee"], with: Self.vault, in: bench)
            #expect(try JSON.parse(#require(job.result)) == ["token": "c0ffee"])
            let rows = try await bench.store.database.query("SELECT spec::text AS spec FROM jobs")
            let specs = try rows.map { try $0.decode("spec", as: String.self) }
            #expect(specs.count == 2 && specs.allSatisfy { $0.contains("sealed:v1:") && !$0.contains("c0ffee") })
        }
    }

    @Test func aKeyThatDoesNotFitIsSaidAndTriedAgain() async throws {
        try await Bench.with { bench in
            for vault in [Self.other, SpecVault()] {
                let job = try await run(["token": "c0ffee"], with: vault, in: bench)
                #expect(job.status == .scheduled && job.failures == 1)
                let error = try JSON.parse(#require(job.error))
                #expect(error["code"] == "sealed_spec")
                #expect(error["message"]?.stringValue?.contains("SWITCHYARD_WEBHOOK_KEY") == true)
                #expect(error["message"]?.stringValue?.contains("/token") == true)
            }
        }
    }

    @Test func withoutAKeyJobsWithoutSecretsRun() async throws {
        try await Bench.with { bench in
            let job = try await run(["leader": "sealed:v1:x"], with: SpecVault(), in: bench)
            #expect(job.status == .completed)
        }
    }

    /// A job that was taken in before its type had secrets.
    @Test func whatWasNeverSealedIsReadAsItIs() async throws {
        try await Bench.with { bench in
            let claim = try await bench.claim(spec: #"{"token":"plain"}"#)
            let job = try await run(claim, with: Self.vault, in: bench)
            #expect(try JSON.parse(#require(job.result)) == ["token": "plain"])
        }
    }
}

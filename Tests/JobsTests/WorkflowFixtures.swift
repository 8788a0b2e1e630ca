import Crypto
import Foundation
import JSON
import Postgres
import Testing

@testable import Jobs

/// A workflow of probes in a store, with short ways to move its jobs.
struct TestWorkflow: Sendable {
    let id: UUID
    let store: JobStore
    let catalogue: TypeCatalogue

    static func start(_ store: JobStore, _ jobs: JSONObject, failsFast: Bool = false) async throws -> TestWorkflow {
        let catalogue = TypeCatalogue([try probeType()])
        let id = UUIDv7.generate()
        let definition = try WorkflowDefinition.read(
            ["jobs": .object(jobs), "fail_fast": .bool(failsFast)], namespace: "default", workflow: id,
            catalogue: catalogue)
        _ = try await store.start(definition, id: id, namespace: "default")
        return TestWorkflow(id: id, store: store, catalogue: catalogue)
    }

    /// The definition of a step.
    static func step(_ needs: [String] = [], pages: JSON = 1, more: JSONObject = [:]) -> JSON {
        var step: JSONObject = ["type": "probe", "spec": ["pages": pages]]
        if !needs.isEmpty { step["depends_on"] = .array(needs.map { .string($0) }) }
        for (name, value) in more { step[name] = value }
        return .object(step)
    }

    /// Rounds until nothing changes.
    func settle() async throws {
        while try await store.settle(catalogue: catalogue) {}
    }

    func read() async throws -> (status: Workflow.Status, steps: [String: WorkflowStep]) {
        let found = try #require(try await store.workflow(id, namespace: "default"))
        return (found.status, Dictionary(uniqueKeysWithValues: (found.steps ?? []).map { ($0.name, $0) }))
    }

    /// The status of each step, by name.
    func statuses() async throws -> [String: JobStatus?] { try await read().steps.mapValues(\.status) }

    func job(_ name: String) async throws -> Job {
        let step = try #require(try await read().steps[name])
        return try #require(try await store.job(step.job))
    }

    /// Runs a step to its end.
    func end(_ name: String, _ status: JobStatus = .completed, result: JSON = ["count": 7]) async throws {
        let fence = try await store.claimOne(try await job(name).id)
        var end = ending(status, status.rawValue)
        if status == .completed { end.result = result.serialized() }
        if status == .failed { end.error = JSON.object(["code": "broken", "message": "no"]).serialized() }
        _ = try await store.write([.outcome(fence, end)])
    }
}

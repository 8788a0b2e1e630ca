import Foundation
import JSON
import Jobs
import WorkerKit

/// Does nothing, in a real way: for benches, and for operators who check that jobs flow.
@main
struct NoopWorker: Worker {
    struct Input: Decodable {
        /// How often it sleeps; where it is more than once, a checkpoint follows each.
        let units: Int
        let sleepMilliseconds: Int
        let fail: Bool
        let crash: Bool
        /// Whether it hears nothing of what is asked of it, as broken code would.
        let stubborn: Bool

        enum CodingKeys: String, CodingKey {
            case sleepMilliseconds = "sleep_ms"
            case units, fail, crash, stubborn
        }
    }

    struct Output: Encodable {
        let slept: Int

        enum CodingKeys: String, CodingKey { case slept = "slept_ms" }
    }

    /// How many units are done.
    struct Done: Codable { let units: Int }

    static let defaultSlots = 1000

    static func jobType() throws -> JobType {
        try JobType(
            name: "noop", version: 1, description: "Does nothing: sleeps, fails or crashes on request.",
            specSchema: [
                "type": "object",
                "additionalProperties": false,
                "properties": [
                    "units": ["type": "integer", "minimum": 1, "maximum": 10_000, "default": 1],
                    "sleep_ms": ["type": "integer", "minimum": 0, "maximum": 86_400_000, "default": 0],
                    "fail": ["type": "boolean", "default": false],
                    "crash": ["type": "boolean", "default": false],
                    "stubborn": ["type": "boolean", "default": false],
                ],
            ],
            policy: JobPolicy(maxAttempts: 3))
    }

    static func main() async { await WorkerService.run(NoopWorker()) }

    func perform(_ input: Input, in context: JobContext) async throws -> Outcome<Output> {
        let done = try context.checkpoint(as: Done.self)?.units ?? 0
        context.goOn(from: Double(done))
        for unit in done..<max(done, input.units) {
            if context.stopReason == .checkpoint, !input.stubborn { return .stopped }
            try await sleep(input)
            guard input.units > 1 else { continue }
            context.report(completed: Double(unit + 1), total: Double(input.units), unit: "units")
            try await context.save(checkpoint: Done(units: unit + 1))
        }
        if input.crash { kill(getpid(), SIGKILL) }
        if input.fail { throw JobFailure(code: "asked_to_fail", message: "The spec asked for a failure.") }
        return .done(Output(slept: input.units * input.sleepMilliseconds))
    }

    private func sleep(_ input: Input) async throws {
        guard input.sleepMilliseconds > 0 else { return }
        let pause = Task { try await Task.sleep(for: .milliseconds(input.sleepMilliseconds)) }
        try await withTaskCancellationHandler {
            try await pause.value
        } onCancel: {
            if !input.stubborn { pause.cancel() }
        }
    }
}

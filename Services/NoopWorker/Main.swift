import Foundation
import JSON
import Jobs
import WorkerKit

/// Does nothing, in a real way: for benches, and for operators who check that jobs flow.
@main
struct NoopWorker: Worker {
    struct Input: Decodable {
        let sleepMilliseconds: Int
        let fail: Bool
        let crash: Bool

        enum CodingKeys: String, CodingKey {
            case sleepMilliseconds = "sleep_ms"
            case fail, crash
        }
    }

    struct Output: Encodable {
        let slept: Int

        enum CodingKeys: String, CodingKey { case slept = "slept_ms" }
    }

    static let defaultSlots = 1000

    static func jobType() throws -> JobType {
        try JobType(
            name: "noop", version: 1, description: "Does nothing: sleeps, fails or crashes on request.",
            specSchema: [
                "type": "object",
                "additionalProperties": false,
                "properties": [
                    "sleep_ms": ["type": "integer", "minimum": 0, "maximum": 86_400_000, "default": 0],
                    "fail": ["type": "boolean", "default": false],
                    "crash": ["type": "boolean", "default": false],
                ],
            ],
            policy: JobPolicy(maxAttempts: 3))
    }

    static func main() async { await WorkerService.run(NoopWorker()) }

    func perform(_ input: Input, in context: JobContext) async throws -> Outcome<Output> {
        if input.sleepMilliseconds > 0 { try await Task.sleep(for: .milliseconds(input.sleepMilliseconds)) }
        if input.crash { kill(getpid(), SIGKILL) }
        if input.fail { throw JobFailure(code: "asked_to_fail", message: "The spec asked for a failure.") }
        return .done(Output(slept: input.sleepMilliseconds))
    }
}

import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// Runs a test on a stack that imports and knows the type `probe`.
func withProbe(_ body: (Stack, ServiceProcess) async throws -> Void) async throws {
    try await withStack { stack in
        try await stack.store.register(JobType.probe())
        try await stack.startGateway()
        try await body(stack, try await stack.startWorker("ExportsWorker"))
    }
}

extension JobType {
    /// A type with members of all kinds, of which no worker runs a job.
    fileprivate static func probe() throws -> JobType {
        try JobType(
            name: "probe", version: 1, description: "Has members of all kinds.",
            specSchema: [
                "type": "object", "additionalProperties": false, "required": ["start_urls", "mode"],
                "properties": [
                    "start_urls": [
                        "type": "array", "minItems": 1, "items": ["type": "string", "pattern": "^https?://"],
                    ],
                    "mode": ["enum": ["fast", "slow"]],
                    "limits": [
                        "type": "object", "additionalProperties": false,
                        "properties": [
                            "pages": Schema.integer(1...100), "share": Schema.number, "strict": Schema.bool,
                        ],
                    ],
                    "sizes": ["type": "array", "items": Schema.integer(0...9)],
                    "inputs": Schema.list(["type": "object", "properties": ["url": Schema.text, "name": Schema.text]]),
                    "code": Schema.text, "depth": Schema.integer(0...9).defaulting(to: 3),
                    "password": ["type": "string", "minLength": 8, "x-secret": true],
                ],
            ], policy: JobPolicy())
    }
}

extension Stack {
    /// The jobs that an import has made, as lists show them.
    func jobs(of result: JSON) async throws -> [JSON] {
        let id = try #require(result["import_id"]?.stringValue, "\(result)")
        return try #require(try await api.get("/api/v1/jobs?parent=\(id)&limit=500").json["jobs"]?.arrayValue)
    }

    /// The specs of these jobs.
    func specs(of result: JSON) async throws -> [JSON] {
        var specs: [JSON] = []
        for job in try await jobs(of: result) {
            let whole = try await api.get("/api/v1/jobs/\(job["id"]?.stringValue ?? "")").json
            specs.append(try #require(whole["spec"]))
        }
        return specs
    }
}

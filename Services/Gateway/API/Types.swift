import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `GET /types`: every registered type with its schema and policy.
    func listTypes(_ call: Call) async throws -> HTTPResponse {
        let types = try await store.types().types
        let list: [JSON] = try types.map { type in
            [
                "name": .string(type.name), "version": .int(Int64(type.version)),
                "description": .string(type.description),
                "queue": .string(type.queue), "spec_schema": type.specSchema, "policy": try JSON.encode(type.policy),
            ]
        }
        return .json(status: 200, ["types": .array(list)])
    }
}

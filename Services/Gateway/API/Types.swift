import Foundation
import HTTPServer
import JSON
import Jobs

extension Gateway {
    /// `GET /types`: every registered type with its schema and policy.
    func listTypes(_ call: Call) async throws -> HTTPResponse {
        let types = try await store.types().types
        var json = JSONWriter()
        json.beginObject()
        json.key("types")
        json.beginArray()
        for type in types { type.write(to: &json) }
        json.endArray()
        json.endObject()
        return HTTPResponse(json: json)
    }

    /// `GET /datasets`: what the namespace may export, as the exports worker has made it known.
    func listDatasets(_ call: Call) async throws -> HTTPResponse {
        let datasets = try await store.datasets(namespace: call.namespace)
        var json = JSONWriter()
        json.beginObject()
        json.key("datasets")
        json.beginArray()
        for dataset in datasets { dataset.write(to: &json) }
        json.endArray()
        json.endObject()
        return HTTPResponse(json: json)
    }

    /// `GET /types/{type}/schema`: the JSON Schema of the type's spec, to be used as it is.
    func getTypeSchema(_ call: Call) async throws -> HTTPResponse {
        guard let type = try await store.types().types.first(where: { $0.name == call.parameters[0] }) else {
            throw Problem.notFound("job type")
        }
        return .json(status: 200, type.specSchema)
    }
}

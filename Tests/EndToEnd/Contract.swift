import Foundation
import JSON
import TestKit

/// One good call of an operation.
struct GoodCall {
    var parameters: [String] = []
    var query = ""
    var body: [UInt8]?
    var headers: [(String, String)] = []
    var expected = [200]
}

/// An OpenAPI document, as far as the tests hold answers to it.
struct Contract {
    struct Operation {
        let id: String
        let method: String
        let template: String
        let query: [(name: String, schema: JSON)]
        let requestBody: JSON?
        let responses: JSON

        /// Whether the path names something of a namespace.
        var isAboutOneThing: Bool {
            template.contains("{") && !["types", "queues", "limits"].contains { template.hasPrefix("/api/v1/\($0)/") }
        }

        /// Whether it belongs to the installation, so that no namespace's key has it.
        let isOperators: Bool

        /// Whether a key is asked for; a signature is where none is.
        let needsKey: Bool

        var takesJSON: Bool { requestBody?["content"]?["application/json"] != nil }

        func path(_ call: GoodCall, without parameter: String? = nil) -> String {
            var rest = call.parameters[...]
            let path = template.split(separator: "/").map { part in
                part.hasPrefix("{") ? rest.popFirst() ?? "missing" : String(part)
            }.joined(separator: "/")
            let query = call.query.split(separator: "&").filter { !$0.hasPrefix((parameter ?? "\n") + "=") }
            return "/" + path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        }

        /// For each parameter that has a rule, a value that breaks it.
        var badParameters: [(name: String, value: String)] {
            query.compactMap { name, schema in
                if name == "cursor" { return (name, "nonsense") }
                if schema["type"]?.stringValue == "string", schema["maxLength"] != nil, schema["pattern"] == nil {
                    return (name, String(repeating: "x", count: 2000))
                }
                return schema["type"]?.stringValue == "string" && schema.objectValue?.count == 1 ? nil : (name, "-%20")
            }
        }
    }

    let operations: [Operation]
    private let schemas: JSON

    init(_ document: JSON) throws {
        var operations: [Operation] = []
        for (path, item) in document["paths"]?.objectValue ?? [:] {
            for (method, operation) in item.objectValue ?? [:] {
                guard let id = operation["operationId"]?.stringValue, let responses = operation["responses"] else {
                    throw TestKitError("\(method) \(path) has no operationId or no responses")
                }
                let query = (operation["parameters"]?.arrayValue ?? []).filter { $0["in"]?.stringValue == "query" }
                operations.append(
                    Operation(
                        id: id, method: method.uppercased(), template: path,
                        query: query.map { ($0["name"]?.stringValue ?? "", $0["schema"] ?? [:]) },
                        requestBody: operation["requestBody"], responses: responses,
                        isOperators: operation["description"]?.stringValue?.contains("`operator`.") == true,
                        needsKey: operation["security"]?.arrayValue?.isEmpty != true))
            }
        }
        self.operations = operations
        schemas = Self.local(document["components"]?["schemas"] ?? [:])
    }

    /// What of an answer is not as the document says: its status, its media type, its body, members that are not described.
    func violations(of response: HTTPClient.Response, from operation: Operation) -> [String] {
        guard let described = operation.responses[String(response.status)] else {
            return ["the status \(response.status) is not documented"]
        }
        let type = String(response.headers["content-type"]?.split(separator: ";").first ?? "")
        guard let content = described["content"]?.objectValue else {
            return response.body.isEmpty ? [] : ["a body is not documented"]
        }
        if content["*/*"] != nil || type == "text/event-stream" { return [] }
        guard let media = content[type] else { return ["the media type \(type) is not documented"] }
        guard type.hasSuffix("json"), var schema = Self.local(media["schema"] ?? [:]).objectValue else { return [] }
        schema["$defs"] = schemas
        do {
            return try JSONSchema(.object(schema)).validate(JSON.parse(response.body)).map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    /// A schema that stands for itself and takes only members that it names.
    private static func local(_ json: JSON) -> JSON {
        switch json {
        case .object(var members):
            for (key, value) in members { members[key] = local(value) }
            if let reference = members["$ref"]?.stringValue {
                members["$ref"] = .string(reference.replacingOccurrences(of: "#/components/schemas/", with: "#/$defs/"))
            }
            if members["properties"]?.objectValue != nil, members["type"]?.stringValue == "object",
                members["additionalProperties"] == nil
            {
                members["additionalProperties"] = false
            }
            return .object(members)
        case .array(let elements): return .array(elements.map(local))
        default: return json
        }
    }
}

import HTTPServer
import JSON
import Jobs
import Search

/// The OpenAPI 3.1 document, made from the tables that route and validate.
enum OpenAPI {
    /// What the answers are made of.
    static var representations: [any Representation.Type] {
        [
            Job.self, Event.self, LogLine.self, Execution.self, Checkpoint.self, FileRecord.self, SignedURL.self,
            JobType.self,
            DatasetRecord.self,
            DeadLetter.self, StoppingJob.self, Schedule.self, Workflow.self, WorkerRecord.self, KeyRecord.self,
            AuditEntry.self,
            Webhook.self, WebhookWithSecret.self, WebhookDelivery.self,
            QueueView.self, Limit.self, Explanation.self,
            JobTiming.self, JobMetrics.self, OperatorMetrics.self, MetricGroups.self,
            RecordError.self, OutputSample.self, CheckpointEntry.self,
            DocumentRecord.self, DocumentPage.self, DocumentChunk.self, CrawlPage.self, CrawledURL.self,
            SearchAnswer.self,
        ]
    }

    static func document(of groups: [RouteGroup]) -> JSON {
        var paths: JSONObject = [:]
        for group in groups {
            for route in group.routes {
                var item = paths[route.path]?.objectValue ?? [:]
                item[route.method.lowercased()] = operation(route, in: group, links: links(to: groups))
                paths[route.path] = .object(item)
            }
        }
        var schemas: JSONObject = [:]
        for type in representations { schemas[type.schemaName] = type.schema }
        schemas["Problem"] = problem
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Switchyard", "version": "1",
                "description":
                    "Jobs over REST: submit, follow, control, operate. Errors are problems (RFC 9457) with a stable code.",
            ],
            "servers": [["url": "/"]],
            "security": [["bearer": []], ["key": []]],
            "tags": .array(
                groups.map { ["name": .string($0.name), "description": .string($0.description)] }),
            "paths": .object(paths),
            "components": [
                "schemas": .object(schemas),
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer"],
                    "key": ["type": "apiKey", "in": "header", "name": "X-API-Key"],
                ],
            ],
        ]
    }

    private static func operation(_ route: Route, in group: RouteGroup, links: JSON) -> JSON {
        var operation: JSONObject = [
            "operationId": .string(route.id), "tags": [.string(group.name)], "summary": .string(route.summary),
            "description": .string(
                (route.details.isEmpty ? "" : route.details + "\n\n")
                    + (route.scope.map { "Needs a key with the scope `\($0.rawValue)`." }
                        ?? "Needs a signature, no key.")),
        ]
        if route.scope == nil { operation["security"] = [] }
        let parameters = parameters(of: route)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let body = body(of: route) { operation["requestBody"] = body }
        var responses: JSONObject = [:]
        for answer in route.answers { responses[String(answer.status)] = response(answer, links: links) }
        for (status, codes) in Dictionary(grouping: route.problems, by: \.status).sorted(by: { $0.key < $1.key }) {
            responses[String(status)] = response(codes)
        }
        operation["responses"] = .object(responses)
        return .object(operation)
    }

    private static func parameters(of route: Route) -> [JSON] {
        let path: [JSON] = route.parameterNames.map { name in
            [
                "name": .string(name), "in": "path", "required": true, "schema": Schema.text,
                "description": .string(
                    name == "job" ? "The job's id, or the unique start of it (8 digits or more)." : ""),
            ]
        }
        let query: [JSON] = route.query.map { parameter in
            var json: JSONObject = [
                "name": .string(parameter.name), "in": "query", "schema": parameter.schema,
                "description": .string(parameter.description),
            ]
            if parameter.isCommaSeparated { json["explode"] = false }
            return .object(json)
        }
        let headers: [JSON] = route.headers.map { header in
            [
                "name": .string(header.name), "in": "header", "schema": header.schema,
                "description": .string(header.description),
            ]
        }
        return path + query + headers
    }

    private static func body(of route: Route) -> JSON? {
        func json(_ schema: JSON, isRequired: Bool) -> JSON {
            ["required": .bool(isRequired), "content": ["application/json": ["schema": schema]]]
        }
        return switch route.body {
        case .none: nil
        case .object(let schema, _, let isOptional): json(schema, isRequired: !isOptional)
        case .submission(let schema, _): json(schema, isRequired: true)
        case .signed: json(Schema.anyObject, isRequired: true)
        case .file: ["required": true, "content": ["application/octet-stream": [:]]]
        }
    }

    private static func response(_ answer: Answer, links: JSON) -> JSON {
        var json: JSONObject = ["description": .string(answer.description)]
        let content = content(of: answer.content)
        if !content.isEmpty { json["content"] = .object(content) }
        if answer.status == 201, case .json(Job.reference) = answer.content { json["links"] = links }
        return .object(json)
    }

    private static func content(of content: Answer.Content) -> JSONObject {
        switch content {
        case .none: [:]
        case .json(let schema): ["application/json": ["schema": schema]]
        case .events(let schema): ["text/event-stream": ["schema": event(schema)]]
        case .file: ["*/*": [:]]
        case .text(let type): [type: ["schema": Schema.text]]
        case .either(let contents):
            contents.map(Self.content).reduce(into: [:]) { all, one in
                for (type, schema) in one { all[type] = schema }
            }
        }
    }

    /// A server-sent event whose data is JSON text.
    private static func event(_ data: JSON) -> JSON {
        [
            "type": "object",
            "properties": [
                "id": Schema.text, "event": Schema.text,
                "data": ["type": "string", "contentMediaType": "application/json", "contentSchema": data],
            ],
        ]
    }

    private static func response(_ codes: [Problem.Code]) -> JSON {
        let sentences = codes.map { "`\($0.rawValue)`: \($0.title)." }
        return [
            "description": .string(sentences.joined(separator: " ")),
            "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
        ]
    }

    /// From a job that was made to every call about it, for clients and testers that follow links.
    private static func links(to groups: [RouteGroup]) -> JSON {
        var links: JSONObject = [:]
        for route in groups.flatMap(\.routes) where route.parameterNames == ["job"] {
            links[route.id] = ["operationId": .string(route.id), "parameters": ["job": "$response.body#/id"]]
        }
        return .object(links)
    }

    private static let problem = Schema.answer(
        "What went wrong and what to do (RFC 9457).",
        [
            "type": Schema.text, "title": Schema.text, "status": Schema.count,
            "code": Schema.word(Problem.Code.allCases.map(\.rawValue)), "detail": Schema.text,
            "errors": Schema.list(
                Schema.answer(
                    "A place that breaks a rule.",
                    [
                        "pointer": Schema.text.described("A JSON pointer into the body."), "rule": Schema.text,
                        "message": Schema.text,
                    ])),
        ], optional: ["errors"])
}

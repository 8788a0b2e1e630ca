import Foundation
import JSON
import Jobs
import TestKit
import Testing

/// The list of what can be exported, which the gateway has from the exports worker by way of the database.
@Suite(.serialized) struct DatasetListTests {
    private static let datasets: JSON = [
        ["name": "orders", "table": "orders", "description": "What was ordered.", "import": true],
        ["name": "missing", "table": "nowhere.missing", "namespaces": ["default"]],
        [
            "name": "recent", "sql": "SELECT o.id FROM orders o, parameters p WHERE o.at >= p.since",
            "parameters": [["name": "since", "type": "date", "required": true, "description": "From this day."]],
        ],
    ]

    private func datasets(_ client: HTTPClient) async throws -> [String: JSON] {
        let answer = try await client.get("/api/v1/datasets")
        let list = try #require(answer.json["datasets"]?.arrayValue, "\(answer.text)")
        return Dictionary(uniqueKeysWithValues: list.map { ($0["name"]?.stringValue ?? "", $0) })
    }

    @Test func whatAWorkerKnowsIsListedForThoseWhoMayUseIt() async throws {
        try await withStack { stack in
            let file = stack.folder + "/datasets.json"
            try Data(Self.datasets.serialized()).write(to: URL(fileURLWithPath: file))
            try await stack.database.withSession {
                try $0.script("CREATE TABLE orders (id bigint, amount numeric(12,2), at timestamptz)")
            }
            try await stack.startGateway()
            #expect(try await datasets(stack.api).isEmpty, "no worker has started")
            let first = try await stack.startWorker("ExportsWorker", ["SWITCHYARD_DATASETS": file])
            let own = try await datasets(stack.api)
            #expect(Set(own.keys) == Set(Dataset.builtIn.map(\.name) + ["orders", "missing", "recent"]))
            #expect(
                own["orders"]
                    == [
                        "name": "orders", "description": "What was ordered.", "parameters": [], "importable": true,
                        "columns": [
                            ["name": "id", "type": "bigint"], ["name": "amount", "type": "numeric(12,2)"],
                            ["name": "at", "type": "timestamp with time zone"],
                        ],
                    ])
            #expect(own["missing"]?["columns"] == .null && own["missing"]?["importable"] == false)
            #expect(
                own["recent"]?["parameters"] == [
                    ["name": "since", "type": "date", "required": true, "description": "From this day."]
                ])
            #expect(own["jobs"]?["columns"]?.arrayValue?.contains(["name": "spec", "type": "jsonb"]) == true)
            for name in Dataset.builtIn.map(\.name) {
                #expect(own[name]?["columns"]?.arrayValue?.isEmpty == false, "\(name)")
            }
            let other = stack.client(
                key: try await stack.store.createKey(namespace: "other", name: "other", scopes: [.read]))
            #expect(Set(try await datasets(other).keys) == Set(own.keys).subtracting(["missing"]))
            // What the operator has taken away goes with the next start.
            first.kill()
            try await stack.startWorker("ExportsWorker")
            #expect(Set(try await datasets(stack.api).keys) == Set(Dataset.builtIn.map(\.name)))
        }
    }
}

extension Stack {
    /// Makes a dataset known as an exports worker does, and one whose columns nobody can tell.
    func addDatasets() async throws {
        let jobs = Dataset.builtIn[0]
        let columns = try await database.withSession { try $0.columns(of: jobs.shape) }
        let lost = Dataset("lost", "", parameters: [], query: "SELECT * FROM lost")
        try await store.register([
            DatasetRecord(jobs, columns: columns, isImportable: false, namespaces: nil),
            DatasetRecord(lost, columns: nil, isImportable: true, namespaces: ["default"]),
        ])
    }
}

import Foundation
import HTTPClient
import HTTPServer
import JSON
import Jobs
import ObjectStorage
import TestKit
import Testing

/// Exports into buckets and imports from there, against a server of S3 that checks signatures.
@Suite(.serialized) struct BucketJobTests {
    private static let datasets: JSON = [
        [
            "name": "numbers",
            "sql": "SELECT n AS id, 'row ' || n AS label FROM generate_series(1, (SELECT count FROM parameters)) n",
            "parameters": [["name": "count", "type": "integer", "required": true]],
        ],
        [
            "name": "failing",
            "sql": "SELECT 1 / ((SELECT at FROM parameters) - n) AS id FROM generate_series(1, 1000) n",
            "parameters": [["name": "at", "type": "integer", "required": true]],
        ],
        ["name": "copied", "table": "copied", "import": true],
    ]

    private struct Bench {
        let stack: Stack
        let worker: ServiceProcess
        let server: ObjectServer
        let client: S3Client
        let settings: [String: String]

        /// - Parameter port: of another store than the server.
        func place(_ key: String, secret: String? = nil, port: UInt16? = nil) -> JSON {
            [
                "bucket": .string(server.bucket), "key": .string(key),
                "endpoint": .string("http://127.0.0.1:\(port ?? server.port)"),
                "region": .string(server.region), "access_key_id": .string(server.keyID),
                "secret_access_key": .string(secret ?? server.secret),
            ]
        }

        func export(_ count: Int, to key: String, secret: String? = nil, port: UInt16? = nil) -> JSON {
            [
                "sources": [["dataset": "numbers", "parameters": ["count": .int(Int64(count))]]],
                "target": ["s3": place(key, secret: secret, port: port)],
            ]
        }

        func keys() async throws -> [String] {
            try await client.list(bucket: server.bucket, prefix: "").objects.map(\.key)
        }

        func content(_ key: String) async throws -> [UInt8] {
            let download = try await client.get(bucket: server.bucket, key: key)
            var bytes: [UInt8] = []
            while let piece = try await download.next() { bytes += piece }
            return bytes
        }
    }

    private func withBucket(_ body: (Bench) async throws -> Void) async throws {
        let server = try await ObjectServer.start()
        defer { server.stop() }
        try await withStack { stack in
            let file = stack.folder + "/datasets.json"
            try Data(Self.datasets.serialized()).write(to: URL(fileURLWithPath: file))
            try await stack.database.withSession { try $0.script("CREATE TABLE copied (id bigint, label text)") }
            try await stack.startGateway()
            let settings = ["SWITCHYARD_DATASETS": file, "SWITCHYARD_FETCH_ALLOW": "127.0.0.1"]
            let worker = try await stack.startWorker("ExportsWorker", settings)
            let policy = try #require(AddressPolicy(["127.0.0.1"]))
            let client = S3Client(
                S3Settings(
                    endpoint: try WebURL("http://127.0.0.1:\(server.port)"), region: server.region,
                    credentials: S3Credentials(accessKeyID: server.keyID, secretAccessKey: server.secret)),
                web: WebClient(addresses: policy))
            try await body(Bench(stack: stack, worker: worker, server: server, client: client, settings: settings))
        }
    }

    @Test func anExportIntoABucketIsImportedFromThere() async throws {
        try await withBucket { bench in
            let end = try await bench.stack.end("export", bench.export(1000, to: "out/day 1/"))
            let file = try #require(end["result"]?["artifacts"]?[0], "\(end)")
            #expect(file["uri"]?.stringValue == "s3://\(bench.server.bucket)/out/day 1/export.csv")
            let content = try await bench.content("out/day 1/export.csv")
            #expect(content.count == file["size"]?.intValue && content.starts(with: Array("id,label\n1,row 1\n".utf8)))
            let manifest = try JSON.parse(try await bench.content("out/day 1/export.manifest.json"))
            #expect(manifest["rows"] == 1000)
            // Secrets are shown to nobody.
            #expect(end["spec"]?["target"]?["s3"]?["secret_access_key"] == "***")
            let imported = try await bench.stack.end(
                "import", ["source": ["s3": bench.place("out/day 1/export.csv")], "target": ["dataset": "copied"]])
            #expect(imported["result"]?["loaded"] == 1000, "\(imported)")
            let large = try await bench.stack.end(
                "import",
                [
                    "source": ["s3": bench.place("out/day 1/export.csv")], "target": ["dataset": "copied"],
                    "limits": ["download_bytes": .int(Int64(content.count - 1))],
                ])
            #expect(large["error"]?["code"] == "too_large" && large["attempt"] == 1, "\(large)")
        }
    }

    @Test func anExportInPlaceOfAnEarlierOneIsWholeOrHasNoManifest() async throws {
        try await withBucket { bench in
            func export(_ dataset: JSON) async throws -> JSON {
                try await bench.stack.end(
                    "export", ["sources": [dataset], "target": ["s3": bench.place("out/")], "parts": ["rows": 100]])
            }
            func part(_ number: Int) -> String { "out/export-0000\(number).csv" }
            let numbers = { (count: Int64) -> JSON in ["dataset": "numbers", "parameters": ["count": .int(count)]] }
            let failing = { (at: Int64) -> JSON in ["dataset": "failing", "parameters": ["at": .int(at)]] }
            let manifest = "out/export.manifest.json"
            let others = [
                "out/export-00001.csv.bak", "out/export-00009.csv", "out/export-90210.csv", "out/export-notes.csv",
                "out/export.csv", "out/exports.csv",
            ]
            for key in others { try await bench.client.put([1], bucket: bench.server.bucket, key: key) }
            #expect(try await export(numbers(500))["result"]?["rows"] == 500)
            #expect(try await bench.keys() == (others + (1...5).map(part) + [manifest]).sorted())

            #expect(try await export(numbers(250))["result"]?["rows"] == 250)
            #expect(try await bench.keys() == (others + (1...3).map(part) + [manifest]).sorted())
            #expect(try JSON.parse(try await bench.content(manifest))["rows"] == 250)

            // It ends before any file of the earlier one is replaced.
            let before = try await bench.content(part(1))
            #expect(try await export(failing(1))["error"]?["code"] == "invalid_source")
            #expect(try await bench.keys().contains(manifest))
            #expect(try await bench.content(part(1)) == before)
            // It ends when two were.
            #expect(try await export(failing(250))["error"]?["code"] == "invalid_source")
            #expect(try await bench.keys() == (others + [part(3)]).sorted())
        }
    }

    @Test func whatTheStoreRefusesIsSaid() async throws {
        try await withBucket { bench in
            let denied = try await bench.stack.end("export", bench.export(10, to: "x/", secret: "wrong"))
            #expect(denied["error"]?["code"] == "s3_denied" && denied["attempt"] == 1, "\(denied)")
            #expect(!"\(denied)".contains("wrong"))
            let missing = try await bench.stack.end(
                "import", ["source": ["s3": bench.place("none.csv")], "target": ["dataset": "copied"]])
            #expect(missing["error"]?["code"] == "s3_no_object", "\(missing)")
        }
    }

    @Test func aKilledUploadLeavesNothingBehind() async throws {
        try await withBucket { bench in
            let job = try await bench.stack.submit("export", bench.export(1_500_000, to: "big/"))
            try await poll("an upload to be under way", within: .seconds(60), details: { bench.stack.logs }) {
                try await !bench.client.uploads(bucket: bench.server.bucket, prefix: "big/").isEmpty
            }
            bench.worker.kill()
            #expect(try await bench.client.head(bucket: bench.server.bucket, key: "big/export.csv") == nil)
            #expect(try await !bench.client.uploads(bucket: bench.server.bucket, prefix: "").isEmpty)
            try await bench.stack.startWorker("ExportsWorker", bench.settings)
            let end = try await bench.stack.ended(job)
            #expect(end["result"]?["rows"] == 1_500_000, "\(end)")
            #expect(try await bench.client.uploads(bucket: bench.server.bucket, prefix: "").isEmpty)
            let content = try await bench.content("big/export.csv")
            #expect(content.count == end["result"]?["artifacts"]?[0]?["size"]?.intValue)
            #expect(content.suffix(20).elementsEqual("1500000,row 1500000\n".utf8))
        }
    }

    /// A store that takes requests and lets objects wait until the gate is open.
    private func slowStore(_ gate: Gate) throws -> Receiver {
        try Receiver { request, _ in
            guard ["GET", "PUT"].contains(request.method) else { return HTTPResponse(status: 204) }
            guard !request.path.hasSuffix(".manifest.json") else { return HTTPResponse(status: 404) }
            if request.query.contains(where: { $0.name == "uploads" }) {
                return HTTPResponse(status: 200, body: .string("<ListMultipartUploadsResult/>"))
            }
            await gate.pass()
            return HTTPResponse(status: 200)
        }
    }

    @Test func aJobThatIsAskedToEndWhileAStoreIsSlowIsNoFailure() async throws {
        try await withBucket { bench in
            let gate = Gate()
            let store = try slowStore(gate)
            let begin: [(method: String, type: String, spec: JSON)] = [
                ("PUT", "export", bench.export(10, to: "slow/", port: store.port)),
                (
                    "GET", "import",
                    [
                        "source": ["s3": bench.place("slow.csv", port: store.port)], "target": ["dataset": "copied"],
                    ]
                ),
            ]
            /// Both jobs, when each waits for the store.
            func running() async throws -> [UUID] {
                let before = store.requests.count
                var jobs: [UUID] = []
                for (method, type, spec) in begin {
                    jobs.append(try await bench.stack.submit(type, spec))
                    try await poll("a \(method) to wait", details: { bench.stack.logs }) {
                        store.requests.dropFirst(before).contains { request in
                            request.method == method && !request.path.hasSuffix(".manifest.json")
                                && !request.query.contains { $0.name == "uploads" }
                        }
                    }
                }
                return jobs
            }
            let cancelled = try await running()
            for job in cancelled {
                let answer = try await bench.stack.api.post("/api/v1/jobs/\(job.text)/cancel", [:])
                #expect(answer.status == 202, "\(answer.text)")
            }
            try await bench.stack.wait(for: cancelled, toBe: .cancelled, within: .seconds(20))
            let drained = try await running()
            bench.worker.terminate()
            try await bench.stack.wait(for: drained, toBe: .queued, within: .seconds(20))
            gate.open()
            await store.stop()
        }
    }

    /// Such keys are good practice; what they cannot clear away is told.
    @Test func keysThatMayOnlyWriteAreEnoughForAnExport() async throws {
        try await withBucket { bench in
            let store = try Receiver { request, _ in HTTPResponse(status: request.method == "PUT" ? 200 : 403) }
            let end = try await bench.stack.end("export", bench.export(10, to: "out/", port: store.port))
            #expect(end["result"]?["rows"] == 10 && end["attempt"] == 1, "\(end)")
            let names = store.requests.filter { $0.method == "PUT" }.map { $0.path.split(separator: "/").last ?? "" }
            #expect(names == ["export.csv", "export.manifest.json"])
            let job = try #require(end["id"]?.stringValue)
            let logs = try await bench.stack.api.get("/api/v1/jobs/\(job)/logs").text
            #expect(logs.contains("an earlier manifest may stay"), "\(logs)")
            await store.stop()
        }
    }
}

import Foundation
import HTTPServer
import JSON
import Jobs
import Synchronization
import TestKit
import Testing

/// Imports of files that a web server has.
@Suite(.serialized) struct ImportedURLTests {
    private static let secret = "9d41c0ffee"

    private func withImports(_ body: (Stack, ServiceProcess) async throws -> Void) async throws {
        try await withStack { stack in
            let file = stack.folder + "/datasets.json"
            let datasets: JSON = [["name": "numbers", "table": "numbers", "import": true]]
            try Data(datasets.serialized()).write(to: URL(fileURLWithPath: file))
            try await stack.database.withSession { try $0.script("CREATE TABLE numbers (id bigint, label text)") }
            try await stack.startGateway()
            try await body(stack, try await stack.startWorker("ExportsWorker", Self.settings(stack)))
        }
    }

    private static func settings(_ stack: Stack) -> [String: String] {
        ["SWITCHYARD_DATASETS": stack.folder + "/datasets.json", "SWITCHYARD_FETCH_ALLOW": "127.0.0.1"]
    }

    private static func spec(_ url: String, more: JSONObject = [:]) -> JSON {
        var spec: JSONObject = ["source": ["url": .string(url)], "target": ["dataset": "numbers"]]
        for (name, value) in more { spec[name] = value }
        return .object(spec)
    }

    @Test func filesAreFetchedWithinTheirLimits() async throws {
        try await withImports { stack, _ in
            let rows = try gzip("printf 'id,label\\n1,a\\n2,b\\n'")
            let bomb = try gzip("(echo id; head -c 200M /dev/zero)")
            let busy = Mutex(0)
            let site = try Receiver { request, _ in
                switch request.path {
                case "/rows.csv":
                    return HTTPResponse(
                        status: 200,
                        headers: [
                            ("Content-Type", "application/pdf"),
                            ("Content-Disposition", "attachment; filename=\"../../a.xlsx\""),
                        ],
                        body: .string("id,label\n1,a\n2,b\n"))
                case "/encoded":
                    return HTTPResponse(
                        status: 200, headers: [("Content-Encoding", "gzip")], body: .bytes(rows))
                case "/rows.csv.gz": return HTTPResponse(status: 200, body: .bytes(rows))
                case "/moved":
                    return HTTPResponse(status: 307, headers: [("Location", "rows.csv?again=\(Self.secret)")])
                case "/busy":
                    let tries = busy.withLock { tries in
                        tries += 1
                        return tries
                    }
                    return tries <= 2 ? HTTPResponse(status: 503) : .text("id,label\n1,a\n2,b\n")
                case "/inside": return HTTPResponse(status: 302, headers: [("Location", "http://127.0.0.2:1/")])
                case "/bomb":
                    return HTTPResponse(status: 200, headers: [("Content-Encoding", "gzip")], body: .bytes(bomb))
                default: return HTTPResponse(status: 404)
                }
            }
            for path in ["/rows.csv", "/encoded", "/rows.csv.gz", "/moved", "/busy"] {
                let end = try await stack.end("import", Self.spec(site.url("\(path)?sig=\(Self.secret)")))
                #expect(end["result"]?["loaded"] == 2, "\(path): \(end)")
            }
            #expect(try await stack.rowCount(of: "numbers") == 10)
            let small: JSONObject = ["limits": ["download_bytes": 1_000_000, "download_seconds": 30]]
            for (url, code) in [
                (site.url("/none"), "http_status"), (site.url("/inside"), "address_not_allowed"),
                ("http://127.0.0.3:\(site.port)/", "address_not_allowed"), (site.url("/bomb"), "too_large"),
            ] {
                let end = try await stack.end("import", Self.spec("\(url)?sig=\(Self.secret)", more: small))
                #expect(end["status"] == "failed" && end["error"]?["code"]?.stringValue == code, "\(end)")
                #expect(end["error"]?["message"]?.stringValue?.contains(Self.secret) == false)
                #expect(end["attempt"] == 1)
            }
            await site.stop()
            for url in ["http://user:pw@a.example/", "ftp://a.example/x", "file://host/x"] {
                let answer = try await stack.api.post("/api/v1/jobs", ["type": "import", "spec": Self.spec(url)])
                #expect(answer.status == 422, "\(url): \(answer.text)")
            }
        }
    }

    private static func rows(_ count: Int, _ label: String) -> [UInt8] {
        var csv = "id,label\n"
        for number in 1...count { csv += "\(number),\(label) \(number)\n" }
        return Array(csv.utf8)
    }

    /// Runs an import of a page, kills its worker when some rows are loaded, and lets another one go on.
    private func endAfterAKill(_ page: @escaping @Sendable (Int) -> [UInt8], _ stack: Stack, _ worker: ServiceProcess)
        async throws -> JSON
    {
        let site = try Receiver { _, before in HTTPResponse(status: 200, body: .bytes(page(before))) }
        let job = try await stack.submit("import", Self.spec(site.url("/rows.csv")))
        try await poll("rows to be loaded", within: .seconds(60), details: { stack.logs }) {
            try await stack.rowCount(of: "numbers") > 0
        }
        worker.kill()
        try await stack.startWorker("ExportsWorker", Self.settings(stack))
        let end = try await stack.ended(job)
        await site.stop()
        #expect(site.requests.count == 2, "the file is fetched again")
        return end
    }

    @Test func anImportGoesOnWithTheSameFile() async throws {
        try await withImports { stack, worker in
            let rows = Self.rows(400_000, "row")
            let end = try await endAfterAKill({ _ in rows }, stack, worker)
            #expect(end["result"]?["loaded"] == 400_000 && end["attempt"] == 2, "\(end)")
            #expect(try await stack.rowCount(of: "numbers") == 400_000)
        }
    }

    @Test func anImportDoesNotGoOnWithAnotherFile() async throws {
        try await withImports { stack, worker in
            let pages = [Self.rows(400_000, "row"), Self.rows(400_000, "line")]
            let end = try await endAfterAKill({ pages[min($0, 1)] }, stack, worker)
            #expect(end["error"]?["code"] == "source_changed", "\(end)")
        }
    }
}

import Foundation
import GitForges
import HTTPServer
import JSON
import TestKit
import Testing

/// Pull requests at the end of a workflow, and what is kept of their secrets.
@Suite struct PullRequestFlowTests {
    @Test func whatWasCrawledAndExportedIsProposed() async throws {
        try await withForge(.gitea) { bench in
            let stack = bench.stack
            let site = try Receiver { request, _ in
                let pages = [
                    "/": "<a href=/tides>Tides</a> of the coast", "/tides": "The moon pulls the water twice a day.",
                ]
                guard let body = pages[request.path] else { return .text("none\n", status: 404) }
                return HTTPResponse(
                    status: 200, headers: [("Content-Type", "text/html; charset=utf-8")],
                    body: .string("<!DOCTYPE html><html lang=en><title>Almanac</title><main>\(body)</main></html>"))
            }
            try await stack.startWorker("CrawlingWorker", CrawlJobTests.allowed)
            try await stack.startWorker("ExportsWorker", [:])
            let proposal = bench.spec([
                "files": [["path": "data/pages.jsonl", "artifact": ["$ref": "#/jobs/export/result/artifacts/0/id"]]],
                "values": ["export": ["$ref": "#/jobs/export/result"]], "title": "{{export.rows}} pages of the almanac",
                "body": "SHA-256 {{export.artifacts.0.sha256}}",
            ])
            let flow = try await stack.startWorkflow([
                "crawl": [
                    "type": "web_crawling",
                    "spec": ["seeds": [.string(site.url("/"))], "per_host": ["delay_ms": 0, "concurrency": 2]],
                ],
                "export": [
                    "type": "export",
                    "spec": [
                        "sources": [
                            [
                                "dataset": "pages", "parameters": ["jobs": [["$ref": "#/jobs/crawl/id"]]],
                                "columns": ["url", "title", "markdown"],
                            ]
                        ], "format": "jsonl",
                    ],
                ],
                "propose": ["type": "pull_request", "spec": proposal],
            ])
            let done = try await stack.wait(forWorkflow: flow, toBe: "completed")
            let address = site.url("")
            await site.stop()
            let id = try #require(done["jobs"]?["propose"]?["id"]?.stringValue)
            let lines = try await bench.git("show", "switchyard/\(id):data/pages.jsonl").split(separator: "\n")
            let pages = try lines.map { try JSON.parse(Array($0.utf8)) }
            #expect(Set(pages.compactMap { $0["url"]?.stringValue }) == ["\(address)/", "\(address)/tides"])
            #expect(pages.contains { $0["markdown"]?.stringValue?.contains("twice a day") == true })
            let pull = try #require(try await bench.forge.pulls(bench.name).first)
            #expect(pull.title == "2 pages of the almanac" && pull.body.hasPrefix("SHA-256 "))
            await bench.expectNoViolations()
        }
    }

    @Test func noSecretIsFoundAnywhere() async throws {
        try await withForge(.github) { bench in
            let (key, publicKey) = try await bench.keys()
            _ = await bench.forge.addApp(7, publicKey: publicKey)
            let runs: [JSONObject] = [
                [:], ["credentials": ["token": "ghp_wrong0123456789"]],
                ["credentials": ["app": ["id": 7, "private_key": .string(key)]]],
            ]
            var answers: [String] = []
            for run in runs {
                let end = try await bench.stack.end("pull_request", bench.spec(run))
                let isWrong = run["credentials"]?["token"] != nil
                #expect(end["status"]?.stringValue == (isWrong ? "failed" : "completed"), "\(end)")
                let id = try #require(end["id"]?.stringValue)
                for path in ["", "/history", "/logs", "/executions", "/errors", "/checkpoints", "/results"] {
                    let answer = try await bench.stack.api.get("/api/v1/jobs/\(id)\(path)")
                    #expect(answer.status == 200, "\(path)")
                    answers.append(answer.text)
                }
            }
            #expect(try await bench.forge.pulls(bench.name).count == 2)
            let tokens = await bench.forge.tokens
            #expect(tokens.contains { $0.hasPrefix("ghs_") }, "the App has got a token of its own")
            let line = try #require(key.split(separator: "\n").dropFirst(2).first.map(String.init))
            for secret in tokens + ["ghp_wrong0123456789", line] {
                #expect(!answers.contains { $0.contains(secret) })
                try await expectNoTrace(of: secret, in: bench.stack, places: "postgres rabbitmq log files")
            }
        }
    }
}

extension ForgeBench {
    /// An RSA key and its public part, in PEM.
    func keys() async throws -> (secret: String, open: String) {
        let folder = NSTemporaryDirectory() + "switchyard-key-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
        _ = try await runScript(
            "openssl genrsa -out key.pem 2048 && openssl rsa -in key.pem -pubout -out open.pem", in: folder)
        func text(_ name: String) throws -> String { try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }
        return (try text("key.pem"), try text("open.pem"))
    }
}

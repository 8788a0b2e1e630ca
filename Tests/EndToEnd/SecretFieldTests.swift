import AMQP
import Crypto
import Foundation
import HTTPServer
import JSON
import Jobs
import Synchronization
import TestKit
import Testing

/// Crawls of a site that wants credentials, submitted in every way; the credentials are nowhere but in the requests to the site.
@Suite(.serialized) struct SecretFieldTests {
    private static let header = "Bearer c0ffee-header"
    private static let cookie = "c0ffee-cookie"

    /// What a crawl of the site needs.
    private static func spec(_ site: Receiver, header: String = header, more: JSONObject = [:]) -> JSON {
        var spec: JSONObject = [
            "seeds": [.string(site.url("/"))], "sitemaps": false, "per_host": ["delay_ms": 0],
            "credentials": [
                [
                    "host": "127.0.0.1", "headers": ["Authorization": .string(header)],
                    "cookies": ["session": .string(cookie)],
                ]
            ],
        ]
        for (name, value) in more { spec[name] = value }
        return .object(spec)
    }

    private static func site() throws -> Receiver {
        try Receiver { request, _ in
            if request.path == "/robots.txt" { return HTTPResponse(status: 404) }
            guard request.headers["Authorization"]?.hasPrefix("Bearer c0ffee") == true,
                request.headers["Cookie"] == "session=\(cookie)"
            else { return HTTPResponse(status: 401) }
            return HTTPResponse(
                status: 200, headers: [("Content-Type", "text/html")],
                body: .string("<title>Yard</title><p>The signal is red, and the night train waits.</p>"))
        }
    }

    /// Every answer of the gateway that a test has seen.
    private final class Answers: Sendable {
        private let texts = Mutex<[String]>([])

        func see(_ response: HTTPClient.Response) -> HTTPClient.Response {
            texts.withLock { $0.append(response.text) }
            return response
        }

        func expectNoSecret() {
            let told = texts.withLock { $0 }.filter { $0.contains("c0ffee") || $0.contains("sealed:v1:") }
            #expect(told.isEmpty)
        }
    }

    private static func id(_ response: HTTPClient.Response) throws -> UUID {
        try #require(response.json["id"]?.stringValue.flatMap(UUID.init(text:)), "\(response.text)")
    }

    @Test func secretsAreSealedAtRestAndShownToNobody() async throws {
        let site = try Self.site()
        try await withStack { stack in
            try await stack.startGateway()
            let first = try await stack.startWorker("CrawlingWorker", ["SWITCHYARD_FETCH_ALLOW": "127.0.0.1"])
            first.terminate()
            let (answers, spec) = (Answers(), Self.spec(site))
            func post(_ path: String, _ body: JSON, key: String? = nil) async throws -> HTTPClient.Response {
                let headers = key.map { [("Idempotency-Key", $0)] } ?? []
                return answers.see(try await stack.api.post("/api/v1/" + path, body, headers: headers))
            }
            let job: JSON = ["type": "web_crawling", "spec": spec]

            // Commands wait at the broker, rows in the database: nobody takes them yet.
            let submitted = try await post("jobs", job, key: "k")
            #expect(submitted.json["spec"]?["credentials"]?[0]?["headers"] == ["Authorization": "***"])
            #expect(submitted.json["spec"]?["credentials"]?[0]?["cookies"] == ["session": "***"])
            var jobs = [try Self.id(submitted)]
            let repeated = try await post("jobs", job, key: "k")
            #expect(try Self.id(repeated) == jobs[0] && repeated.status == 200)
            var unique = job.objectValue ?? [:]
            unique["unique"] = ["for": "active"]
            jobs.append(try Self.id(try await post("jobs", .object(unique))))
            #expect(try Self.id(try await post("jobs", .object(unique))) == jobs[1])
            let batch = try await post("jobs/batch", ["jobs": [job, job]])
            jobs += try #require(batch.json["jobs"]?.arrayValue).compactMap {
                $0["id"]?.stringValue.flatMap(UUID.init(text:))
            }
            let schedule = try Self.id(try await post("schedules", ["cron": "0 0 1 1 *", "job": job])).text
            let patch = JSON.object(["job": job, "name": "yearly"]).serialized()
            #expect(
                answers.see(try await stack.api.send("PATCH", "/api/v1/schedules/\(schedule)", body: patch)).status
                    == 200)
            let rename = JSON.object(["name": "renamed"]).serialized()
            let renamed = answers.see(
                try await stack.api.send("PATCH", "/api/v1/schedules/\(schedule)", body: rename))
            #expect(renamed.json["name"] == "renamed", "\(renamed.text)")
            let triggered = try await stack.api.send("POST", "/api/v1/schedules/\(schedule)/trigger")
            jobs.append(try Self.id(answers.see(triggered)))
            let workflow = try Self.id(try await post("workflows", ["jobs": ["a": job]])).text
            try await poll("commands at the broker") {
                let rows = try await stack.database.query(
                    "SELECT count(*) AS n FROM jobs WHERE dispatched_at IS NOT NULL")
                return try rows[0].decode("n", as: Int64.self) > 0
            }
            try await expectNoTrace(of: "c0ffee", in: stack)

            // Refused: what is sealed, and what readers see.
            for text in ["***", "sealed:v1:AAAA"] {
                let refused = try await post("jobs", ["type": "web_crawling", "spec": Self.spec(site, header: text)])
                #expect(refused.status == 422 && refused.json["code"] == "invalid_spec")
                #expect(refused.json["errors"]?[0]?["pointer"] == "/spec/credentials/0/headers/Authorization")
            }

            try await stack.startWorker("CrawlingWorker", ["SWITCHYARD_FETCH_ALLOW": "127.0.0.1"])
            try await stack.expectCompleted(jobs)
            let again = try Self.id(try await post("jobs/\(jobs[0].text)/rerun", [:]))
            let adopted = UUIDv7.generate()
            let dead = UUIDv7.generate()
            try await stack.withPublisher { publisher in
                let letter = Self.spec(site, more: ["colour": "red"])
                for (id, spec) in [(adopted, spec), (dead, letter)] {
                    let body = stranger(id: id, type: "web_crawling", spec: spec)
                    _ = try await publisher.publish(
                        Message(body: body), exchange: Topics.jobs, routingKey: "web_crawling")
                }
            }
            try await poll("the stranger's job to be known") { try await !stack.store.known([adopted]).isEmpty }
            try await stack.expectCompleted([again, adopted])
            let fetches = site.requests.filter { $0.path == "/" }
            #expect(fetches.count >= jobs.count + 2)
            #expect(fetches.allSatisfy { $0.headers["Authorization"] == Self.header })

            let letter = try await deadLetter(stack, answers)
            let corrected = String(
                decoding: stranger(id: UUIDv7.generate(), type: "web_crawling", spec: spec), as: UTF8.self)
            let redriven = try await post("dead-letters/\(letter)/redrive", ["body": .string(corrected)])
            #expect(redriven.status == 200, "\(redriven.text)")

            try await read(stack, jobs[0], schedule: schedule, workflow: workflow, letter: letter, answers)
            answers.expectNoSecret()
            // What a stranger publishes lies in the broker's files as it was published; the rest of the stack is clean.
            try await expectNoTrace(of: "c0ffee", in: stack, places: "postgres log files")
        }
        await site.stop()
    }

    @Test func aWorkerWithAnotherKeySaysSo() async throws {
        let site = try Self.site()
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker(
                "CrawlingWorker",
                [
                    "SWITCHYARD_FETCH_ALLOW": "127.0.0.1",
                    "SWITCHYARD_WEBHOOK_KEY": String(repeating: "cd", count: SecretBox.keyLength),
                ])
            let spec = Self.spec(site)
            let response = try await stack.api.post(
                "/api/v1/jobs", ["type": "web_crawling", "spec": spec, "max_attempts": 1])
            let job = try Self.id(response)
            try await stack.wait(for: [job], toBe: .failed)
            let failed = try await stack.api.get("/api/v1/jobs/\(job.text)")
            #expect(failed.json["error"]?["code"] == "sealed_spec")
            #expect(failed.json["error"]?["message"]?.stringValue?.contains("SWITCHYARD_WEBHOOK_KEY") == true)
            let open = try await stack.crawl(["seeds": [.string(site.url("/"))], "sitemaps": false])
            try await stack.expectCompleted([open])
        }
        await site.stop()
    }

    /// Waits for the one dead letter, and answers its id.
    private func deadLetter(_ stack: Stack, _ answers: Answers) async throws -> String {
        var letters: [JSON] = []
        try await poll("the dead letter") {
            letters =
                answers.see(try await stack.api.get("/api/v1/dead-letters")).json["dead_letters"]?.arrayValue ?? []
            return !letters.isEmpty
        }
        #expect(letters.count == 1 && letters[0]["reason"] == "invalid_spec")
        return try #require(letters[0]["id"]?.stringValue)
    }

    /// Asks for everything that a job, a schedule, a workflow and a dead letter are shown by.
    private func read(
        _ stack: Stack, _ job: UUID, schedule: String, workflow: String, letter: String, _ answers: Answers
    ) async throws {
        let ofJob = [
            "", "/history", "/executions", "/checkpoints", "/logs", "/metrics", "/metric-groups", "/errors", "/output",
            "/results", "/why", "/pages", "/urls",
        ]
        let paths =
            ofJob.map { "jobs/\(job.text)\($0)" }
            + [
                "jobs", "schedules", "schedules/\(schedule)", "workflows", "workflows/\(workflow)", "dead-letters",
                "dead-letters/\(letter)", "audit", "types", "types/web_crawling/schema", "workers", "queues", "keys",
                "limits", "documents",
            ]
        for path in paths {
            let response = answers.see(try await stack.api.get("/api/v1/" + path))
            #expect(response.status == 200, "\(path): \(response.text)")
            let showsSpec = [
                "jobs/\(job.text)", "schedules", "schedules/\(schedule)", "dead-letters", "dead-letters/\(letter)",
                "audit",
            ]
            #expect(response.text.contains("***") == showsSpec.contains(path), "\(path)")
        }
    }
}

/// Searches all files of the stack (the servers' data, logs, stored files) and a dump of the database.
func expectNoTrace(of secret: String, in stack: Stack, places: String = ".") async throws {
    let dump = "\(stack.folder)/dump.sql"
    _ = try await runScript("pg_dump '\(stack.databaseURL)' > \(dump)", in: stack.folder)
    for text in [secret, Hex.encode(Array(secret.utf8))] {
        let found = try await runScript(
            "grep -rlaF -e '\(text)' --exclude='*.out' \(places) dump.sql || true", in: stack.folder)
        #expect(found.isEmpty, "\(text)")
    }
    // The search finds what is there.
    let sealed = try await runScript(
        "grep -rlaF 'sealed:v1:' --exclude='*.out' \(places) dump.sql", in: stack.folder)
    #expect(sealed.contains("postgres/") && sealed.contains("dump.sql"))
    if places == "." { #expect(sealed.contains("rabbitmq/"), "commands wait in the broker's files") }
}

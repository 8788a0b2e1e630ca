import AMQP
import Foundation
import JSON
import Jobs
import Postgres
import TestKit
import Testing

/// What operators do, on the real stack.
@Suite(.serialized) struct OperateTests {
    @Test("drain of a worker with running jobs: they go on elsewhere, no attempt is burnt, and it takes no more")
    func drain()
        async throws
    {
        try await withStack { stack in
            try await stack.startGateway()
            let drained = try await stack.startWorker()
            let ids = try await stack.submitNoop(20, ["sleep_ms": 20000]) + stack.submitNoop(5, ["sleep_ms": 1500])
            try await stack.wait(for: ids, toBe: .running)
            let id = try await stack.worker(of: drained)
            let before = try await stack.api.get("/api/v1/workers/\(id)").json
            #expect(before["jobs"]?.arrayValue?.count == 25 && before["state"] == "active")
            #expect(before["slots"] == 1000 && before["schema_version"]?.intValue ?? 0 >= 8)

            try await stack.startWorker()
            let asked = try await stack.api.send("POST", "/api/v1/workers/\(id)/drain")
            #expect(asked.status == 202)
            try await stack.wait(forWorker: id, toBe: "drained")
            #expect(try await stack.api.send("POST", "/api/v1/workers/\(id)/drain").status == 200, "idempotent")
            #expect(drained.isRunning, "its process stays")
            let more = try await stack.submitNoop(10)
            try await stack.expectCompleted(ids + more)
            let rows = try await stack.database.query(
                """
                SELECT count(*) FILTER (WHERE failures > 0 OR crashes > 0) AS burnt, count(*) FILTER (WHERE attempt = 1) AS first,
                    count(*) FILTER (WHERE attempt = 2 AND worker <> \(id)) AS second FROM jobs WHERE id = ANY(\(ids + more))
                """)
            #expect(try rows[0].decode("burnt", as: Int64.self) == 0)
            // Half of the drain time is 3 s: the short jobs ended in it, and the long ones were handed back.
            #expect(try rows[0].decode("first", as: Int64.self) == 15)
            #expect(try rows[0].decode("second", as: Int64.self) == 20)

            #expect(try await stack.api.send("POST", "/api/v1/workers/\(id)/resume").status == 202)
            try await stack.wait(forWorker: id, toBe: "active")
            let busy = try await stack.submitNoop(200, ["sleep_ms": 200])
            try await stack.expectCompleted(busy)
            let mine = try await stack.api.get("/api/v1/jobs?worker=\(id)&limit=500").json["jobs"]?.arrayValue ?? []
            let ran = Set(mine.compactMap { $0["id"]?.stringValue })
            #expect(busy.contains { ran.contains($0.text) }, "it takes jobs again")

            drained.terminate()
            #expect(try await stack.api.get("/api/v1/workers/\(id)").json["state"] == "gone")
            let late = try await stack.api.send("POST", "/api/v1/workers/\(id)/drain")
            #expect(late.status == 409 && late.json["code"] == "worker_gone")
            let log = try await stack.api.get("/api/v1/audit?object=workers/\(id)").json["entries"]?.arrayValue ?? []
            #expect(log.map { $0["action"] } == ["worker.drain", "worker.resume", "worker.drain", "worker.drain"])
            #expect(log.map { $0["outcome"] } == ["worker_gone", "done", "done", "done"])
            #expect(log.last?["key_name"] == "test" && log.last?["address"] == "127.0.0.1")
        }
    }

    @Test("a drain is heard without the control exchange, with the next heartbeat") func drainWithoutMessage()
        async throws
    {
        try await withStack { stack in
            try await stack.startGateway()
            let id = try await stack.worker(of: try await stack.startWorker())
            try await stack.database.query("UPDATE workers SET wanted = 'drained' WHERE id = \(id)")
            try await stack.wait(forWorker: id, toBe: "drained")
        }
    }

    @Test("dead letters: what nobody knew runs after the upgrade, what was wrong runs corrected") func redrive()
        async throws
    {
        try await withStack { stack in
            try await stack.startGateway()
            // Nobody knows the type yet: as in a deployment whose gateway and publishers come before its workers.
            let early = UUID()
            try await stack.publish([(stranger(id: early), "noop")])
            let waiting = try await stack.deadLetter(reason: "unknown_type")
            let refused = try await stack.api.send("POST", "/api/v1/dead-letters/\(waiting)/redrive")
            #expect(refused.status == 422 && refused.json["code"] == "unknown_type")
            try await stack.startWorker()
            try await poll("the type to be registered") {
                try await stack.api.get("/api/v1/types").json["types"]?.arrayValue?.isEmpty == false
            }
            let sent = try await stack.api.send("POST", "/api/v1/dead-letters/\(waiting)/redrive")
            #expect(sent.status == 200 && sent.json["redriven_at"]?.stringValue != nil, "\(sent.text)")
            try await stack.expectCompleted([early])
            // Once more is harmless: the same job id is one job.
            let again = try await stack.api.send("POST", "/api/v1/dead-letters/\(waiting)/redrive")
            #expect(again.status == 200 || again.json["code"] == "job_ended")

            // A version that this build does not know: sent again as it is it comes back, and is not lost.
            let future = UUID()
            try await stack.publish([(stranger(id: future, more: ["schema": 99]), "noop")])
            let unknown = try await stack.deadLetter(reason: "unknown_schema")
            #expect(try await stack.api.send("POST", "/api/v1/dead-letters/\(unknown)/redrive").status == 200)
            try await poll("the letter to be back", details: { stack.logs }) {
                let letter = try await stack.api.get("/api/v1/dead-letters/\(unknown)").json
                return letter["arrivals"] == 2 && letter["redriven_at"]?.isNull == true
            }

            // A wrong one is corrected; a correction that is wrong too is refused at once, with the reason.
            let wrong = UUID()
            try await stack.publish([(stranger(id: wrong, spec: ["sleep_ms": "long"]), "noop")])
            let letter = try await stack.deadLetter(reason: "invalid_spec")
            let whole = try await stack.api.get("/api/v1/dead-letters/\(letter)").json
            #expect(whole["body_encoding"] == "utf-8" && whole["body"]?.stringValue?.contains("long") == true)
            func correct(_ spec: JSON) async throws -> HTTPClient.Response {
                try await stack.api.post(
                    "/api/v1/dead-letters/\(letter)/redrive",
                    ["body": JSON.parse(stranger(id: wrong, spec: spec))])
            }
            let worse = try await correct(["sleep_ms": "longer"])
            #expect(worse.status == 422 && worse.json["code"] == "invalid_spec")
            #expect(try await correct(["sleep_ms": 1]).status == 200)
            try await stack.expectCompleted([wrong])

            #expect(try await stack.api.send("DELETE", "/api/v1/dead-letters/\(unknown)").status == 204)
            #expect(try await stack.api.send("DELETE", "/api/v1/dead-letters/\(unknown)").status == 404)
            let left = try await stack.api.get("/api/v1/dead-letters?state=waiting").json["dead_letters"]
            #expect(left?.arrayValue?.isEmpty == true)
        }
    }

    @Test("bulk redrive by reason, with letters that nobody takes left where they are") func bulkRedrive() async throws
    {
        try await withStack { stack in
            try await stack.startGateway()
            let ids = (0..<250).map { _ in UUID() }
            try await stack.publish(ids.map { (stranger(id: $0), "noop") })
            try await stack.publish([(stranger(id: UUID(), type: "nosuch"), "nosuch")])
            try await poll("the dead letters", details: { stack.logs }) {
                try await stack.api.get("/metrics").text.contains(
                    "switchyard_dead_letters_total{reason=\"unknown_type\"} 251")
            }
            try await stack.startWorker()
            let answer = try await stack.api.post("/api/v1/dead-letters/redrive", ["reason": "unknown_type"])
            #expect(answer.json == ["redriven": 250, "skipped": 1, "remaining": false], "\(answer.text)")
            try await stack.expectCompleted(ids)
        }
    }

    @Test("the audit log says who did what to which job, schedule, workflow and subscription, and what was refused")
    func auditLog() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let api = stack.api
            func made(_ path: String, _ body: JSON) async throws -> String {
                let answer = try await api.post("/api/v1/" + path, body)
                guard answer.status == 201, let id = answer.json["id"]?.stringValue else {
                    throw TestKitError("\(path) answered \(answer.status): \(answer.text)")
                }
                return id
            }
            let later: JSON = ["type": "noop", "scheduled_at": "2099-01-01T00:00:00Z"]
            let job = try await made("jobs", later)
            _ = try await api.post("/api/v1/jobs/\(job)/cancel", ["reason": "a mistake"])
            #expect(try await api.send("POST", "/api/v1/jobs/\(job)/stop").status == 409)
            let retried = try await made("jobs/\(job)/retry", [:])
            _ = try await made("jobs", later)
            for isDry in [true, false] {
                let bulk: JSON = ["action": "cancel", "filter": ["type": "noop"], "dry_run": .bool(isDry)]
                #expect(try await api.post("/api/v1/jobs/bulk", bulk).status == 200)
            }
            let schedule = try await made("schedules", ["name": "s", "cron": "0 0 1 1 *", "job": ["type": "noop"]])
            _ = try await api.send("POST", "/api/v1/schedules/\(schedule)/pause")
            let webhook = try await made("webhooks", ["url": "https://example.com/hook"])
            _ = try await api.send("DELETE", "/api/v1/webhooks/\(webhook)")
            let workflow = try await made("workflows", ["name": "w", "jobs": ["one": later]])
            _ = try await api.send("POST", "/api/v1/workflows/\(workflow)/cancel")

            let entries = try await api.get("/api/v1/audit").json["entries"]?.arrayValue ?? []
            let said = entries.reversed().map { entry in
                ["action", "object", "outcome"].map { entry[$0]?.stringValue ?? "" }.joined(separator: " ")
            }
            #expect(
                said.filter { !$0.hasPrefix("key.") } == [
                    "job.cancel jobs/\(job) done", "job.stop jobs/\(job) illegal_move", "job.retry jobs/\(job) done",
                    "jobs.bulk jobs done", "schedule.create schedules/\(schedule) done",
                    "schedule.pause schedules/\(schedule) done", "webhook.create webhooks/\(webhook) done",
                    "webhook.delete webhooks/\(webhook) done", "workflow.cancel workflows/\(workflow) done",
                ])
            let cancel = entries.first { $0["action"] == "job.cancel" }
            #expect(cancel?["details"]?["reason"] == "a mistake" && cancel?["key_name"] == "test")
            #expect(retried != job)
        }
    }

    @Test("retention: old jobs, files and partitions go by themselves, and the stack goes on") func retention()
        async throws
    {
        try await withStack(settings: ["SWITCHYARD_RETENTION_DAYS": "30", "SWITCHYARD_SWEEP_EVERY": "200ms"]) { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let old = try await stack.submitNoop(3)
            try await stack.expectCompleted(old)
            try await poll("the partitions ahead") {
                try await stack.count(
                    "SELECT count(*) AS n FROM (SELECT FROM time_partitions WHERE NOT is_default GROUP BY parent HAVING count(*) < 2) p"
                ) == 0
            }
            // The clock moves on by 60 days: rows and the bounds of their partitions are made old.
            for (table, key) in [("events", "at"), ("job_logs", "at"), ("executions", "finished_at")] {
                try await stack.database.withSession { session in
                    try session.script(
                        """
                        DO $$
                        DECLARE
                            past timestamptz := date_trunc('day', now(), 'UTC') - interval '55 days';
                        BEGIN
                            ALTER TABLE \(table) DETACH PARTITION \(table)_first;
                            UPDATE \(table)_first SET \(key) = \(key) - interval '60 days';
                            EXECUTE format('ALTER TABLE \(table) ATTACH PARTITION \(table)_first FOR VALUES FROM (MINVALUE) TO (%L)', past);
                            PERFORM add_time_partition('\(table)', past, date_trunc('day', now(), 'UTC') + interval '1 day');
                        END $$
                        """)
                }
            }
            try await stack.database.query(
                "UPDATE jobs SET created_at = created_at - interval '60 days', finished_at = finished_at - interval '60 days'"
            )
            // The gateway's ids are of today, so the walk would leave them out: they become those of strangers.
            try await stack.database.query("UPDATE jobs SET id = gen_random_uuid()")
            let young = try await stack.submitNoop(3)
            try await stack.expectCompleted(young)
            try await poll("the old jobs to be gone", details: { stack.logs }) {
                try await stack.count("SELECT count(*) AS n FROM jobs") == 3
            }
            try await poll("the old partitions to be gone", details: { stack.logs }) {
                try await stack.count(
                    "SELECT count(*) AS n FROM pg_class WHERE relname IN ('events_first', 'job_logs_first', 'executions_first')"
                ) == 0
            }
            #expect(try await stack.count("SELECT count(*) AS n FROM events") == 9)
            try await stack.expectCompleted(young + stack.submitNoop(3))
        }
    }
}

@Suite(.serialized) struct DoctorTests {
    @Test("the doctor finds a sound installation sound, and names what is missing") func doctor() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker()
            _ = try await stack.worker(of: worker)
            try await poll("housekeeping") {
                try await stack.count("SELECT count(*) AS n FROM leaders WHERE until > now()") >= 2
            }
            let command = """
                DATABASE_URL='\(stack.databaseURL)' AMQP_URL='\(stack.amqpURL)' SWITCHYARD_STORAGE='\(stack.folder)' \
                SWITCHYARD_URL=http://127.0.0.1:\(stack.api.port) \(try ServiceProcess.products())/switchyard doctor
                """
            let sound = try await runScript(command, in: stack.folder)
            for line in [
                "ok: PostgreSQL 15", "ok: RabbitMQ 3", "ok: queue jobs.noop: 0 messages, 1 consumers", "is ready",
            ] {
                #expect(sound.contains(line), "\(sound)")
            }
            #expect(!sound.contains("bad:"), "\(sound)")
            worker.terminate()
            _ = try await stack.submitNoop(3)
            try await stack.publish([(Array("{".utf8), "nosuch")])
            _ = try await stack.deadLetter(reason: "unknown_type")
            let ill = try await runScript(command + " && exit 9 || test $? = 1", in: stack.folder)
            #expect(ill.contains("bad: 3 jobs of type noop wait and no worker of it is alive"), "\(ill)")
            #expect(ill.contains("warning: 1 dead letters wait"), "\(ill)")
        }
    }
}

extension Stack {
    /// The registry's id of a worker process.
    fileprivate func worker(of process: ServiceProcess) async throws -> String {
        var id = ""
        try await poll("the worker to be registered", details: { self.logs }) {
            let workers = try await self.api.get("/api/v1/workers").json["workers"]?.arrayValue ?? []
            id = workers.first { $0["pid"]?.intValue == Int(process.pid) }?["id"]?.stringValue ?? ""
            return !id.isEmpty
        }
        return id
    }

    fileprivate func wait(forWorker id: String, toBe state: String) async throws {
        try await poll("the worker to be \(state)", within: .seconds(30), details: { self.logs }) {
            try await self.api.get("/api/v1/workers/\(id)").json["state"]?.stringValue == state
        }
    }

    fileprivate func publish(_ commands: [(body: [UInt8], routingKey: String)]) async throws {
        try await withPublisher { publisher in
            for (body, routingKey) in commands {
                _ = try await publisher.publish(Message(body: body), exchange: Topics.jobs, routingKey: routingKey)
            }
        }
    }

    /// The id of the newest dead letter with this reason.
    fileprivate func deadLetter(reason: String) async throws -> String {
        var id = ""
        try await poll("a dead letter", details: { self.logs }) {
            let letters = try await self.api.get("/api/v1/dead-letters?reason=\(reason)").json["dead_letters"]
            id = letters?[0]?["id"]?.stringValue ?? ""
            return !id.isEmpty
        }
        return id
    }

    fileprivate func count(_ statement: Statement) async throws -> Int64 {
        try await database.query(statement)[0].decode("n")
    }
}

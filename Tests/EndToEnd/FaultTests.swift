import AMQP
import Foundation
import JSON
import Jobs
import Postgres
import TestKit
import Testing

/// What breaks in practice, broken on purpose, against real servers: every accepted job still ends once, with its result.
@Suite(.serialized) struct FaultTests {
    @Test("kill -9 of the gateway between commit and publish") func gatewayKilledBeforePublish() async throws {
        try await withStack { stack in
            let worker = try await stack.startWorker()
            let gateway = try await stack.startGateway()
            try await stack.settleBroker()
            // The broker is paused: commits succeed, and no publication can be confirmed.
            try stack.signalBroker(SIGSTOP)
            let ids = try await stack.submitNoop(50)
            gateway.kill()
            try stack.signalBroker(SIGCONT)
            worker.terminate()
            stack.broker.kill()
            // A broker that never heard of them: what was in its memory is gone with it.
            _ = try await stack.broker.start()
            try await stack.startGateway()
            try await stack.startWorker()
            try await stack.expectCompleted(ids)
        }
    }

    @Test("kill -9 of the worker in mid-job: noticed within its lease, gone on elsewhere") func workerKilled()
        async throws
    {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker()
            let ids = try await stack.submitNoop(30, ["sleep_ms": 1500])
            try await stack.wait(for: ids, toBe: .running)
            worker.kill()
            try await stack.startWorker()
            try await stack.expectCompleted(ids)
            let rows = try await stack.database.query(
                "SELECT DISTINCT attempt, crashes FROM jobs WHERE id = ANY(\(ids))")
            #expect(rows.count == 1)
            #expect(try rows[0].decode("attempt", as: Int32.self) == 2)
            #expect(try rows[0].decode("crashes", as: Int32.self) == 1)
        }
    }

    @Test("restart of RabbitMQ under load") func brokerRestarts() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            var ids = try await stack.submitNoop(1000, ["sleep_ms": 20])
            try await stack.broker.stop(immediate: false)
            // G10: without a broker, jobs are accepted and dispatched later.
            ids += try await stack.submitNoop(500)
            _ = try await stack.broker.start()
            ids += try await stack.submitNoop(500)
            try await stack.expectCompleted(ids)
        }
    }

    @Test("deletion of the queue with commands in it") func queueDeleted() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker()
            worker.terminate()
            let ids = try await stack.submitNoop(200)
            // Without a worker the window is a few commands; the others wait in the database.
            try await poll("commands to be in the broker") {
                let rows = try await stack.database.query(
                    "SELECT count(*) AS n FROM jobs WHERE dispatched_at IS NOT NULL")
                return try rows[0].decode("n", as: Int64.self) > 0
            }
            try await stack.withPublisher { try await $0.delete(queue: "jobs.noop") }
            try await stack.startWorker()
            try await stack.expectCompleted(ids)
        }
    }

    @Test("restart of PostgreSQL under load") func databaseRestarts() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            var ids = try await stack.submitNoop(1000, ["sleep_ms": 300])
            try await stack.postgres.stop(immediate: true)
            // G10: without a database, 503 with Retry-After, and nothing hangs.
            let refused = try await stack.api.post("/api/v1/jobs", ["type": "noop"])
            #expect(refused.status == 503)
            #expect(refused.headers["retry-after"] != nil)
            _ = try await stack.postgres.start()
            try await poll("the gateway to accept jobs again") {
                try await stack.api.post("/api/v1/jobs", ["type": "noop"]).status == 201
            }
            ids += try await stack.submitNoop(500)
            try await stack.expectCompleted(ids)
        }
    }

    @Test("the same command delivered again and again, by dispatcher and stranger alike") func duplicates() async throws
    {
        try await withStack { stack in
            try await stack.startGateway()
            try await stack.startWorker()
            let ids = try await stack.submitNoop(20, ["sleep_ms": 100])
            try await stack.withPublisher { publisher in
                for id in ids {
                    for sender in [Topics.dispatcher, "somebody else"] {
                        var message = Message(body: stranger(id: id))
                        message.messageID = id.text
                        message.appID = sender
                        for _ in 1...3 {
                            _ = try await publisher.publish(message, exchange: Topics.jobs, routingKey: "noop")
                        }
                    }
                }
                let fresh = UUID()
                for _ in 1...5 {
                    _ = try await publisher.publish(
                        Message(body: stranger(id: fresh)), exchange: Topics.jobs, routingKey: "noop")
                }
                try await stack.expectCompleted(ids + [fresh])
            }
            let rows = try await stack.database.query("SELECT count(*) AS n FROM jobs WHERE attempt <> 1")
            #expect(try rows[0].decode("n", as: Int64.self) == 0)
        }
    }

    @Test("a lease stolen from a paused worker that wakes and tries to finish") func leaseStolen() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let paused = try await stack.startWorker()
            let ids = try await stack.submitNoop(10, ["sleep_ms": 1000])
            try await stack.wait(for: ids, toBe: .running)
            paused.send(SIGSTOP)
            try await stack.startWorker()
            try await stack.expectCompleted(ids)
            paused.send(SIGCONT)
            // The old worker's outcomes are dropped by the fence; it counts them, and the jobs stay as they are.
            let client = HTTPClient(port: paused.port, key: nil)
            try await poll("the paused worker to drop its outcomes", details: { stack.logs }) {
                try await client.get("/metrics").text.contains("switchyard_executions_superseded_total 10")
            }
            try await stack.expectCompleted(ids)
            let rows = try await stack.database.query("SELECT DISTINCT attempt FROM jobs WHERE id = ANY(\(ids))")
            #expect(try rows.map { try $0.decode("attempt", as: Int32.self) } == [2])
        }
    }

    @Test("kill -9 of everything at once, servers too") func fullStop() async throws {
        try await withStack { stack in
            let gateway = try await stack.startGateway()
            let worker = try await stack.startWorker()
            try await stack.settleBroker()
            let ids = try await stack.submitNoop(500, ["sleep_ms": 200])
            gateway.kill()
            worker.kill()
            stack.broker.kill()
            stack.postgres.kill()
            _ = try await stack.postgres.start()
            _ = try await stack.broker.start()
            try await stack.startGateway()
            try await stack.startWorker()
            try await stack.expectCompleted(ids)
        }
    }

    @Test("a job that kills its worker is quarantined and takes nobody with it") func quarantine() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            var worker = try await stack.startWorker()
            let killer = try await stack.submitKiller()
            let innocent = try await stack.submitNoop(50, ["sleep_ms": 400])
            let supervisor = Task {
                while !Task.isCancelled {
                    while worker.isRunning { try await Task.sleep(for: .milliseconds(50)) }
                    worker = try await stack.startWorker()
                }
            }
            defer { supervisor.cancel() }
            try await stack.wait(for: [killer], toBe: .failed, within: .seconds(120))
            try await stack.expectCompleted(innocent)
            let response = try await stack.api.get("/api/v1/jobs/\(killer.text)")
            #expect(response.json["error"]?["code"]?.stringValue == "crashed")
            supervisor.cancel()
            _ = await supervisor.result
        }
    }

    @Test("SIGTERM hands running jobs back without a failure") func drain() async throws {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker()
            let short = try await stack.submitNoop(10, ["sleep_ms": 500])
            let long = try await stack.submitNoop(5, ["sleep_ms": 8000])
            try await stack.wait(for: short + long, toBe: .running)
            worker.terminate()
            try await stack.expectCompleted(short)
            try await stack.wait(for: long, toBe: .queued)
            try await stack.startWorker()
            try await stack.expectCompleted(long)
            let rows = try await stack.database.query("SELECT count(*) AS n FROM jobs WHERE failures + crashes > 0")
            #expect(try rows[0].decode("n", as: Int64.self) == 0)
        }
    }

    @Test("cancel: a queued job at once, a running one by its worker, neither ever comes back") func cancel()
        async throws
    {
        try await withStack { stack in
            try await stack.startGateway()
            let worker = try await stack.startWorker()
            let running = try await stack.submitNoop(1, ["sleep_ms": 60_000])[0]
            try await stack.wait(for: [running], toBe: .running)
            #expect(try await stack.api.send("POST", "/api/v1/jobs/\(running.text)/cancel").status == 202)
            try await stack.wait(for: [running], toBe: .cancelled)
            worker.terminate()
            let queued = try await stack.submitNoop(1)[0]
            #expect(try await stack.api.send("POST", "/api/v1/jobs/\(queued.text)/cancel").status == 200)
            #expect(try await stack.api.send("POST", "/api/v1/jobs/\(queued.text)/cancel").status == 200)
            try await stack.startWorker()
            let later = try await stack.submitNoop(1)
            try await stack.expectCompleted(later)
            let status = try await stack.api.get("/api/v1/jobs/\(queued.text)").json["status"]?.stringValue
            #expect(status == "cancelled")
            #expect(try await stack.api.send("POST", "/api/v1/jobs/\(later[0].text)/cancel").status == 409)
        }
    }
}

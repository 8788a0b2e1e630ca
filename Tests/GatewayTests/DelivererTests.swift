import Config
import Crypto
import Foundation
import HTTPServer
import JSON
import Postgres
import ServiceKit
import Synchronization
import Telemetry
import TestKit
import Testing

@testable import Gateway
@testable import Jobs

/// Relays and deliverers in pairs, as two gateways have them, against real receivers.
@Suite struct DelivererTests {
    private struct Setting {
        let store: JobStore
        let vault: WebhookVault

        func subscribe(_ receiver: Receiver, events: [String] = Webhook.defaultEvents) async throws -> (
            webhook: Webhook, key: [UInt8]
        ) {
            let secret = vault.generate()
            let webhook = Webhook(
                id: UUIDv7.generate(), namespace: "default", url: receiver.url(), description: "", types: [],
                events: events,
                labels: [:])
            let key = try #require(Data(base64Encoded: String(secret.text.dropFirst(6))))
            return (try #require(try await store.add(webhook, secret: secret.sealed, limit: 10)), Array(key))
        }

        /// One whole job, each of its events in a transaction of its own.
        func runJob(labelled label: String = "") async throws {
            let type = try JobType(
                name: "probe", version: 1, description: "", specSchema: ["type": "object"], policy: JobPolicy())
            let submission = try Submission.read(
                ["type": "probe", "labels": ["l": .string(label)]], id: UUIDv7.generate(), namespace: "default",
                catalogue: TypeCatalogue([type]))
            _ = try await store.submit([(submission, .zero)])
            _ = try await store.claim([submission.id], type: "probe", worker: "w", lease: .seconds(30))
            _ = try await store.write([
                .outcome(Fence(job: submission.id, attempt: 1), Ending(status: .completed, kind: "completed"))
            ])
        }

        func log(_ webhook: Webhook) async throws -> [WebhookDelivery] {
            try await store.deliveries(of: webhook.id, namespace: "default", statuses: [], before: .max, limit: 10_000)
        }
    }

    private func withGateways(
        _ variables: [String: String] = [:], _ body: @Sendable (Setting) async throws -> Void
    ) async throws {
        let configuration = try EventsConfiguration(
            Environment(
                [
                    "SWITCHYARD_WEBHOOK_ALLOW": "127.0.0.1", "SWITCHYARD_WEBHOOK_BACKOFF": "20ms",
                ].merging(variables) { $1 }))
        let vault = WebhookVault(try SealingKey.box(key: [UInt8](repeating: 0xAB, count: 32), storage: "/nonexistent"))
        try await TestDatabase.with { test in
            let store = JobStore(test.database)
            let log = Logger(service: "test", level: .error)
            let tasks = (0..<2).flatMap { number in
                let deliverer = WebhookDeliverer(store, vault: vault, configuration: configuration, log: log)
                let outlet = WebhookOutlet(store, keepFor: configuration.keepFor) { deliverer.wake() }
                let relay = Relay(store, to: outlet, holder: "gateway \(number)", log: log)
                return [Task { await deliverer.run() }, Task { await relay.run() }]
            }
            let result: Result<Void, any Error>
            do { result = .success(try await body(Setting(store: store, vault: vault))) } catch {
                result = .failure(error)
            }
            for task in tasks { task.cancel() }
            for task in tasks { await task.value }
            try result.get()
        }
    }

    private func payload(of request: HTTPRequest) throws -> JSON { try #require(try JSON.parse(request.bytes)["data"]) }

    @Test(.timeLimit(.minutes(2))) func nothingIsLostAndAJobsEventsStayInOrder() async throws {
        // Every fifth answer is a failure, so that events of one job would overtake each other if they could.
        let receiver = try Receiver { _, count in HTTPResponse(status: count % 5 == 4 ? 500 : 200) }
        try await withGateways { setting in
            let (webhook, _) = try await setting.subscribe(receiver)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 { group.addTask { for _ in 0..<10 { try await setting.runJob() } } }
                try await group.waitForAll()
            }
            try await eventually(within: .seconds(60), "everything to be delivered") {
                let log = try await setting.log(webhook)
                return log.count == 180 && log.allSatisfy { $0.status == "delivered" }
            }
            var seen: [String: [String]] = [:]
            for request in receiver.requests {
                let data = try payload(of: request)
                let (job, word) = (data["job_id"]?.stringValue ?? "", data["event"]?.stringValue ?? "")
                // A repeat of the last one is what a failure brings; anything else out of order is a fault.
                if seen[job]?.last != word { seen[job, default: []].append(word) }
            }
            #expect(seen.count == 60)
            for words in seen.values { #expect(words == ["queued", "running", "completed"]) }
        }
        await receiver.stop()
    }

    @Test(.timeLimit(.minutes(1))) func signaturesHoldForWhoComputesThemAnotherWay() async throws {
        let receiver = try Receiver()
        try await withGateways { setting in
            let (webhook, key) = try await setting.subscribe(receiver, events: ["completed"])
            try await setting.runJob(labelled: "grün")
            try await eventually("the delivery") { receiver.requests.count == 1 }
            let first = try #require(receiver.requests.first)
            #expect(try OpenSSL.signature(of: first, key: key) == first.headers["webhook-signature"])
            let job = try #require(try payload(of: first)["job_id"]?.stringValue)
            #expect(first.headers["webhook-id"]?.hasPrefix(job + "-") == true)
            #expect(first.method == "POST" && first.headers["Content-Type"] == "application/json")
            let age = Date().timeIntervalSince1970 - (Double(first.headers["webhook-timestamp"] ?? "") ?? 0)
            #expect((0..<60).contains(age))
            // After a rotation both secrets sign, the new one first.
            let secret = setting.vault.generate()
            _ = try await setting.store.rotateSecret(
                of: webhook.id, namespace: "default", to: secret.sealed, overlap: .seconds(60))
            try await setting.runJob()
            try await eventually("the next delivery") { receiver.requests.count == 2 }
            let second = try #require(receiver.requests.last)
            let new = Array(try #require(Data(base64Encoded: String(secret.text.dropFirst(6)))))
            let both = try [new, key].map { try OpenSSL.signature(of: second, key: $0) }.joined(separator: " ")
            #expect(second.headers["webhook-signature"] == both)
        }
        await receiver.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aSlowReceiverHoldsUpNobodyElse() async throws {
        let gate = Gate()
        let slow = try Receiver { _, _ in
            await gate.pass()
            return HTTPResponse(status: 200)
        }
        let quick = try Receiver()
        try await withGateways { setting in
            let (webhook, _) = try await setting.subscribe(slow, events: ["queued"])
            _ = try await setting.subscribe(quick, events: ["queued"])
            for _ in 0..<40 { try await setting.runJob() }
            try await eventually("the quick one to have everything") { quick.requests.count == 40 }
            #expect(slow.requests.count <= 16, "eight places at each of two gateways")
            gate.open()
            try await eventually("the slow one to have everything") {
                try await setting.log(webhook).allSatisfy { $0.status == "delivered" }
            }
        }
        await slow.stop()
        await quick.stop()
    }

    @Test(.timeLimit(.minutes(1))) func badAnswersAreKeptInTheLog() async throws {
        let long = String(repeating: "é", count: 5000)
        let receiver = try Receiver { _, count in
            switch count {
            case 0: HTTPResponse(status: 302, headers: [("Location", "http://127.0.0.1:1/")], body: .string("moved"))
            case 1: HTTPResponse(status: 503, headers: [("Retry-After", "1")], body: .string("a\0b" + long))
            default: HTTPResponse(status: 410, body: .string("no more"))
            }
        }
        try await withGateways { setting in
            let (webhook, _) = try await setting.subscribe(receiver, events: ["completed"])
            try await setting.runJob()
            func entry() async throws -> WebhookDelivery { try #require(try await setting.log(webhook).first) }
            try await eventually("the redirect to be a failure") {
                let found = try await setting.log(webhook).first
                return found?.attempts == 2 && found?.responseStatus == 503
            }
            let failed = try await entry()
            #expect(
                failed.responseBody?.hasPrefix("a\u{FFFD}b") == true && (failed.responseBody?.utf8.count ?? 0) <= 1100)
            #expect(failed.error == "answered 503" && failed.status == "pending")
            // The receiver asked for a second; the backoff alone would be a few milliseconds.
            let dueAt = try #require(failed.dueAt)
            let attemptedAt = try #require(failed.attemptedAt)
            #expect(dueAt.timeIntervalSince(attemptedAt) >= 1)
            try await eventually("the end") { try await entry().status == "exhausted" }
            let gone = try await setting.store.webhook(webhook.id, namespace: "default")
            #expect(gone?.status == .disabled && gone?.disabledReason == "gone")
            try await setting.runJob()
            #expect(receiver.requests.count == 3)
        }
        await receiver.stop()
    }

    @Test(.timeLimit(.minutes(1))) func addressesAreRefusedWhenTheyAreConnectedTo() async throws {
        let receiver = try Receiver()
        try await withGateways(["SWITCHYARD_WEBHOOK_ALLOW": "10.9.9.9", "SWITCHYARD_WEBHOOK_RETRY": "1s"]) { setting in
            let (webhook, _) = try await setting.subscribe(receiver, events: ["completed"])
            try await setting.runJob()
            try await eventually("the delivery to be given up") {
                try await setting.log(webhook).first?.status == "exhausted"
            }
            #expect(try await setting.log(webhook).first?.error?.hasPrefix("refused_address") == true)
            #expect(receiver.requests.isEmpty)
        }
        await receiver.stop()
    }

    @Test func theSealingKeyIsMadeOnceAndForItsOwnerAlone() throws {
        let folder = "/var/tmp/switchyard-vault-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder + "/tmp", withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record("\(error)") } }
        func vault(_ key: [UInt8]? = nil) throws -> WebhookVault {
            WebhookVault(try SealingKey.box(key: key, storage: folder))
        }
        let first = try vault()
        let secret = first.generate()
        var status = stat()
        #expect(stat(folder + "/webhook.key", &status) == 0 && status.st_mode & 0o777 == 0o600)
        func sign(_ vault: WebhookVault, _ sealed: [UInt8]) -> String? {
            vault.signature(id: "i", timestamp: 1, body: "b", secrets: [sealed])
        }
        #expect(sign(try vault(), secret.sealed) == sign(first, secret.sealed))
        #expect(
            sign(try vault(randomBytes(32)), secret.sealed) == nil,
            "another key opens nothing")
        for index in secret.sealed.indices {
            var changed = secret.sealed
            changed[index] ^= 1
            #expect(sign(first, changed) == nil)
        }
        #expect(sign(first, []) == nil)
        #expect(
            first.signature(id: "i", timestamp: 1, body: "b", secrets: [secret.sealed, []])
                == sign(first, secret.sealed),
            "a former secret that is lost does not keep the current one from signing")
        chmod(folder + "/webhook.key", 0o644)
        #expect(throws: SealingKeyError.self) { try vault() }
    }
}

/// The same signature by a program of its own.
enum OpenSSL {
    static func signature(of request: HTTPRequest, key: [UInt8]) throws -> String {
        let (id, timestamp) = (request.headers["webhook-id"] ?? "", request.headers["webhook-timestamp"] ?? "")
        let message = Data("\(id).\(timestamp).".utf8) + Data(request.bytes)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = ["dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:" + Hex.encode(key), "-binary"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: message)
        try input.fileHandleForWriting.close()
        let digest = try #require(try output.fileHandleForReading.readToEnd())
        return "v1," + digest.base64EncodedString()
    }
}

import Crypto
import Foundation
import JSON
import Postgres
import TestKit
import Testing

@testable import Jobs

/// Subscriptions and deliveries, statement by statement.
@Suite struct WebhookTests {
    private func relay(_ store: JobStore) async throws {
        let last = try await store.horizon().last
        _ = try await store.fanOut(after: try await store.position(of: .webhooks), through: last)
    }

    private func claim(_ store: JobStore, busy: [UUID: Int] = [:], perWebhook: Int = 8) async throws -> [DueDelivery] {
        try await store.claimDeliveries(busy: busy, perWebhook: perWebhook, limit: 64, lease: .seconds(30))
    }

    private func finish(
        _ store: JobStore, _ delivery: DueDelivery, _ verdict: DeliveryOutcome.Verdict, isGone: Bool = false,
        limit: Duration = .seconds(86_400)
    ) async throws -> Bool {
        try await store.finish(
            delivery,
            DeliveryOutcome(verdict, status: 200, body: "ok", error: "e", duration: .seconds(1), isGone: isGone),
            failingLimit: limit)
    }

    private func log(_ store: JobStore, _ webhook: Webhook) async throws -> [WebhookDelivery] {
        try await store.deliveries(of: webhook.id, namespace: webhook.namespace, statuses: [], before: .max, limit: 100)
    }

    @Test func subscriptionsGetWhatTheyAskFor() async throws {
        try await withStore { store in
            let all = try await store.addWebhook()
            let typed = try await store.addWebhook(types: ["other"])
            let progress = try await store.addWebhook(events: ["progress"])
            let labelled = try await store.addWebhook(labels: ["team": "a"])
            let foreign = try await store.addWebhook(namespace: "foreign")
            let fence = try await store.run()
            _ = try await store.write([.progress(fence, phase: nil, progress: Array("{}".utf8))])
            _ = try await store.queue(1, type: "other")
            _ = try await store.submit([(submission(labels: ["team": "a", "x": "y"]), .zero)])
            try await relay(store)
            func words(_ webhook: Webhook) async throws -> [String] {
                try await log(store, webhook).reversed().map(\.event)
            }
            #expect(try await words(all) == ["queued", "running", "queued", "queued"])
            #expect(try await words(typed) == ["queued"])
            #expect(try await words(progress) == ["progress"])
            #expect(try await words(labelled) == ["queued"])
            #expect(try await words(foreign).isEmpty)
            let id = try #require(try await log(store, progress).first).id
            #expect(try await store.delivery(id, of: progress.id, namespace: "foreign") == nil)
            let body = try #require(try await store.delivery(id, of: progress.id, namespace: "default")?.body)
            #expect(try JSON.parse(Array(body.utf8))["data"]?["event"] == "progress")
        }
    }

    @Test func deliveriesOfAJobGoOneAfterTheOther() async throws {
        try await withStore { store in
            let webhook = try await store.addWebhook()
            let first = try await store.run()
            _ = try await store.write([.outcome(first, ending(.completed, "completed"))])
            let second = try await store.run()
            try await relay(store)
            func bodies(_ deliveries: [DueDelivery]) -> [String] {
                deliveries.map { $0.eventID.prefix(36) == first.job.text ? "first" : "second" }
            }
            let heads = try await claim(store)
            #expect(bodies(heads) == ["first", "second"] && heads.allSatisfy { $0.attempt == 1 })
            #expect(try await claim(store).isEmpty, "the others wait behind them")
            #expect(try await finish(store, heads[0], .delivered))
            let next = try await claim(store)
            #expect(bodies(next) == ["first"], "only the job whose delivery has ended goes on, and at once")
            // A failure keeps the others behind it; giving up lets them go.
            #expect(try await finish(store, next[0], .retry(in: .seconds(3600))))
            #expect(try await claim(store).isEmpty)
            try await store.database.query("UPDATE webhook_deliveries SET due_at = now() WHERE id = \(next[0].id)")
            let again = try await claim(store)
            #expect(again.map(\.id) == [next[0].id] && again[0].attempt == 2)
            #expect(try await !finish(store, next[0], .delivered), "the earlier try is fenced off")
            #expect(try await finish(store, again[0], .exhausted))
            #expect(try await finish(store, heads[1], .delivered), "so the subscription fails no more")
            let rest = try await claim(store)
            #expect(Set(bodies(rest)) == ["first", "second"])
            let entry = try #require(try await store.delivery(again[0].id, of: webhook.id, namespace: "default"))
            #expect(entry.status == "exhausted" && entry.attempts == 2 && entry.error == "e" && entry.duration == 1000)
            _ = second
        }
    }

    @Test func twoDeliverersNeverHaveTheSameDelivery() async throws {
        try await withStore { store in
            _ = try await store.addWebhook()
            _ = try await store.queue(40)
            try await relay(store)
            let claims = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for _ in 0..<4 { group.addTask { try await claim(store, perWebhook: 64).map(\.id) } }
                return try await group.reduce(into: [Int64]()) { $0 += $1 }
            }
            #expect(claims.count == Set(claims).count)
        }
    }

    @Test func eachSubscriptionHasItsOwnPlaces() async throws {
        try await withStore { store in
            let (slow, other) = (try await store.addWebhook(), try await store.addWebhook())
            _ = try await store.queue(10)
            try await relay(store)
            let claimed = try await claim(store, busy: [slow.id: 3], perWebhook: 4)
            #expect(claimed.filter { $0.webhook == slow.id }.count == 1)
            let busy = claimed.filter { $0.webhook == other.id }
            #expect(busy.count == 4)
            // One that fails has one place.
            #expect(try await finish(store, busy[0], .retry(in: .seconds(60))))
            #expect(try await claim(store, busy: [other.id: 1], perWebhook: 4).allSatisfy { $0.webhook == slow.id })
            #expect(try await claim(store, perWebhook: 4).filter { $0.webhook == other.id }.count == 1)
        }
    }

    @Test func aSubscriptionThatFailsForTooLongIsDisabled() async throws {
        try await withStore { store in
            let webhook = try await store.addWebhook()
            _ = try await store.queue(4)
            try await relay(store)
            func state() async throws -> Webhook {
                try #require(try await store.webhook(webhook.id, namespace: "default"))
            }
            let claimed = try await claim(store)
            #expect(try await finish(store, claimed[0], .retry(in: .zero)))
            let failing = try await state()
            #expect(failing.failingSince != nil && failing.lastError == "e" && failing.status == .active)
            #expect(try await finish(store, claimed[1], .delivered))
            #expect(try await state().failingSince == nil)
            #expect(try await finish(store, claimed[2], .retry(in: .zero)))
            #expect(try await finish(store, claimed[3], .retry(in: .zero), limit: .zero))
            let disabled = try await state()
            #expect(disabled.status == .disabled && disabled.disabledReason == "failing")
            #expect(try await claim(store).isEmpty)
            #expect(try await store.exhaustDisabled() == 3)
            #expect(try await log(store, webhook).filter { $0.status == "exhausted" }.count == 3)
            _ = try await store.change(
                webhook.id, namespace: "default", url: nil, description: "again", types: nil, events: nil, labels: nil,
                status: .active)
            let active = try await state()
            #expect(active.disabledReason == nil && active.description == "again")
            // Asked for again, it goes once more under the id of its event.
            let old = try #require(try await log(store, webhook).first { $0.status == "exhausted" })
            #expect(try await store.replay(old.id, of: webhook.id, namespace: "foreign") == nil)
            let new = try #require(try await store.replay(old.id, of: webhook.id, namespace: "default"))
            #expect(new.replayOf == old.id && new.eventID == old.eventID && new.status == "pending")
            let replayed = try await claim(store)
            #expect(replayed.map(\.id) == [new.id])
            #expect(try await finish(store, replayed[0], .exhausted, isGone: true))
            let gone = try await state()
            #expect(gone.status == .disabled && gone.disabledReason == "gone")
        }
    }

    @Test func subscriptionsAreKeptApartAndLimited() async throws {
        try await withStore { store in
            let webhook = try await store.addWebhook()
            #expect(try await store.webhook(webhook.id, namespace: "foreign") == nil)
            #expect(try await store.rotateSecret(of: webhook.id, namespace: "foreign", to: [9], overlap: .zero) == nil)
            #expect(try await !store.removeWebhook(webhook.id, namespace: "foreign"))
            for _ in 1..<10 { _ = try await store.addWebhook() }
            #expect(try await store.add(webhook, secret: [1], limit: 10) == nil)
            let page = try await store.webhooks(namespace: "default", before: nil, limit: 4)
            #expect(page.count == 4 && page.map(\.id.text) == page.map(\.id.text).sorted(by: >))
            #expect(try await store.webhooks(namespace: "default", before: page[3].id, limit: 10).count == 6)

            _ = try await store.addTest(to: webhook.id, namespace: "default", eventID: "t", body: "{}")
            #expect(try await claim(store)[0].secrets == [[1, 2, 3]])
            _ = try await store.rotateSecret(of: webhook.id, namespace: "default", to: [4], overlap: .seconds(60))
            _ = try await store.addTest(to: webhook.id, namespace: "default", eventID: "t", body: "{}")
            #expect(try await claim(store)[0].secrets == [[4], [1, 2, 3]])
            #expect(try await store.removeWebhook(webhook.id, namespace: "default"))
            #expect(try await log(store, webhook).isEmpty)
            #expect(try await store.pruneDeliveries(olderThan: .seconds(60)) == 0)
            #expect(try await store.pruneDeliveries(olderThan: .zero) == 2)
        }
    }
}

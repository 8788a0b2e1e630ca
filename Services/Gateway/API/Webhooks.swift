import Crypto
import Foundation
import HTTPClient
import HTTPServer
import JSON
import Jobs

/// Subscriptions to events over HTTP.
extension Gateway {
    private static let maxWebhooks = 100
    private static let secretOverlap: Duration = .seconds(86_400)

    /// `POST /webhooks`: 201 with the secret, which is not shown again.
    func createWebhook(_ call: Call) async throws -> HTTPResponse {
        let json = call.json
        let webhook = Webhook(
            id: UUIDv7.generate(), namespace: call.namespace, url: try checkedURL(json) ?? "",
            description: json["description"]?.stringValue ?? "", types: json.texts("types") ?? [],
            events: json.texts("events") ?? Webhook.defaultEvents, labels: json["labels"] ?? [:])
        let secret = events.vault.generate()
        let made = try await audited(call.entry("webhook.create", on: "webhooks/" + webhook.id.text)) {
            guard let made = try await store.add(webhook, secret: secret.sealed, limit: Self.maxWebhooks) else {
                throw Problem(
                    .tooManyWebhooks, "A namespace has at most \(Self.maxWebhooks) webhooks; remove one first.")
            }
            return made
        }
        return HTTPResponse(
            WebhookWithSecret(webhook: made, secret: secret.text), status: 201,
            headers: [("Location", "/api/v1/webhooks/" + made.id.text)])
    }

    /// `GET /webhooks`: the newest first.
    func listWebhooks(_ call: Call) async throws -> HTTPResponse {
        let limit = call.limit()
        let webhooks = try await store.webhooks(
            namespace: call.namespace, before: try call.text("cursor").map(Cursor.job), limit: limit)
        return .page("webhooks", webhooks, limit: limit) { Cursor.text($0.id) }
    }

    /// `GET /webhooks/{webhook}`.
    func getWebhook(_ call: Call) async throws -> HTTPResponse {
        HTTPResponse(try await webhook(call))
    }

    /// `PATCH /webhooks/{webhook}`: changes what is given. Deliveries under way may still go to the old place.
    func changeWebhook(_ call: Call) async throws -> HTTPResponse {
        let json = call.json
        let (id, url) = try (webhookID(call), checkedURL(json))
        let changed = try await audited(call.entry("webhook.change", on: "webhooks/" + id.text, details: json)) {
            let changed = try await store.change(
                id, namespace: call.namespace, url: url, description: json["description"]?.stringValue,
                types: json.texts("types"), events: json.texts("events"), labels: json["labels"],
                status: json["status"]?.stringValue.flatMap(Webhook.Status.init(rawValue:)))
            guard let changed else { throw Problem.notFound("webhook") }
            return changed
        }
        return HTTPResponse(changed)
    }

    /// `DELETE /webhooks/{webhook}`: with its log.
    func deleteWebhook(_ call: Call) async throws -> HTTPResponse {
        let id = try webhookID(call)
        try await audited(call.entry("webhook.delete", on: "webhooks/" + id.text)) {
            guard try await store.removeWebhook(id, namespace: call.namespace) else {
                throw Problem.notFound("webhook")
            }
        }
        return HTTPResponse(status: 204)
    }

    /// `POST /webhooks/{webhook}/rotate-secret`: a new secret; for a day deliveries are signed with both.
    func rotateWebhookSecret(_ call: Call) async throws -> HTTPResponse {
        let secret = events.vault.generate()
        let id = try webhookID(call)
        let changed = try await audited(call.entry("webhook.rotate_secret", on: "webhooks/" + id.text)) {
            let changed = try await store.rotateSecret(
                of: id, namespace: call.namespace, to: secret.sealed, overlap: Self.secretOverlap)
            guard let changed else { throw Problem.notFound("webhook") }
            return changed
        }
        return HTTPResponse(WebhookWithSecret(webhook: changed, secret: secret.text))
    }

    /// `POST /webhooks/{webhook}/test`: 202 with a delivery of an event that is about no job.
    func testWebhook(_ call: Call) async throws -> HTTPResponse {
        let webhook = try await activeWebhook(call)
        let id = "test-" + UUIDv7.generate().text
        var json = JSONWriter()
        json.beginObject()
        json.member("type", "webhook.test")
        json.member("timestamp", Date())
        json.key("data")
        json.beginObject()
        json.member("webhook_id", webhook.id)
        json.endObject()
        json.endObject()
        let delivery = try await store.addTest(
            to: webhook.id, namespace: call.namespace, eventID: id, body: String(decoding: json.bytes, as: UTF8.self))
        guard let delivery else { throw Problem.notFound("webhook") }
        events.deliverer.wake()
        return HTTPResponse(delivery, status: 202)
    }

    /// `GET /webhooks/{webhook}/deliveries`: the newest first.
    func listDeliveries(_ call: Call) async throws -> HTTPResponse {
        let webhook = try await webhook(call)
        let limit = call.limit()
        let deliveries = try await store.deliveries(
            of: webhook.id, namespace: call.namespace, statuses: call.words("status"),
            before: try call.text("cursor").map(Cursor.event) ?? .max, limit: limit)
        return .page("deliveries", deliveries, limit: limit) { Cursor.text($0.id) }
    }

    /// `GET /webhooks/{webhook}/deliveries/{delivery}`: with what is sent.
    func getDelivery(_ call: Call) async throws -> HTTPResponse {
        let delivery = try await store.delivery(
            try deliveryID(call), of: try webhookID(call), namespace: call.namespace)
        guard let delivery else { throw Problem.notFound("delivery") }
        return HTTPResponse(delivery)
    }

    /// `POST /webhooks/{webhook}/deliveries/{delivery}/replay`: 202 with a new delivery of the same event.
    func replayDelivery(_ call: Call) async throws -> HTTPResponse {
        let webhook = try await activeWebhook(call)
        let id = try deliveryID(call)
        let path = "webhooks/\(webhook.id.text)/deliveries/\(id)"
        let delivery = try await audited(call.entry("delivery.replay", on: path)) {
            let delivery = try await store.replay(id, of: webhook.id, namespace: call.namespace)
            guard let delivery else { throw Problem.notFound("delivery") }
            return delivery
        }
        events.deliverer.wake()
        return HTTPResponse(delivery, status: 202)
    }

    private func webhookID(_ call: Call) throws -> UUID {
        guard let id = UUID(text: call.parameters[0]) else { throw Problem.notFound("webhook") }
        return id
    }

    private func deliveryID(_ call: Call) throws -> Int64 {
        guard let id = Int64(call.parameters[1]) else { throw Problem.notFound("delivery") }
        return id
    }

    private func webhook(_ call: Call) async throws -> Webhook {
        guard let webhook = try await store.webhook(try webhookID(call), namespace: call.namespace) else {
            throw Problem.notFound("webhook")
        }
        return webhook
    }

    private func activeWebhook(_ call: Call) async throws -> Webhook {
        let webhook = try await webhook(call)
        guard webhook.status == .active else {
            throw Problem(
                .webhookDisabled, "Set its status to active first; it is disabled: \(webhook.disabledReason ?? "").")
        }
        return webhook
    }

    /// The URL, normalised; nil when none is given. A name is judged when it is connected to, an address already here.
    private func checkedURL(_ json: JSON) throws -> String? {
        guard let text = json["url"]?.stringValue else { return nil }
        do {
            let url = try WebURL(text)
            if let address = url.address, !events.configuration.addresses.allows(address, host: url.host) {
                throw Problem.invalidField(
                    "/url", "the address is not public; SWITCHYARD_WEBHOOK_ALLOW does not list it")
            }
            return url.text
        } catch let error as WebError {
            throw Problem.invalidField("/url", error.message)
        }
    }
}

extension JSON {
    /// The texts of a list that was validated; nil when it is absent.
    fileprivate func texts(_ key: String) -> [String]? { self[key]?.arrayValue?.compactMap(\.stringValue) }
}

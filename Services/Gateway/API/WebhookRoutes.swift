import JSON
import Jobs

extension Gateway {
    /// The calls about webhooks.
    var webhookRoutes: RouteGroup {
        RouteGroup(
            name: "Webhooks",
            description:
                "Events are posted to receivers as the Standard Webhooks specification has it: `webhook-id`, `webhook-timestamp`, and `webhook-signature` with HMAC-SHA256 over `id.timestamp.body`. At least once, in order within a job; a 2xx answer within the timeout is a delivery.",
            routes: webhookCalls + deliveryCalls)
    }

    private var webhookCalls: [Route] {
        let settings = Webhook.settings.objectValue ?? [:]
        var changes = settings
        changes["status"] = Schema.word(Webhook.Status.allCases.map(\.rawValue))
        return [
            Route(
                "createWebhook", "POST", "/api/v1/webhooks", .control, "Subscribes to events",
                body: .object(Schema.request(.object(settings), required: ["url"])),
                answers: [.json(201, WebhookWithSecret.self, "The subscription, with its secret for the only time.")],
                problems: [.tooManyWebhooks], createWebhook),
            Route(
                "listWebhooks", "GET", "/api/v1/webhooks", .read, "Lists subscriptions, the newest first",
                query: [.limit, .cursor], answers: [.page("webhooks", of: Webhook.self, "A page of subscriptions.")],
                listWebhooks),
            Route(
                "getWebhook", "GET", "/api/v1/webhooks/{webhook}", .read, "Reads a subscription",
                answers: [.json(Webhook.self, "The subscription.")], getWebhook),
            Route(
                "changeWebhook", "PATCH", "/api/v1/webhooks/{webhook}", .control, "Changes a subscription",
                details:
                    "What is not given stays. Making it active forgets its failures; while it is disabled nothing is collected.",
                body: .object(Schema.request(.object(changes))),
                answers: [.json(Webhook.self, "The subscription as it is now.")], changeWebhook),
            Route(
                "deleteWebhook", "DELETE", "/api/v1/webhooks/{webhook}", .control, "Ends a subscription",
                answers: [.none(204, "It is gone, with its log.")], deleteWebhook),
            Route(
                "rotateWebhookSecret", "POST", "/api/v1/webhooks/{webhook}/rotate-secret", .control,
                "Gives a subscription a new secret", details: "For a day deliveries are signed with both.",
                answers: [.json(WebhookWithSecret.self, "The subscription with its new secret.")], rotateWebhookSecret),
            Route(
                "testWebhook", "POST", "/api/v1/webhooks/{webhook}/test", .control,
                "Sends an event that is about no job",
                answers: [.json(202, WebhookDelivery.self, "Its delivery; read it again to see how it went.")],
                problems: [.webhookDisabled], testWebhook),
        ]
    }

    private var deliveryCalls: [Route] {
        [
            Route(
                "listDeliveries", "GET", "/api/v1/webhooks/{webhook}/deliveries", .read,
                "Lists what was sent to a subscription, the newest first",
                query: [
                    QueryParameter(
                        "status", .words(["pending", "delivered", "exhausted"]), "Only deliveries in one of these."),
                    .limit, .cursor,
                ],
                answers: [.page("deliveries", of: WebhookDelivery.self, "A page of deliveries, without their bodies.")],
                listDeliveries),
            Route(
                "getDelivery", "GET", "/api/v1/webhooks/{webhook}/deliveries/{delivery}", .read,
                "Reads one delivery with what is sent", answers: [.json(WebhookDelivery.self, "The delivery.")],
                getDelivery),
            Route(
                "replayDelivery", "POST", "/api/v1/webhooks/{webhook}/deliveries/{delivery}/replay", .control,
                "Sends an event once more",
                details: "A new delivery with the same `webhook-id`, behind what waits for the same job.",
                answers: [.json(202, WebhookDelivery.self, "The new delivery.")], problems: [.webhookDisabled],
                replayDelivery),
        ]
    }
}

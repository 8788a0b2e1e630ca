import AMQP
import Foundation
import Jobs
import ServiceKit
import Telemetry

/// Everything through which events leave the database: the relays, the connection for events, and the deliveries to webhooks.
final class EventsOut: Sendable {
    let vault: WebhookVault
    let configuration: EventsConfiguration
    let deliverer: WebhookDeliverer
    private let publisher: Publisher
    private let relays: [Relay]

    init(
        _ store: JobStore, service: ServiceConfiguration, configuration: EventsConfiguration, vault: WebhookVault,
        holder: String, log: Logger
    ) throws {
        self.configuration = configuration
        self.vault = vault
        publisher = Publisher(
            try service.broker(name: holder + " events"), topology: Topics.eventsTopology,
            onEvent: log.brokerEvents("events"))
        let deliverer = WebhookDeliverer(store, vault: vault, configuration: configuration, log: log)
        self.deliverer = deliverer
        let outlets: [any Outlet] = [
            BrokerOutlet(store, publisher: publisher),
            WebhookOutlet(store, keepFor: configuration.keepFor) { deliverer.wake() },
        ]
        relays = outlets.map { Relay(store, to: $0, holder: holder, log: log) }
    }

    /// Runs until cancelled.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { [self] group in
            group.addTask { try await self.publisher.run() }
            group.addTask { await self.deliverer.run() }
            for relay in relays { group.addTask { await relay.run() } }
            try await group.waitForAll()
        }
    }

    /// Something was committed.
    func announce() { for relay in relays { relay.announce() } }

    /// Lets other gateways lead at once.
    func resign() async { for relay in relays { await relay.resign() } }
}

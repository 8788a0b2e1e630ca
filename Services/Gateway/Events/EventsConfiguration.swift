import Config
import HTTPClient

/// How events leave: what the gateway reads from its environment about webhooks.
struct EventsConfiguration: Sendable {
    /// `SWITCHYARD_WEBHOOK_ALLOW`: addresses, networks and hosts that deliveries may go to although they are not public.
    let addresses: AddressPolicy
    /// `SWITCHYARD_WEBHOOK_TIMEOUT`: how long one try may take.
    let timeout: Duration
    /// `SWITCHYARD_WEBHOOK_BACKOFF`: the upper bound of the wait after the first failure; doubles with each one.
    let backoff: Duration
    /// `SWITCHYARD_WEBHOOK_RETRY`: how long a delivery is tried, and how long a subscription may fail before it is disabled.
    let retryFor: Duration
    /// `SWITCHYARD_WEBHOOK_LOG`: how long deliveries are kept.
    let keepFor: Duration

    init(_ environment: Environment) throws {
        addresses = try environment.addressPolicy("SWITCHYARD_WEBHOOK_ALLOW")
        timeout = try environment.duration(
            "SWITCHYARD_WEBHOOK_TIMEOUT", default: .seconds(15), range: .milliseconds(100)...(.seconds(120)))
        backoff = try environment.duration(
            "SWITCHYARD_WEBHOOK_BACKOFF", default: .seconds(5), range: .milliseconds(1)...(.seconds(3600)))
        retryFor = try environment.duration(
            "SWITCHYARD_WEBHOOK_RETRY", default: .seconds(86_400), range: .seconds(1)...(.seconds(7 * 86_400)))
        keepFor = try environment.duration(
            "SWITCHYARD_WEBHOOK_LOG", default: .seconds(7 * 86_400), range: retryFor...(.seconds(365 * 86_400)))
    }
}

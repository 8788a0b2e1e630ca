import Config
import ServiceKit

/// What the gateway reads from its environment.
struct GatewayConfiguration: Sendable {
    let service: ServiceConfiguration
    /// `SWITCHYARD_HOST` and `SWITCHYARD_PORT`: where the API listens.
    let host: String
    let port: UInt16
    /// `SWITCHYARD_MAX_UPLOAD`: the largest file that a client may upload, in bytes.
    let maxUpload: Int
    /// `SWITCHYARD_DISPATCH_WINDOW`: the most commands of one type that stand in the broker, however fast the workers take them; the
    /// rest wait in the database.
    let dispatchWindow: Int
    /// `SWITCHYARD_DRAIN_TARGET`: the time in which the slots that `/queues` asks for would drain a queue.
    let drainTarget: Duration
    /// `SWITCHYARD_LOST_AFTER`: how long a command may be missing from the broker before it is published again.
    let lostAfter: Duration
    /// `SWITCHYARD_REAP_GRACE`: how long the database must have been reachable before leases are ended, so that live workers can
    /// renew theirs after an outage.
    let reapGrace: Duration
    /// How long what is kept.
    let retention: RetentionConfiguration

    /// `SWITCHYARD_MAX_SCHEDULES`: how many schedules a namespace may have.
    let maxSchedules: Int
    /// How events leave.
    let events: EventsConfiguration
    /// What is shared with git providers.
    let hookSecrets: HookSecrets
    /// How what was embedded is searched.
    let search: SearchConfiguration

    init(_ environment: Environment) throws {
        service = try ServiceConfiguration(environment)
        host = try environment.string("SWITCHYARD_HOST", default: "127.0.0.1")
        port = UInt16(try environment.int("SWITCHYARD_PORT", default: 8080, range: 0...65_535))
        maxUpload = try environment.bytes("SWITCHYARD_MAX_UPLOAD", default: 512 << 20)
        dispatchWindow = try environment.int("SWITCHYARD_DISPATCH_WINDOW", default: 2000, range: 1...100_000)
        drainTarget = try environment.duration("SWITCHYARD_DRAIN_TARGET", default: .seconds(60))
        lostAfter = try environment.duration("SWITCHYARD_LOST_AFTER", default: .seconds(10))
        maxSchedules = try environment.int("SWITCHYARD_MAX_SCHEDULES", default: 1000, range: 0...1_000_000)
        retention = try RetentionConfiguration(environment)
        events = try EventsConfiguration(environment)
        hookSecrets = try HookSecrets(environment)
        search = try SearchConfiguration(environment)
        reapGrace = try environment.duration("SWITCHYARD_REAP_GRACE", default: .seconds(10))
    }
}

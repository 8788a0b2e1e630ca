import Postgres

/// Every statement of the job core, over one pool of connections.
///
/// The statements stand in `Lifecycle`, in the order of a job's life, and in `Rows`, beside the row that they read.
public struct JobStore: Sendable {
    /// The pool that the statements run on.
    public let database: Database

    /// The channel on which a committed batch of events is announced; the payload is empty.
    public static let eventsChannel = "switchyard_events"

    /// Makes a store over a pool.
    public init(_ database: Database) { self.database = database }

    /// Wakes whoever waits for events, when the transaction that runs it commits.
    static var announceEvents: Statement { "SELECT pg_notify('switchyard_events', '')" }
}

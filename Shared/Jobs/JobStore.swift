import Postgres

/// Every statement of the job core, over one pool of connections.
///
/// The statements stand in `Lifecycle`, in the order of a job's life, and in `Rows`, beside the row that they read.
public struct JobStore: Sendable {
    /// The pool that the statements run on.
    public let database: Database

    /// The channel on which a committed batch of events is announced; the payload is empty.
    public static let eventsChannel = "switchyard_events"

    /// Settings for the pool's sessions that keep every statement on the plan that it was written for.
    ///
    /// Each statement finds its rows by an index, a few or a few hundred at a time. Left to itself the planner reads a young table
    /// as a whole, keeps that plan for as long as the connection lives, and the table grows by thousands of rows a second
    /// meanwhile; later it plans over an index that is short by its statistics and full of dead entries. One plan for each statement
    /// also saves planning it anew each time, which for a batch of a worker costs as much as running it. A page read out of order costs
    /// what it does on an SSD or in memory: told otherwise, the planner would over an empty table look for all jobs of a status
    /// rather than for the few with an id. Compiling a plan costs more than any of these take.
    public static let planning: [(name: String, value: String)] = [
        ("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"), ("max_parallel_workers_per_gather", "0"),
        ("random_page_cost", "1.1"), ("jit", "off"),
    ]

    /// Makes a store over a pool.
    public init(_ database: Database) { self.database = database }

    /// Runs these in one transaction, and wakes whoever waits for events after its commit.
    ///
    /// The notification stands in a transaction of its own, and one that waits for no disk: PostgreSQL lets one transaction with
    /// notifications commit at a time, so inside the first it would make every commit of every worker wait for the one before.
    /// A notification may be lost; who waits for events also looks every second.
    func commit(_ statements: [Statement]) async throws -> [Rows] {
        try await database.pipeline(statements, aside: Self.announcement)
    }

    /// Wakes whoever waits for events.
    func announce() async throws { try await database.query(Self.announcement) }

    private static var announcement: Statement {
        "SELECT set_config('synchronous_commit', 'off', true), pg_notify('switchyard_events', '')"
    }
}

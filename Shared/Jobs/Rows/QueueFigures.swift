import Crypto
import Foundation
import Postgres

/// What stands in a queue at one moment.
public struct QueueCounts: Sendable, Hashable {
    /// The queue's type.
    public let type: String
    /// Jobs that wait in the database for their turn.
    public let ready: Int
    /// Jobs whose command stands in the broker and is not claimed.
    public let inBroker: Int
    /// Jobs that run.
    public let running: Int
    /// The workers that run them.
    public let busyWorkers: Int
    /// Jobs that wait for a time.
    public let scheduled: Int
    /// Since when the one that waits longest could have started; nil when none waits.
    public let oldestWaitsSince: Date?
    /// When it was counted.
    public let countedAt: Date

    /// Makes counts.
    public init(
        type: String, ready: Int, inBroker: Int, running: Int, busyWorkers: Int = 0, scheduled: Int = 0,
        oldestWaitsSince: Date? = nil, countedAt: Date
    ) {
        self.type = type
        self.ready = ready
        self.inBroker = inBroker
        self.running = running
        self.busyWorkers = busyWorkers
        self.scheduled = scheduled
        self.oldestWaitsSince = oldestWaitsSince
        self.countedAt = countedAt
    }

    /// Jobs that have not ended.
    public var active: Int { ready + inBroker + running + scheduled }
}

/// What is known of a queue: its counts, and what was measured over the last minute.
public struct QueueFigures: Sendable, Hashable {
    /// What stood in it.
    public let counts: QueueCounts
    /// Consumers at the broker; a worker whose slots are all taken has none. Nil when the broker did not answer.
    public let consumers: Int?
    /// Jobs per second that came; nil before the second measurement.
    public let rateIn: Double?
    /// Jobs per second that ended.
    public let rateOut: Double?
    /// How long a job occupies a slot, in seconds; at least that long, while none has ended.
    public let serviceSeconds: Double?

    /// Makes figures.
    public init(counts: QueueCounts, consumers: Int?, rateIn: Double?, rateOut: Double?, serviceSeconds: Double?) {
        self.counts = counts
        self.consumers = consumers
        self.rateIn = rateIn
        self.rateOut = rateOut
        self.serviceSeconds = serviceSeconds
    }
}

extension QueueFigures {
    /// In how many seconds the waiting jobs will be gone if nothing changes; nil when they will not be.
    public var drainSeconds: Double? {
        let waiting = counts.ready + counts.inBroker
        if waiting == 0 { return 0 }
        guard let rateIn, let rateOut, rateOut > rateIn else { return nil }
        return Double(waiting) / (rateOut - rateIn)
    }

    /// How many slots would drain the queue within a time: those for what comes, and those for what waits.
    ///
    /// By Little's law a rate of jobs keeps as many slots busy as it brings seconds of work in each second.
    public func wantedSlots(drainingIn time: Duration) -> Int {
        let waiting = counts.ready + counts.inBroker
        let most = waiting + counts.running
        guard waiting > 0 else { return counts.running }
        guard let serviceSeconds, let rateIn else { return counts.running + 1 }
        let slots = ((rateIn + Double(waiting) / time.seconds) * serviceSeconds).rounded(.up)
        return max(1, min(most, Int(min(slots, 1e9))))
    }

    /// How many workers that is, each with as many slots as the busy ones use now; nil while none is busy and some are wanted.
    public func wantedWorkers(drainingIn time: Duration) -> Int? {
        let slots = wantedSlots(drainingIn: time)
        guard slots > 0 else { return 0 }
        guard counts.busyWorkers > 0 else { return 1 }
        let each = Double(counts.running) / Double(counts.busyWorkers)
        return Int((Double(slots) / each).rounded(.up))
    }
}

extension JobStore {
    /// Counts what stands in the queues of these types.
    ///
    /// Every count is over an index that holds only such jobs, so it costs what waits and runs, never what has ended. Jobs that are
    /// counted as running or scheduled and have another type than these are left out.
    public func countQueues(_ types: [String]) async throws -> [QueueCounts] {
        try await database.query(
            """
            WITH running AS MATERIALIZED (
                SELECT type, count(*) AS jobs, count(DISTINCT worker) AS workers FROM jobs WHERE lease_until IS NOT NULL
                GROUP BY type
            ), scheduled AS MATERIALIZED (
                SELECT type, count(*) AS jobs FROM jobs WHERE status = 'scheduled' GROUP BY type
            )
            SELECT t.type, r.jobs AS ready, b.jobs AS in_broker,
                coalesce((SELECT jobs FROM running WHERE type = t.type), 0) AS running,
                coalesce((SELECT workers FROM running WHERE type = t.type), 0) AS workers,
                coalesce((SELECT jobs FROM scheduled WHERE type = t.type), 0) AS scheduled,
                least(r.oldest, b.oldest) AS oldest, now() AS counted_at
            FROM unnest(\(types)) AS t (type), LATERAL (
                SELECT count(*) AS jobs, min(\(raw: Self.waitsSince)) AS oldest FROM jobs
                WHERE status = 'queued' AND dispatched_at IS NULL AND type = t.type
            ) r, LATERAL (
                SELECT count(*) AS jobs, min(\(raw: Self.waitsSince)) AS oldest FROM jobs
                WHERE status = 'queued' AND dispatched_at IS NOT NULL AND type = t.type
            ) b
            """
        ).map { row in
            QueueCounts(
                type: try row.decode("type"), ready: Int(try row.decode("ready", as: Int64.self)),
                inBroker: Int(try row.decode("in_broker", as: Int64.self)),
                running: Int(try row.decode("running", as: Int64.self)),
                busyWorkers: Int(try row.decode("workers", as: Int64.self)),
                scheduled: Int(try row.decode("scheduled", as: Int64.self)),
                oldestWaitsSince: try row.decode("oldest"), countedAt: try row.decode("counted_at"))
        }
    }

    /// Since when a queued job could have started. On the direct path `due_at` is the end of the gateway's grace, not the start.
    static let waitsSince: StaticString =
        "CASE WHEN attempt = 0 AND due_at < created_at + interval '6 seconds' THEN created_at ELSE due_at END"

    /// How many jobs of each type were made from one time to another, by the times that are in their ids.
    public func arrivals(from start: Date, to end: Date) async throws -> [String: Int] {
        let rows = try await database.query(
            """
            SELECT type, count(*) AS jobs FROM jobs
            WHERE id >= \(UUIDv7.first(at: start)) AND id < \(UUIDv7.first(at: end)) GROUP BY type
            """)
        return Dictionary(
            try rows.map { (try $0.decode("type", as: String.self), Int(try $0.decode("jobs", as: Int64.self))) }
        ) { first, _ in first }
    }

    /// Keeps what was measured, for every gateway to tell.
    public func write(_ figures: [QueueFigures]) async throws {
        _ = try await database.query(
            """
            INSERT INTO queue_figures (type, ready, in_broker, running, busy_workers, scheduled, oldest_waits_since, consumers,
                rate_in, rate_out, service_seconds, measured_at)
            SELECT * FROM unnest(\(figures.map(\.counts.type)), \(figures.map { Int64($0.counts.ready) }),
                \(figures.map { Int64($0.counts.inBroker) }), \(figures.map { Int64($0.counts.running) }),
                \(figures.map { Int64($0.counts.busyWorkers) }), \(figures.map { Int64($0.counts.scheduled) }),
                \(figures.map(\.counts.oldestWaitsSince)), \(figures.map { $0.consumers.map(Int64.init) }),
                \(figures.map(\.rateIn)), \(figures.map(\.rateOut)), \(figures.map(\.serviceSeconds)),
                \(figures.map(\.counts.countedAt)))
            ON CONFLICT (type) DO UPDATE SET ready = excluded.ready, in_broker = excluded.in_broker,
                running = excluded.running, busy_workers = excluded.busy_workers, scheduled = excluded.scheduled,
                oldest_waits_since = excluded.oldest_waits_since, consumers = excluded.consumers, rate_in = excluded.rate_in,
                rate_out = excluded.rate_out, service_seconds = excluded.service_seconds, measured_at = excluded.measured_at
            """)
    }

    /// What was measured last, by type.
    public func queueFigures() async throws -> [QueueFigures] {
        try await database.query(
            """
            SELECT type, ready, in_broker, running, busy_workers, scheduled, oldest_waits_since, consumers, rate_in, rate_out,
                service_seconds, measured_at
            FROM queue_figures ORDER BY type
            """
        ).map { row in
            QueueFigures(
                counts: QueueCounts(
                    type: try row.decode("type"), ready: Int(try row.decode("ready", as: Int64.self)),
                    inBroker: Int(try row.decode("in_broker", as: Int64.self)),
                    running: Int(try row.decode("running", as: Int64.self)),
                    busyWorkers: Int(try row.decode("busy_workers", as: Int64.self)),
                    scheduled: Int(try row.decode("scheduled", as: Int64.self)),
                    oldestWaitsSince: try row.decode("oldest_waits_since"), countedAt: try row.decode("measured_at")),
                consumers: try row.decode("consumers", as: Int64?.self).map(Int.init),
                rateIn: try row.decode("rate_in"), rateOut: try row.decode("rate_out"),
                serviceSeconds: try row.decode("service_seconds"))
        }
    }
}

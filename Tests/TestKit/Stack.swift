import Foundation
import JSON
import Jobs
import LocalServers
import Postgres
import Synchronization

/// A whole Switchyard of its own: private PostgreSQL and RabbitMQ, gateways and workers as processes, all in one folder.
public final class Stack: Sendable {
    /// Everything of this stack is below it.
    public let folder: String
    /// The private PostgreSQL.
    public let postgres: LocalPostgres
    /// The private RabbitMQ.
    public let broker: LocalRabbitMQ
    /// PostgreSQL's address.
    public let databaseURL: String
    /// RabbitMQ's address.
    public let amqpURL: String
    /// A pool of the test's own.
    public let database: Database
    /// The job core on that pool.
    public let store: JobStore
    /// A key of the namespace `default` that may do everything.
    public let key: String
    private let running = Mutex((processes: [ServiceProcess](), gatewayPort: UInt16(0)))
    private let settings: [String: String]

    /// Starts the servers and brings the schema up; no service runs yet.
    ///
    /// Leases are short, so that a test of a dead worker takes seconds.
    public init(_ name: String, settings: [String: String] = [:]) async throws {
        folder = "/var/tmp/switchyard-test-\(name)-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder + "/log", withIntermediateDirectories: true)
        postgres = LocalPostgres(folder: folder + "/postgres")
        broker = LocalRabbitMQ(folder: folder + "/rabbitmq")
        databaseURL = try await postgres.start()
        amqpURL = try await broker.start()
        self.settings = [
            "DATABASE_URL": databaseURL, "AMQP_URL": amqpURL, "SWITCHYARD_STORAGE": folder + "/files",
            "SWITCHYARD_LEASE": "3s",
            "SWITCHYARD_REAP_GRACE": "2s", "SWITCHYARD_LOST_AFTER": "2s", "SWITCHYARD_DRAIN": "6s",
        ].merging(settings) { $1 }
        database = Database(PostgresConfiguration(url: databaseURL, applicationName: "test"), size: 2)
        store = JobStore(database)
        try await Migrations.migrate(database)
        key = try await store.createKey(namespace: "default", name: "test", scopes: [.admin, .operator])
    }

    /// Ends everything and removes the folder.
    public func tearDown() async throws {
        for process in processes where process.isRunning {
            process.send(SIGCONT)
            process.kill()
        }
        await database.close()
        try await broker.stop(immediate: true)
        try await postgres.stop(immediate: true)
        try FileManager.default.removeItem(atPath: folder)
    }

    /// The services that were started.
    public var processes: [ServiceProcess] { running.withLock(\.processes) }
    private var gatewayPort: UInt16 { running.withLock(\.gatewayPort) }

    /// Sends a signal to the broker's process, such as SIGSTOP.
    public func signalBroker(_ number: Int32) throws {
        guard let pid = broker.pid, kill(pid, number) == 0 else { throw TestKitError("the broker does not run") }
    }

    /// A client with the stack's key for the newest gateway.
    public var api: HTTPClient { HTTPClient(port: gatewayPort, key: key) }

    /// A client with another key, or with none.
    public func client(key: String?) -> HTTPClient { HTTPClient(port: gatewayPort, key: key) }

    /// Starts a gateway; the newest one is the one that `api` talks to.
    @discardableResult
    public func startGateway(_ environment: [String: String] = [:]) async throws -> ServiceProcess {
        let port = try freePort()
        let process = try ServiceProcess(
            "Gateway", folder: folder + "/log", port: port,
            environment: settings.merging(["SWITCHYARD_PORT": String(port)]) { $1 }.merging(environment) { $1 })
        running.withLock {
            $0.gatewayPort = port
            $0.processes.append(process)
        }
        try await process.waitUntilReady()
        return process
    }

    /// Starts a worker and waits until it consumes.
    @discardableResult
    public func startWorker(
        _ name: String = "NoopWorker", _ environment: [String: String] = [:], launcher: [String] = []
    ) async throws -> ServiceProcess {
        let port = try freePort()
        let process = try ServiceProcess(
            name, folder: folder + "/log", port: port,
            environment: settings.merging(["SWITCHYARD_ADMIN_PORT": String(port)]) { $1 }.merging(environment) { $1 },
            launcher: launcher)
        running.withLock { $0.processes.append(process) }
        try await process.waitUntilReady()
        return process
    }

    /// Submits no-op jobs in batches; answers their ids.
    public func submitNoop(_ count: Int, _ spec: JSON = [:]) async throws -> [UUID] {
        var ids: [UUID] = []
        while ids.count < count {
            let size = min(500, count - ids.count)
            let response = try await api.post(
                "/api/v1/jobs/batch", ["jobs": .array(Array(repeating: ["type": "noop", "spec": spec], count: size))])
            guard response.status == 201 else {
                throw TestKitError("submit answered \(response.status): \(response.text)")
            }
            ids += (response.json["jobs"]?.arrayValue ?? []).compactMap {
                $0["id"]?.stringValue.flatMap(UUID.init(text:))
            }
        }
        return ids
    }

    /// Waits until every job is in the status.
    public func wait(for ids: [UUID], toBe status: JobStatus, within limit: Duration = .seconds(90)) async throws {
        try await poll("\(ids.count) jobs to be \(status.rawValue)", within: limit, details: { self.logs }) {
            let rows = try await self.database.query(
                "SELECT count(*) AS n FROM jobs WHERE id = ANY(\(ids)) AND status = \(status.rawValue)")
            return try rows[0].decode("n", as: Int64.self) == Int64(ids.count)
        }
    }

    /// What every accepted job must show in the end: completed, with one terminal event and one completed execution.
    public func violations(of ids: [UUID]) async throws -> [String] {
        let rows = try await database.query(
            """
            SELECT j.id::text AS id, j.status, j.attempt, j.result IS NULL AS without_result,
                (SELECT count(*) FROM events e WHERE e.job_id = j.id
                    AND e.kind IN ('completed', 'failed', 'cancelled', 'stopped')) AS endings,
                (SELECT count(*) FROM executions x WHERE x.job_id = j.id AND x.status = 'completed') AS completions
            FROM unnest(\(ids)) AS i (id) LEFT JOIN jobs j ON j.id = i.id
            WHERE j.status IS DISTINCT FROM 'completed' OR j.result IS NULL
                OR (SELECT count(*) FROM events e WHERE e.job_id = j.id
                    AND e.kind IN ('completed', 'failed', 'cancelled', 'stopped')) <> 1
                OR (SELECT count(*) FROM executions x WHERE x.job_id = j.id AND x.status = 'completed') <> 1
            """)
        return try rows.map { row in
            "\(try row.decode("id", as: String?.self) ?? "missing"): \(try row.decode("status", as: String?.self) ?? "missing"), "
                + "\(try row.decode("endings", as: Int64.self)) endings, \(try row.decode("completions", as: Int64.self)) completions"
        }
    }

    /// The newest lines of the services' logs, for failures.
    public var logs: String {
        processes.map { process in
            "--- \(process.name)\n" + ((try? String(contentsOfFile: process.log, encoding: .utf8)) ?? "").suffix(1500)
        }.joined(separator: "\n")
    }
}

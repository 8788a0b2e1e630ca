import Config
import Foundation
import HTTPServer
import Jobs
import ServiceKit
import Telemetry

/// A worker of some type, as its process sees it.
public protocol ServedWorker: Sendable {
    /// What it runs.
    var type: JobType { get }
    /// What keeps it from working.
    var checks: [ReadinessCheck] { get }
    /// Works until its task is cancelled.
    func work() async throws
    /// Takes nothing more and returns when no job is left.
    func drain() async
    /// Leaves the registry and closes its connections.
    func end() async
}

/// The workers of a process: of one type usually, of several where they have much in common.
public enum WorkerProcess {
    /// Runs workers until the process is told to end; for `main`.
    ///
    /// Exits the process with 78 when its configuration is wrong and with 70 after a fault.
    public static func run(
        named name: String, _ workers: @Sendable (Environment) throws -> [any ServedWorker]
    ) async {
        let log = Logger(service: name)
        do {
            let environment = Environment()
            try await run(workers(environment), WorkerConfiguration(environment, defaultSlots: 1))
        } catch let error as ConfigError {
            log.error("\(error)")
            exit(78)
        } catch {
            log.error("\(error)")
            exit(70)
        }
    }

    /// Runs until SIGTERM or SIGINT, and then until the drain has ended.
    private static func run(_ workers: [any ServedWorker], _ configuration: WorkerConfiguration) async throws {
        let name = workers.map(\.type.name).joined(separator: "+")
        let log = Logger(service: name)
        let server = HTTPServer(
            HTTPServerConfiguration(port: configuration.adminPort, threads: 1),
            handler: OperationsHandler(OperationsPages(service: name, checks: checks(of: workers))))
        try server.start()
        log.info("serving", ["admin_port": .int(Int(server.port))])
        try await Termination.run(deadline: configuration.drain + .seconds(5)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in workers { group.addTask { try await worker.work() } }
                try await group.waitForAll()
            }
        } drain: {
            await withDiscardingTaskGroup { group in
                for worker in workers { group.addTask { await worker.drain() } }
            }
        }
        for worker in workers { await worker.end() }
        await server.drain(deadline: .seconds(1))
        log.info("stopped")
    }

    /// The checks of one worker by their names; of several, with their types.
    private static func checks(of workers: [any ServedWorker]) -> [ReadinessCheck] {
        guard workers.count > 1 else { return workers.flatMap(\.checks) }
        return workers.flatMap { worker in
            worker.checks.map { $0.of(worker.type.name) }
        }
    }
}

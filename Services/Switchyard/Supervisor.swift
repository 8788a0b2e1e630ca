import Foundation
import LocalServers
import Synchronization

/// The running stack: servers, gateway and workers, from the first start to the ordered end.
final class Supervisor: Sendable {
    private struct State {
        var gateway: [Service] = []
        var workers: [Service] = []
        var runs: [String: Task<Void, Never>] = [:]
        var isHurried = false
    }

    let options: UpOptions
    private let executables: Executables
    private let probe = Probe()
    private let report: @Sendable (String) -> Void
    private let state = Mutex(State())
    private var workspace: Workspace { options.workspace }

    /// `report` gets a line for people about each step and each event.
    init(_ options: UpOptions, executables: Executables, report: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.executables = executables
        self.report = report
    }

    /// Starts everything and returns when all of it is ready. After an error, or when cancelled, call `stop`.
    func start() async throws {
        let orphans = try await workspace.endOrphans()
        if !orphans.isEmpty { report("ended \(orphans.joined(separator: ", ")), left by a killed supervisor") }
        guard Ports.isFree(options.port) else {
            throw ServerError(.portTaken, "port \(options.port) is taken: choose another with --port")
        }
        let environment = try await serverEnvironment()
        var key = try await prepareDatabase(environment)
        try launch(environment)
        try await waitUntilReady()
        // A key of another database, or none although the database has some: its text is kept nowhere but here.
        if await probe.get("\(options.url)/api/v1/types", key: key).status == 401 {
            key = try await gateway(
                ["key", "create", "--namespace", "default", "--scopes", "admin,operator"], environment)
        }
        try writeEnvironment(environment, key: key)
    }

    /// Ends the workers, which finish or hand back their jobs, then the gateway, then the private servers.
    func stop() async {
        let (workers, gateway) = state.withLock { ($0.workers, $0.gateway) }
        for services in [workers, gateway] {
            // They keep the time themselves; a little more, and one hangs.
            for service in services { service.stop(within: options.drain + .seconds(5)) }
            for service in services { await state.withLock { $0.runs[service.name] }?.value }
        }
        for name in ["postgres", "rabbitmq"] { unlink("\(workspace.path)/run/\(name).pid") }
        guard options.servers == nil else { return }
        do { try await LocalStack(folder: workspace.path).stop(immediate: state.withLock { $0.isHurried }) } catch {
            report("\(error)")
        }
    }

    /// Ends without waiting for anybody; `stop` then returns soon.
    func hurry() {
        let services = state.withLock { state in
            state.isHurried = true
            return state.workers + state.gateway
        }
        for service in services { service.hurry() }
    }

    /// Keeps the logs small, and starts private servers again that have crashed, for as long as the task runs.
    func maintain() async {
        let servers = options.servers == nil ? LocalStack(folder: workspace.path) : nil
        var isMissing = false
        while !Task.isCancelled {
            let names = state.withLock { ($0.workers + $0.gateway).map(\.name) }
            await onThread { [workspace] in
                for name in names { LogRotation.rotate(workspace.log(name)) }
            }
            do {
                let restarted = try await servers?.restartCrashed(orMissing: isMissing) ?? []
                if !restarted.isEmpty { report("\(restarted.joined(separator: " and ")) had ended and runs again") }
                isMissing = false
            } catch let error where error.kind != .cancelled {
                // Tried until it succeeds: a full disk may be emptied, a slow recovery may end.
                if !isMissing { report("\(error)") }
                isMissing = true
            } catch {
                return
            }
            do { try await Task.sleep(for: .seconds(2)) } catch { return }
        }
    }

    private func serverEnvironment() async throws -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["SWITCHYARD_STORAGE"] = environment["SWITCHYARD_STORAGE"] ?? workspace.files
        if options.servers == nil {
            report("starting PostgreSQL and RabbitMQ in \(workspace.path)")
            let servers = LocalStack(folder: workspace.path)
            (environment["DATABASE_URL"], environment["AMQP_URL"]) = try await servers.start()
            for note in servers.notes { report(note) }
            for name in ["postgres", "rabbitmq"] {
                unlink("\(workspace.path)/run/\(name).pid")
                symlink("../\(name)/server.pid", "\(workspace.path)/run/\(name).pid")
            }
        }
        report(
            "PostgreSQL on \(address(of: environment["DATABASE_URL"])), RabbitMQ on \(address(of: environment["AMQP_URL"]))"
        )
        return environment
    }

    /// Brings the schema up to date and answers the key for the shell.
    private func prepareDatabase(_ environment: [String: String]) async throws -> String {
        _ = try await gateway(["migrate"], environment)
        let made = try await gateway(
            ["key", "create", "--namespace", "default", "--scopes", "admin,operator", "--if-none"], environment)
        return made.isEmpty ? workspace.environment()["SWITCHYARD_KEY"] ?? "" : made
    }

    /// Runs a subcommand of the gateway to its end.
    private func gateway(_ arguments: [String], _ environment: [String: String]) async throws -> String {
        let launch = ChildProcess.Launch(executables.gateway, arguments, environment: environment)
        let outcome = try await ChildProcess.run(launch, limit: .seconds(120))
        guard outcome.status == 0 else {
            throw ServerError(
                .ended, "Gateway \(arguments.joined(separator: " ")) failed with status \(outcome.status)",
                log: outcome.errors + outcome.output)
        }
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func launch(_ environment: [String: String]) throws {
        var (gateway, workers): ([Service], [Service]) = ([], [])
        let own = environment.merging(["SWITCHYARD_PORT": "\(options.port)"]) { $1 }
        gateway.append(
            try Service(
                name: "gateway", executable: executables.gateway, url: options.url, environment: own,
                workspace: workspace))
        var ports: Set<UInt16> = [options.port]
        for (name, executable) in executables.workers.sorted(by: { $0.key < $1.key }) {
            for number in 0..<(options.workers[name] ?? 1) {
                let port = try Ports.free(except: ports)
                ports.insert(port)
                let own = environment.merging(["SWITCHYARD_ADMIN_PORT": "\(port)"]) { $1 }
                workers.append(
                    try Service(
                        name: "\(name)-\(number + 1)", executable: executable, url: "http://127.0.0.1:\(port)",
                        environment: own, workspace: workspace))
            }
        }
        state.withLock { state in
            (state.gateway, state.workers) = (gateway, workers)
            for service in gateway + workers {
                state.runs[service.name] = Task { [report] in await service.run(report: report) }
            }
        }
    }

    private func waitUntilReady() async throws {
        let limit = Duration.seconds(60)
        let deadline = ContinuousClock.now + limit
        for service in state.withLock({ $0.gateway + $0.workers }) {
            while case let answer = await probe.get("\(service.url)/readyz"), answer.status != 200 {
                if let failure = service.failure {
                    throw ServerError(.ended, "\(service.name) \(failure)", log: service.logTail)
                }
                guard ContinuousClock.now < deadline else {
                    throw ServerError(
                        .timedOut, "\(service.name) was not ready within \(limit): \(answer.body)", log: service.logTail
                    )
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            report("\(service.name) is ready: \(service.url)")
        }
    }

    private func writeEnvironment(_ environment: [String: String], key: String) throws {
        let values = [
            ("SWITCHYARD_URL", options.url), ("SWITCHYARD_KEY", key),
            ("DATABASE_URL", environment["DATABASE_URL"] ?? ""),
            ("AMQP_URL", environment["AMQP_URL"] ?? ""),
        ]
        let lines = values.map { "\(exportLine($0.0, $0.1))\n" }
        try writeFile(workspace.environmentFile, lines.joined(), mode: 0o600)
    }
}

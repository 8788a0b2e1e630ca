import AMQP
import Concurrency
import Config
import Foundation
import Jobs
import LocalServers
import Postgres

extension Command {
    /// `switchyard doctor`
    static let doctor = Command(
        name: "doctor", summary: "Looks for what is wrong with an installation, and says what to do.",
        options: [
            Option("--folder", "FOLDER", "whose env file is read for what the environment lacks (default .switchyard)")
        ],
        run: { arguments in
            let findings = await Doctor(Workspace(arguments.value("--folder"))).examine()
            for finding in findings { show(finding.lines) }
            return findings.contains { $0.grade == .bad } ? 1 : 0
        })
}

/// Asks the gateway, the database, the broker and the disk of one installation, each with a bound on its wait.
struct Doctor: Sendable {
    private static let patience: Duration = .seconds(10)
    /// Below these many bytes the disk is nearly full.
    private static let scarce: UInt64 = 1 << 30

    private let environment: [String: String]

    /// What the process's environment lacks comes from the workspace's file.
    init(_ workspace: Workspace) {
        environment = workspace.environment().merging(ProcessInfo.processInfo.environment) { $1.isEmpty ? $0 : $1 }
    }

    func examine() async -> [Finding] {
        var findings = [await gateway()]
        var types: [String] = []
        do {
            let diagnosis = try await diagnosis()
            types = diagnosis.types
            findings += Judgement.findings(diagnosis)
        } catch {
            findings.append(.bad("the database: \(error)", "Check DATABASE_URL, and that the server runs."))
        }
        findings += await broker(types: types)
        findings.append(disk())
        return findings
    }

    private func gateway() async -> Finding {
        guard let url = environment["SWITCHYARD_URL"] else {
            return .warning("SWITCHYARD_URL is not set, so no gateway was asked", "Source the installation's env file.")
        }
        let answer = await Probe().get(url + "/readyz")
        return answer.status == 200
            ? .good("the gateway at \(url) is ready")
            : .bad("the gateway at \(url): \(answer.body)", "Start it (switchyard up), and look at its log.")
    }

    private func diagnosis() async throws -> Diagnosis {
        let url = try Environment(environment).url("DATABASE_URL", schemes: ["postgres", "postgresql"]).absoluteString
        let database = Database(
            PostgresConfiguration(url: url, applicationName: "switchyard doctor", settings: JobStore.planning), size: 1)
        let result: Result<Diagnosis, any Error>
        do {
            result = .success(try await withTimeout(Self.patience) { try await JobStore(database).diagnose() })
        } catch {
            result = .failure(error)
        }
        await database.close()
        return try result.get()
    }

    /// Connects as a service does, and asks for the queue of each type as a service declares it.
    private func broker(types: [String]) async -> [Finding] {
        do {
            let url = try Environment(environment).url("AMQP_URL", schemes: ["amqp", "amqps"])
            let authority = environment["SWITCHYARD_AMQP_CA"].flatMap { $0.isEmpty ? nil : $0 }
            let publisher = Publisher(
                try AMQPConfiguration(
                    url: url.absoluteString, connectionName: "switchyard doctor",
                    tls: authority.map { AMQPConfiguration.TLS(authorityFile: $0) }), topology: Topology())
            let connection = Task { try await publisher.run() }
            var findings: [Finding] = []
            for type in types {
                findings.append(try await queue(ofType: type, publisher))
            }
            if types.isEmpty, !publisher.isConnected {
                try await poll(Self.patience, "the broker") { publisher.isConnected }
            }
            connection.cancel()
            _ = await connection.result
            let version = url.scheme == "amqp" ? try BrokerGreeting.version(url) : "over TLS"
            return [.good("RabbitMQ \(version) answers")] + findings
        } catch {
            return [.bad("the broker: \(error)", "Check AMQP_URL, and that the server runs.")]
        }
    }

    private func queue(ofType type: String, _ publisher: Publisher) async throws -> Finding {
        let name = "queue \(Topics.queue(ofType: type))"
        do {
            let status = try await publisher.declare(Topics.commands(ofType: type), timeout: Self.patience)
            return .good("\(name): \(status.messagesReady) messages, \(status.consumers) consumers")
        } catch {
            // PRECONDITION_FAILED: what is declared is not what is there.
            guard error.kind == .channel(code: 406) else { throw error }
            return .bad(
                "\(name) exists with other properties: \(error.message)",
                "Delete the queue; its jobs are published again from the database.")
        }
    }

    private func disk() -> Finding {
        let folder = environment["SWITCHYARD_STORAGE"] ?? ".switchyard/files"
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else {
            return .warning("the storage \(folder) is not on this machine", "Run the doctor beside a gateway, too.")
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let text = "\(free >> 20) MiB are free in the storage \(folder)"
        return free < Self.scarce ? .bad(text, "Free some, or shorten the retention.") : .good(text)
    }
}

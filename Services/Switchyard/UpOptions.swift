import Config
import Foundation
import LocalServers

/// What `switchyard up` was asked for, checked before anything starts.
struct UpOptions: Sendable {
    let workspace: Workspace
    let host: String
    let port: UInt16
    /// How many of each worker, by its short name; 1 where nothing is said.
    let workers: [String: Int]
    /// Servers that exist already; nil for private ones.
    let servers: (database: String, amqp: String)?
    /// `SWITCHYARD_DRAIN`, as the workers read it: how long their shutdown may take.
    let drain: Duration

    init(_ arguments: Arguments, executables: Executables) throws {
        let environment = ProcessInfo.processInfo.environment
        workspace = Workspace(arguments.value("--folder"))
        host = Self.nonEmpty(environment["SWITCHYARD_HOST"]) ?? "127.0.0.1"
        let wanted = try arguments.int("--port", in: 1...65_535)
        let fallback = Self.nonEmpty(environment["SWITCHYARD_PORT"]).map { UInt16($0) } ?? 8080
        guard let port = wanted.map({ UInt16($0) }) ?? fallback else {
            throw UsageError("SWITCHYARD_PORT is not a port; it must be a number from 1 to 65535")
        }
        self.port = port
        drain = try Environment(environment).duration("SWITCHYARD_DRAIN", default: .seconds(25))
        workers = try Self.parse(workers: arguments.value("--workers"), known: executables.workers.keys.sorted())
        switch (Self.nonEmpty(environment["DATABASE_URL"]), Self.nonEmpty(environment["AMQP_URL"])) {
        // A shell that has read the `env` of an earlier `up` names the private servers, which may be down by now.
        case (let database?, let amqp?) where LocalStack(folder: workspace.path).owns(database: database, amqp: amqp):
            servers = nil
        case (let database?, let amqp?): servers = (database, amqp)
        case (nil, nil): servers = nil
        case (_, nil):
            throw UsageError("DATABASE_URL is set but AMQP_URL is not: set both to use your servers, or none")
        case (nil, _):
            throw UsageError("AMQP_URL is set but DATABASE_URL is not: set both to use your servers, or none")
        }
    }

    /// The address at which this machine reaches the gateway.
    var url: String {
        var address = in_addr()
        let isReachable = inet_pton(AF_INET, host, &address) == 1 && address.s_addr != 0
        return "http://\(isReachable ? host : "127.0.0.1"):\(port)"
    }

    private static func nonEmpty(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    private static func parse(workers text: String?, known: [String]) throws(UsageError) -> [String: Int] {
        var counts = Dictionary(uniqueKeysWithValues: known.map { ($0, 1) })
        for part in (text ?? "").split(separator: ",") {
            let pair = part.split(separator: "=").map { $0.trimmingCharacters(in: .whitespaces) }
            guard pair.count == 2, let count = Int(pair[1]), (0...64).contains(count) else {
                throw UsageError("--workers has \(part); it must be NAME=COUNT with a count from 0 to 64")
            }
            guard counts[pair[0]] != nil else {
                throw UsageError(
                    "there is no worker \(pair[0]); there are \(known.joined(separator: ", "))",
                    suggestion: nearest(to: pair[0], in: known))
            }
            counts[pair[0]] = count
        }
        return counts
    }
}

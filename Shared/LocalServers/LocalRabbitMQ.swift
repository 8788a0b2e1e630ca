import Foundation

/// A private RabbitMQ server that lives in `<folder>/rabbitmq` and outlasts the process that starts it.
///
/// It has a node name, ports, Erlang cookie, port mapper (epmd), user and data of its own, no plugins and no user `guest`; it
/// listens on loopback only and runs under the account `rabbitmq` when started by root. All calls may be made from several
/// processes; a lock in the folder puts them in order.
public struct LocalRabbitMQ: Sendable {
    let folder: ServerFolder
    private let wantedPort: UInt16?
    private let wantsTLS: Bool

    /// Names the folder, and the AMQP port; without one, a free port is taken and kept.
    ///
    /// `tls` asks for a second listener, with TLS, on a free port of its own. A folder that has one keeps it.
    public init(folder: String, port: UInt16? = nil, tls: Bool = false) {
        self.folder = ServerFolder("\(folder)/rabbitmq", account: ServerAccount(preferred: "rabbitmq"))
        wantedPort = port
        wantsTLS = tls
    }

    /// The Erlang node, when it runs.
    public var pid: Int32? { folder.pidFile.pid ?? remains.first }

    /// Whether the server ended without having been stopped.
    public var hasCrashed: Bool { folder.pidFile.isStale }

    /// The URL with user, password and virtual host, once the server has been started for the first time.
    public var url: String? { folder.settings()["URL"] }

    /// The TLS listener's URL, by the host name `localhost`, and the PEM file of the authority that vouches for it; nil without
    /// one. The file can be read by who starts the server.
    public var tlsListener: (url: String, authorityFile: String)? {
        let settings = folder.settings()
        guard let port = settings["TLS_PORT"], let data = folder.data else { return nil }
        return (
            "amqps://\(Self.credentials(settings))@localhost:\(port)/\(Self.virtualHost)",
            ServerCertificate(in: data).authorityFile
        )
    }

    /// Something that a person should know, such as data outside the folder.
    public var note: String? { folder.note }

    /// Starts the server unless it runs, and answers its URL when it takes connections and no alarm is on.
    ///
    /// A first start takes 3 to 7 s. What a crash left behind is cleared away first.
    public func start() async throws(ServerError) -> String {
        let place = try await folder.prepare()
        return try await folder.locked { () async throws(ServerError) in try await startLocked(in: place) }
    }

    /// Stops the server; does nothing when it does not run. `immediate` kills it.
    public func stop(immediate: Bool = false) async throws(ServerError) {
        guard folder.data != nil else { return }
        try await folder.locked { () async throws(ServerError) in
            if immediate { kill() }
            if let pid {
                Glibc.kill(pid, SIGTERM)
                do throws(ServerError) {
                    try await poll(.seconds(60), "RabbitMQ to stop") { !ProcessTable.isRunning(pid) }
                } catch {
                    if error.kind == .cancelled { throw error }
                }
            }
            try await endRemains()
        }
    }

    /// Stops the server and starts it again, on the same port.
    @discardableResult
    public func restart(immediate: Bool = false) async throws(ServerError) -> String {
        try await stop(immediate: immediate)
        return try await start()
    }

    /// Kills the node, as a crash of the machine would, and waits until it is gone; its helpers end with it.
    public func kill() { killAll { [pid].compactMap { $0 } + remains } }

    /// Makes a virtual host in which the server's user may do everything, and answers its URL. One that exists is kept.
    ///
    /// The name is of letters, digits, `-`, `_` and `.`.
    @discardableResult
    public func addVirtualHost(_ name: String) async throws(ServerError) -> String {
        let settings = folder.settings()
        guard settings["URL"] != nil, let user = settings["USER"] else {
            throw ServerError(.unhealthy, "RabbitMQ in \(folder.path) has not been started")
        }
        try Self.check(name)
        try await control(["add_vhost", name])
        try await control(["set_permissions", "--vhost", name, user, ".*", ".*", ".*"])
        return Self.url(settings, virtualHost: name)
    }

    /// Deletes a virtual host with everything in it and ends its connections. One that does not exist is no error.
    public func deleteVirtualHost(_ name: String) async throws(ServerError) {
        try Self.check(name)
        let outcome = try await runControl(["delete_vhost", name])
        guard outcome.status == 0 || outcome.errors.contains("does not exist") else {
            throw ServerError(.unhealthy, "RabbitMQ did not delete the virtual host \(name)", log: outcome.errors)
        }
    }

    private static func url(_ settings: [String: String], virtualHost: String) -> String {
        "amqp://\(credentials(settings))@127.0.0.1:\(settings["PORT"] ?? "")/\(virtualHost)"
    }

    private static func credentials(_ settings: [String: String]) -> String {
        "\(settings["USER"] ?? ""):\(settings["PASSWORD"] ?? "")"
    }

    private static func check(_ name: String) throws(ServerError) {
        let isPlain = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [45, 46, 95].contains(byte)
        }
        guard isPlain, !name.isEmpty, !name.hasPrefix("-") else {
            throw ServerError(.unhealthy, "\"\(name)\" is no name for a virtual host: use letters, digits, -, _ and .")
        }
    }

    private func startLocked(in place: String) async throws(ServerError) -> String {
        var settings = folder.settings()
        if let pid, let url = settings["URL"] {
            guard !wantsTLS || settings["TLS_PORT"] != nil else {
                throw ServerError(
                    .unhealthy, "RabbitMQ in \(folder.path) runs without TLS: stop it, then start it again")
            }
            try await waitUntilReady(pid, settings, logStart: 0)
            return url
        }
        try await endRemains()
        let programs = try Self.programs()
        settings.merge(try choosePorts(kept: settings).mapValues(String.init)) { $1 }
        settings["USER"] = settings["USER"] ?? "switchyard"
        settings["PASSWORD"] = settings["PASSWORD"] ?? randomPassword()
        settings["COOKIE"] = settings["COOKIE"] ?? randomPassword()
        let url = Self.url(settings, virtualHost: Self.virtualHost)
        settings["URL"] = url
        try folder.save(settings)
        // A first start that was broken off may have made half of the users: it has to begin anew.
        if settings["INITIALIZED"] == nil, let data = folder.data { try removeFolder("\(data)/mnesia") }
        let data = try prepareData(in: place, settings: settings)
        if settings["TLS_PORT"] != nil { try await ServerCertificate(in: data).make(as: folder.account) }

        let log = try folder.openLog()
        defer { close(log.descriptor) }
        try startPortMapper(settings: settings, data: data, output: log.descriptor)
        let launch = ChildProcess.Launch(
            "\(programs)/rabbitmq-server", environment: Self.environment(data: data, settings: settings),
            directory: data, output: log.descriptor, isSessionLeader: true)
        let pid = try ChildProcess.spawnServer(folder.account.launch(launch))
        try folder.pidFile.write(pid)
        do throws(ServerError) { try await waitUntilReady(pid, settings, logStart: log.start) } catch {
            kill()
            folder.pidFile.remove()
            throw error
        }
        if settings["INITIALIZED"] == nil {
            settings["INITIALIZED"] = "yes"
            try folder.save(settings)
        }
        return url
    }

    private func choosePorts(kept settings: [String: String]) throws(ServerError) -> [String: UInt16] {
        var chosen: [String: UInt16] = [:]
        let hasTLS = wantsTLS || settings["TLS_PORT"] != nil
        for name in ["PORT", "DISTRIBUTION_PORT", "PORT_MAPPER_PORT"] + (hasTLS ? ["TLS_PORT"] : []) {
            if name == "PORT", let wantedPort {
                guard Ports.isFree(wantedPort) else {
                    throw ServerError(.portTaken, "port \(wantedPort), which RabbitMQ should take, is taken")
                }
                chosen[name] = wantedPort
            } else if let kept = settings[name].flatMap({ UInt16($0) }), Ports.isFree(kept) {
                chosen[name] = kept
            } else {
                chosen[name] = try Ports.free(except: Set(chosen.values))
            }
        }
        return chosen
    }

    /// The listeners open at the very end of RabbitMQ's start; then it is asked whether it refuses work for want of disk or memory.
    private func waitUntilReady(_ pid: Int32, _ settings: [String: String], logStart: Int) async throws(ServerError) {
        let ports = ["PORT", "TLS_PORT"].compactMap { settings[$0] }.compactMap { UInt16($0) }
        do throws(ServerError) {
            try await poll(.seconds(180), "RabbitMQ to take connections", every: .milliseconds(50)) {
                () throws(ServerError) in
                guard ProcessTable.isRunning(pid) else { throw ServerError(.ended, "RabbitMQ ended while it started") }
                return ports.allSatisfy { Ports.isListening($0) }
            }
            let outcome = try await runControl(["eval", "rabbit_alarm:get_alarms()."])
            let answer = (outcome.output + outcome.errors).trimmingCharacters(in: .whitespacesAndNewlines)
            guard outcome.status == 0, answer.hasSuffix("[]") else {
                throw ServerError(.unhealthy, "RabbitMQ runs but has an alarm (too little disk or memory): \(answer)")
            }
        } catch {
            throw ServerError(error.kind, "\(error.message) (\(folder.logPath))", log: folder.logTail(from: logStart))
        }
    }

    private var remains: [Int32] {
        folder.data.map { ProcessTable.running(in: $0, named: ["beam.smp"]) } ?? []
    }

    /// Ends what is left: a node that no pid file tells of, and the port mapper.
    private func endRemains() async throws(ServerError) {
        guard let data = folder.data else { return }
        try await poll(.seconds(30), "processes of an earlier RabbitMQ to end") {
            let remains = ProcessTable.running(in: data, named: ["beam.smp", "epmd"])
            for process in remains { Glibc.kill(process, SIGKILL) }
            return remains.isEmpty
        }
        folder.pidFile.remove()
    }
}

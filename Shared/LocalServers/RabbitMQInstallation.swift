import Foundation

extension LocalRabbitMQ {
    /// The virtual host that the first start makes.
    static let virtualHost = "switchyard"
    private static let node = "switchyard@localhost"
    private static let path = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin"

    /// The folder of RabbitMQ's own scripts. Debian's wrappers of the same names insist on root and the system's own node.
    static func programs() throws(ServerError) -> String {
        var candidates = ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin"]
        if let home = ProcessInfo.processInfo.environment["RABBITMQ_HOME"] { candidates.insert("\(home)/sbin", at: 0) }
        for folder in candidates where FileManager.default.isExecutableFile(atPath: "\(folder)/rabbitmq-server") {
            return folder
        }
        throw ServerError(.notInstalled, "RabbitMQ is not installed: install the package rabbitmq-server")
    }

    /// Makes the data folder and writes the configuration into it.
    func prepareData(in place: String, settings: [String: String]) throws(ServerError) -> String {
        for path in ["\(place)/data", "\(place)/data/home"] {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw ServerError(.folder, "cannot make \(path): \(lastSystemError())")
            }
            try folder.account.own(path)
        }
        guard let data = folder.data else { throw ServerError(.folder, "\(folder.path)/data is not there") }
        let files = [
            "home/.erlang.cookie": settings["COOKIE"] ?? "",
            "rabbitmq.conf": Self.configuration(settings) + Self.tlsConfiguration(settings, data: data),
            "enabled_plugins": "[].\n",
            "rabbitmq-env.conf": "",
        ]
        for (name, text) in files {
            try writeFile("\(data)/\(name)", text, mode: 0o400)
            try folder.account.own("\(data)/\(name)")
        }
        return data
    }

    /// The default user is made at the first start, so `guest` never exists.
    ///
    /// The write-ahead log of quorum queues is kept in memory too: its default of 512 MB does not go with a watermark of 1 GiB.
    private static func configuration(_ settings: [String: String]) -> String {
        """
        default_user = \(settings["USER"] ?? "")
        default_pass = \(settings["PASSWORD"] ?? "")
        default_vhost = \(virtualHost)
        disk_free_limit.absolute = 50MB
        vm_memory_high_watermark.absolute = 1GiB
        raft.wal_max_size_bytes = 64000000
        log.file = false
        log.console = true
        log.console.level = warning

        """
    }

    /// Clients know the server by its certificate, and the server knows them by their passwords.
    ///
    /// It listens on IPv4 only: a client that tries `::1` first is refused at once, and a machine without IPv6 is none the worse.
    private static func tlsConfiguration(_ settings: [String: String], data: String) -> String {
        guard let port = settings["TLS_PORT"] else { return "" }
        let certificate = ServerCertificate(in: data)
        return """
            listeners.ssl.default = 127.0.0.1:\(port)
            ssl_options.cacertfile = \(certificate.authorityFile)
            ssl_options.certfile = \(certificate.certificateFile)
            ssl_options.keyfile = \(certificate.keyFile)
            ssl_options.verify = verify_none
            ssl_options.fail_if_no_peer_cert = false

            """
    }

    /// `detached` makes the script replace itself by the node, so that the pid is the node's; busy waiting and bound schedulers
    /// would take the cores from the services beside it.
    static func environment(data: String, settings: [String: String]) -> [String: String] {
        let loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        let cores = min(2, ProcessInfo.processInfo.activeProcessorCount)
        return [
            "PATH": path, "LANG": "C.UTF-8", "HOME": "\(data)/home", "detached": "true",
            "ERL_EPMD_PORT": settings["PORT_MAPPER_PORT"] ?? "", "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": node, "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": settings["PORT"] ?? "", "RABBITMQ_DIST_PORT": settings["DISTRIBUTION_PORT"] ?? "",
            "RABBITMQ_MNESIA_BASE": "\(data)/mnesia", "RABBITMQ_LOG_BASE": "\(data)/log", "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": "\(data)/rabbitmq.conf", "RABBITMQ_ADVANCED_CONFIG_FILE": "\(data)/advanced.config",
            "RABBITMQ_CONF_ENV_FILE": "\(data)/rabbitmq-env.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "\(data)/enabled_plugins",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "+S \(cores):\(cores) +sbwt none +sbwtdcpu none +sbwtdio none +stbt u \(loopback)",
            "RABBITMQ_CTL_ERL_ARGS": "+S 1:1 +sbwt none \(loopback)",
        ]
    }

    /// Starts the Erlang port mapper as a process of ours; the node would start one that no one could tell from others.
    func startPortMapper(settings: [String: String], data: String, output: Int32) throws(ServerError) {
        let path = "/usr/bin/epmd"
        guard FileManager.default.isExecutableFile(atPath: path) else { return }
        let launch = ChildProcess.Launch(
            path, ["-port", settings["PORT_MAPPER_PORT"] ?? "", "-address", "127.0.0.1"],
            environment: ["PATH": Self.path], directory: data, output: output, isSessionLeader: true)
        _ = try ChildProcess.spawnServer(folder.account.launch(launch))
    }

    /// Runs `rabbitmqctl` against this node.
    func runControl(_ arguments: [String]) async throws(ServerError) -> ChildProcess.Outcome {
        guard let data = folder.data else {
            throw ServerError(.unhealthy, "RabbitMQ in \(folder.path) has not been started")
        }
        let launch = ChildProcess.Launch(
            "\(try Self.programs())/rabbitmqctl", ["--quiet"] + arguments,
            environment: Self.environment(data: data, settings: folder.settings()), directory: "/")
        return try await ChildProcess.run(folder.account.launch(launch), limit: .seconds(60))
    }

    /// Runs `rabbitmqctl`; a status other than 0 is an error.
    func control(_ arguments: [String]) async throws(ServerError) {
        let outcome = try await runControl(arguments)
        guard outcome.status == 0 else {
            throw ServerError(.unhealthy, "rabbitmqctl \(arguments.joined(separator: " ")) failed", log: outcome.errors)
        }
    }
}

import LocalServers

extension Command {
    /// `switchyard servers`
    static let servers = Command(
        name: "servers", summary: "Starts, stops or shows the private RabbitMQ and PostgreSQL of a folder.",
        words: "start|stop|status",
        options: [
            Option("--folder", "FOLDER", "where they keep everything (default .switchyard)"),
            Option("--tls", nil, "start RabbitMQ with a TLS listener too; the folder keeps it"),
            Option("--immediate", nil, "stop without ceremony, as a crash would"),
        ],
        run: { arguments in
            let workspace = Workspace(arguments.value("--folder"))
            let servers = LocalStack(folder: workspace.path, tls: arguments.has("--tls"))
            switch arguments.words {
            case ["start"]:
                let urls = try await servers.start()
                // For `eval "$(switchyard servers start)"`; words for people go to standard error.
                for note in servers.notes { printError(note) }
                show(exportLine("DATABASE_URL", urls.database))
                show(exportLine("AMQP_URL", urls.amqp))
                if let listener = servers.rabbitMQ.tlsListener {
                    show(exportLine("AMQPS_URL", listener.url))
                    show(exportLine("AMQPS_CA", listener.authorityFile))
                }
                return 0
            case ["stop"]:
                try await servers.stop(immediate: arguments.has("--immediate"))
                return 0
            case ["status"]:
                let states = [
                    ("PostgreSQL", servers.postgres.pid, servers.postgres.url),
                    ("RabbitMQ", servers.rabbitMQ.pid, servers.rabbitMQ.url),
                ]
                for (name, pid, url) in states {
                    show(pid.map { "\(name) runs (pid \($0)) on \(address(of: url))" } ?? "\(name) does not run")
                }
                // 3 is what init scripts answer for "not running".
                return states.allSatisfy { $0.1 != nil } ? 0 : 3
            default: throw UsageError("servers takes one word: start, stop or status")
            }
        })
}

/// A shell's line that sets a variable for the programs that it starts.
func exportLine(_ name: String, _ value: String) -> String {
    "export \(name)='\(value.replacing("'", with: "'\\''"))'"
}

/// The host and port of a server's URL, without the credentials.
func address(of url: String?) -> String {
    let behind = url?.split(separator: "@").last ?? ""
    return behind.split(separator: "/").first.map(String.init) ?? "an unknown address"
}

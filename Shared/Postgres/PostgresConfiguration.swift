/// Where the database is and how long one may wait for it.
public struct PostgresConfiguration: Sendable {
    /// A libpq URI (`postgresql://…`) or conninfo string. Keepalive settings in it win over the defaults of this module.
    public var url: String
    /// What `pg_stat_activity` shows.
    public var applicationName: String
    /// The bound on opening a connection, per host address; rounded up to whole seconds, at least 2 (libpq's minimum).
    public var connectTimeout: Duration
    /// The server's bound on one statement. A server that stays silent for longer (plus a grace) counts as lost.
    public var statementTimeout: Duration
    /// The value of `search_path`, as SQL would take it (`jobs, public`); nil leaves the server's.
    public var searchPath: String?
    /// More settings of every session, by PostgreSQL's names.
    public var settings: [(name: String, value: String)]

    /// Makes a configuration; nothing connects yet.
    public init(
        url: String, applicationName: String, connectTimeout: Duration = .seconds(5),
        statementTimeout: Duration = .seconds(30), searchPath: String? = nil,
        settings: [(name: String, value: String)] = []
    ) {
        self.url = url
        self.applicationName = applicationName
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.searchPath = searchPath
        self.settings = settings
    }
}

extension PostgresConfiguration {
    /// How long the client waits for any sign of life: the server's own bound should always strike first.
    var silenceLimit: Duration { statementTimeout + .seconds(5) }

    /// libpq's parameters, in the order in which later ones win. `urlOptions` is what the URL itself says for `options`.
    func parameters(urlOptions: String?) -> [(keyword: String, value: String)] {
        [
            ("keepalives", "1"), ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "15000"), ("gssencmode", "disable"),
            ("dbname", url),
            ("application_name", applicationName), ("client_encoding", "UTF8"),
            ("connect_timeout", String(max(2, connectTimeout.roundedUpSeconds))),
            ("options", options(after: urlOptions)),
        ]
    }

    /// Session settings travel in the startup packet, which saves a round trip after connecting.
    private func options(after urlOptions: String?) -> String {
        // A client that was stopped in mid-transaction must not hold its locks for ever, hence the idle bound. JIT never
        // pays for the short statements of a service.
        var settings = [
            ("statement_timeout", String(max(1, statementTimeout.milliseconds))),
            ("idle_in_transaction_session_timeout", String(max(1, statementTimeout.milliseconds))),
            ("client_min_messages", "warning"), ("TimeZone", "UTC"), ("jit", "off"),
        ]
        if let searchPath { settings.append(("search_path", searchPath)) }
        let rendered = (settings + self.settings).map { name, value in "-c \(name)=\(Self.escaped(value))" }
        return ([urlOptions].compactMap(\.self) + rendered).joined(separator: " ")
    }

    /// The server splits `options` at spaces; a backslash protects what follows it.
    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value {
            if character == " " || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }

    var roundedUpSeconds: Int64 { (milliseconds + 999) / 1_000 }
}

import Foundation

/// Where a broker is and how to reach it; checked when it is made.
public struct AMQPConfiguration: Sendable {
    /// How a TLS connection checks its peer and shows itself.
    public struct TLS: Sendable, Hashable {
        /// PEM file of the authorities to trust; the system's bundle when nil.
        public var authorityFile: String?
        /// Whether the broker's certificate must come from a trusted authority.
        public var verifiesPeer: Bool
        /// Whether the certificate must name the host of the URL.
        public var verifiesHost: Bool
        /// PEM file of the client's certificate chain; needs `keyFile`.
        public var certificateFile: String?
        /// PEM file of the client's private key.
        public var keyFile: String?

        /// Makes TLS settings; the defaults verify peer and host against the system's authorities.
        public init(
            authorityFile: String? = nil, verifiesPeer: Bool = true, verifiesHost: Bool = true,
            certificateFile: String? = nil, keyFile: String? = nil
        ) {
            self.authorityFile = authorityFile
            self.verifiesPeer = verifiesPeer
            self.verifiesHost = verifiesHost
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// Host name or address of the broker.
    public let host: String
    /// TCP port; 5672, or 5671 with TLS, when the URL has none.
    public let port: Int
    /// The virtual host; `/` when the URL names none.
    public let virtualHost: String
    /// Shown in the broker's list of connections.
    public let connectionName: String
    /// Interval of heartbeats, in whole seconds; a peer that is silent for two of them is dead.
    public let heartbeat: Duration
    /// Bound of each of: TCP and TLS connect, login, one declaration.
    public let connectTimeout: Duration
    /// TLS settings; nil for plain TCP.
    public let tls: TLS?

    let user: String
    let password: String

    /// Reads an `amqp://` or `amqps://` URL (user, password and virtual host percent-encoded).
    ///
    /// - Parameters:
    ///   - heartbeat: 1 to 600 seconds, rounded up to whole ones.
    ///   - tls: only with `amqps://`, where nil means the verifying defaults.
    /// - Throws: `.usage` with what is wrong in the URL; the message never contains the password.
    public init(
        url: String, connectionName: String, heartbeat: Duration = .seconds(20),
        connectTimeout: Duration = .seconds(5), tls: TLS? = nil
    ) throws(AMQPError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            scheme == "amqp" || scheme == "amqps"
        else {
            throw AMQPError(.usage, "the URL must look like amqp://user:password@host:5672/vhost")
        }
        guard let host = parts.host, !host.isEmpty else { throw AMQPError(.usage, "the URL names no host") }
        guard parts.query == nil, parts.fragment == nil else {
            throw AMQPError(.usage, "the URL must not have a query or fragment; use the initializer's parameters")
        }
        let path = parts.percentEncodedPath.dropFirst()
        guard !path.contains("/"), let virtualHost = String(path).removingPercentEncoding else {
            throw AMQPError(.usage, "the virtual host must be percent-encoded (a slash is %2F)")
        }
        let isTLS = scheme == "amqps"
        guard isTLS || tls == nil else { throw AMQPError(.usage, "TLS settings need an amqps:// URL") }
        guard (tls?.certificateFile == nil) == (tls?.keyFile == nil) else {
            throw AMQPError(.usage, "a client certificate needs its key, and a key its certificate")
        }
        guard heartbeat > .zero, heartbeat <= .seconds(600) else {
            throw AMQPError(.usage, "the heartbeat must be between 1 and 600 seconds")
        }
        guard connectTimeout > .zero else { throw AMQPError(.usage, "the connect timeout must be positive") }
        let port = parts.port ?? (isTLS ? 5671 : 5672)
        guard (1...65535).contains(port) else { throw AMQPError(.usage, "the port must be between 1 and 65535") }
        // URLComponents keeps the brackets of an IPv6 address, getaddrinfo wants none.
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = port
        self.virtualHost = virtualHost.isEmpty ? "/" : virtualHost
        self.connectionName = connectionName
        self.heartbeat = heartbeat
        self.connectTimeout = connectTimeout
        self.tls = isTLS ? tls ?? TLS() : nil
        user = parts.user ?? "guest"
        password = parts.password ?? (parts.user == nil ? "guest" : "")
    }

    /// The heartbeat in whole seconds, as it is negotiated.
    var heartbeatSeconds: Int {
        let (seconds, attoseconds) = heartbeat.components
        return Int(seconds) + (attoseconds > 0 ? 1 : 0)
    }
}

extension AMQPConfiguration: CustomStringConvertible, CustomReflectable {
    /// Where it leads, without the credentials.
    public var description: String {
        "\(tls == nil ? "amqp" : "amqps")://\(host):\(port)/\(virtualHost) as \(connectionName)"
    }

    /// Nothing to look into, so that no dump shows the credentials.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

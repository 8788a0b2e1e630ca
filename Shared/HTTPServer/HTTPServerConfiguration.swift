/// How an `HTTPServer` listens and what it allows its clients.
public struct HTTPServerConfiguration: Sendable, Hashable {
    /// The address or name to listen on.
    public var host: String
    /// The TCP port; 0 lets the system choose one, see `HTTPServer.port`.
    public var port: UInt16
    /// How many threads serve sockets; handlers do not run on them.
    public var threads: Int
    /// The most connections that are open together; more wait in the listen queue. Each thread takes an equal share.
    public var maxConnections: Int
    /// The most connections from one address; 0 sets no limit.
    public var maxConnectionsPerAddress: Int
    /// The most bytes of request line and headers; more is answered with 431. Each open connection takes this memory and 10 KiB.
    public var maxHeaderBytes: Int
    /// The most bytes of a body that is collected in memory, whatever the handler's `BodyPolicy` says.
    public var maxCollectedBody: Int
    /// How long a client may take to send a whole head, from the connection's or the request's first moment.
    public var headerTimeout: Duration
    /// How long a client may take to send a whole collected body; for a streamed body, how long it may send nothing.
    public var bodyTimeout: Duration
    /// How long a connection may stand still between requests, or without taking any of a response.
    public var idleTimeout: Duration

    /// Makes a configuration; the defaults suit a public API on loopback or behind a proxy.
    public init(
        host: String = "127.0.0.1", port: UInt16 = 0, threads: Int = 2, maxConnections: Int = 4096,
        maxConnectionsPerAddress: Int = 0, maxHeaderBytes: Int = 16_384, maxCollectedBody: Int = 4 << 20,
        headerTimeout: Duration = .seconds(10), bodyTimeout: Duration = .seconds(60),
        idleTimeout: Duration = .seconds(75)
    ) {
        self.host = host
        self.port = port
        self.threads = threads
        self.maxConnections = maxConnections
        self.maxConnectionsPerAddress = maxConnectionsPerAddress
        self.maxHeaderBytes = maxHeaderBytes
        self.maxCollectedBody = maxCollectedBody
        self.headerTimeout = headerTimeout
        self.bodyTimeout = bodyTimeout
        self.idleTimeout = idleTimeout
    }
}

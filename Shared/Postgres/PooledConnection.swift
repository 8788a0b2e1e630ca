import Concurrency

/// One place of the pool: a thread, and the connection that is opened on it when it is needed.
actor PooledConnection {
    private let executor = ThreadExecutor(name: "postgres")
    private let configuration: PostgresConfiguration
    private let gate: ConnectGate
    private var session: Session?
    private var lastUse = ContinuousClock.now
    private var isClosed = false

    init(_ configuration: PostgresConfiguration, gate: ConnectGate) {
        self.configuration = configuration
        self.gate = gate
    }

    deinit { executor.stop() }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Runs the body with the open connection. Nothing is retried: a lost connection is replaced by the next call.
    func run<Output>(_ operation: Operation, _ body: (Session) throws -> Output) throws -> Output {
        if operation.isCancelled { throw PostgresError(.cancelled, "the task was cancelled") }
        let session = try openSession()
        session.begin(operation)
        defer {
            lastUse = .now
            if !session.end() { self.session = nil }
        }
        return try body(session)
    }

    /// Closes the connection for good.
    func close() {
        isClosed = true
        session = nil
    }

    /// Closes the connection if it was not used for this long; the next use opens it again.
    func close(ifIdleFor limit: Duration) {
        if ContinuousClock.now - lastUse >= limit { session = nil }
    }

    /// A connection that died while nobody used it is replaced here, before anything was sent on it.
    private func openSession() throws(PostgresError) -> Session {
        guard !isClosed else { throw PostgresError(.usage, "the database is closed") }
        if let session, session.isUsable { return session }
        session = nil
        let configuration = configuration
        let opened = try gate.connect { () throws(PostgresError) in try Session(configuration) }
        session = opened
        return opened
    }
}

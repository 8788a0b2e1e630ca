import Concurrency
import Synchronization

/// A pool of connections to one database, each on a thread of its own.
///
/// Connections open when they are first needed, close after five idle minutes, and are replaced when they die. While the
/// server refuses connections, operations fail at once with the last error; attempts to connect are spaced by a backoff of up to 1 s.
public final class Database: Sendable {
    private static let idleLimit: Duration = .seconds(300)

    private let line: WaitingLine<PooledConnection>
    private let housekeeping = Mutex<Task<Void, Never>?>(nil)

    /// Makes the pool; nothing connects yet.
    ///
    /// - Parameters:
    ///   - size: the most connections.
    ///   - acquireTimeout: how long an operation may wait for a connection before it throws `.poolTimeout`.
    public init(_ configuration: PostgresConfiguration, size: Int = 4, acquireTimeout: Duration = .seconds(5)) {
        precondition(size > 0, "a pool has at least one connection")
        let gate = ConnectGate()
        line = WaitingLine(size: size, limit: acquireTimeout) { PooledConnection(configuration, gate: gate) }
    }

    deinit { housekeeping.withLock { $0?.cancel() } }

    /// How many operations wait for a connection, for metrics.
    public var waitingCount: Int { line.waitingCount }

    /// Runs the body with a connection, on the connection's thread.
    ///
    /// Cancelling the task stops the running statement; the body's next one throws `.cancelled`. An open transaction that the
    /// body leaves behind is undone. Waits for a connection in the order of arrival.
    public func withSession<Output: Sendable>(
        _ body: @escaping @Sendable (Session) throws -> Output
    ) async throws -> Output {
        let connection = try await line.take()
        startHousekeeping()
        defer { line.give(connection) }
        let operation = Operation()
        return try await withTaskCancellationHandler {
            try await connection.run(operation, body)
        } onCancel: {
            operation.cancel()
        }
    }

    /// Runs one statement in a transaction of its own; anew where the server has undone it for a deadlock.
    @discardableResult
    public func query(_ statement: Statement) async throws -> Rows {
        try await undeterred { session in try session.query(statement) }
    }

    /// Runs several statements in one round trip and one transaction: all of them take effect, or none. Runs them anew where the server has undone
    /// them for a deadlock.
    ///
    /// - Parameter aside: a hint that may be lost, in a transaction of its own after the commit.
    @discardableResult
    public func pipeline(_ statements: [Statement], aside: Statement? = nil) async throws -> [Rows] {
        try await undeterred { session in try session.pipeline(statements, aside: aside) }
    }

    /// How often a transaction may be undone for a deadlock and run anew.
    private static let deadlockRetries = 3

    /// Runs a body that is nothing but its statements, so that nothing of it is left when the server undoes it.
    ///
    /// Transactions that lock several rows take them in the order that suits their plans. Two of them, and one between that only waits for its single
    /// row, may stand in a circle; whom the server then undoes is chance.
    private func undeterred<Output: Sendable>(
        _ body: @escaping @Sendable (Session) throws -> Output
    ) async throws -> Output {
        for _ in 0..<Self.deadlockRetries {
            do { return try await withSession(body) } catch let error as PostgresError where error.sqlState == "40P01" {
            }
        }
        return try await withSession(body)
    }

    /// Runs the body in a transaction: its error rolls back.
    public func transaction<Output: Sendable>(
        _ body: @escaping @Sendable (Session) throws -> Output
    ) async throws -> Output {
        try await withSession { session in try session.transaction(body) }
    }

    /// Lets running operations finish, then closes every connection; later operations throw `.usage`.
    public func close() async {
        housekeeping.withLock { $0?.cancel() }
        line.close()
        for connection in line.items { await connection.close() }
    }

    private func startHousekeeping() {
        housekeeping.withLock { task in
            guard task == nil else { return }
            task = Task { [line] in
                // Ends when the pool is closed or gone.
                while !Task.isCancelled {
                    do { try await Task.sleep(for: .seconds(60)) } catch { return }
                    for connection in line.items { await connection.close(ifIdleFor: Self.idleLimit) }
                }
            }
        }
    }
}

import CLibPQ

/// A connection as seen inside a closure on the connection's own thread; it never escapes it.
public final class Session {
    let connection: Connection
    private let canceller: CancelHandle
    private(set) var operation = Operation()
    var prepared = PreparedStatements()
    /// A transaction has begun for its body, but the server does not know yet.
    private(set) var isBeginDue = false

    /// Connects; blocks up to the connect timeout.
    init(_ configuration: PostgresConfiguration) throws(PostgresError) {
        connection = try Connection(configuration)
        canceller = try CancelHandle(connection)
    }

    /// Whether the connection can be lent out.
    var isUsable: Bool { connection.isIdle && connection.isAlive }

    /// Lends the session to an operation.
    func begin(_ operation: Operation) {
        self.operation = operation
        operation.begin(canceller)
    }

    /// Takes the session back; answers whether the next operation may have it.
    func end() -> Bool { operation.stopCancelling() && connection.isIdle }

    /// Runs one statement and answers its rows.
    ///
    /// The statement is prepared once per connection and text; parameters and results travel in binary form.
    /// A prepared plan that a schema change broke is replaced and the statement tried again, unless a transaction is open.
    @discardableResult
    public func query(_ statement: Statement) throws(PostgresError) -> Rows {
        let results = try pipeline([statement])
        return results[0]
    }

    /// Runs several statements of the simple protocol without parameters, such as a migration's, in one implicit transaction unless they open
    /// their own. Their rows are dropped; the first error is thrown.
    public func script(_ sql: String) throws(PostgresError) {
        try readyForSimple()
        try simple(sql)
    }

    /// Runs the body between BEGIN and COMMIT; any error rolls back and is passed on.
    ///
    /// A failed statement fails the transaction even if the body catches its error: this then throws SQLSTATE 25P02.
    /// Transactions do not nest (`.usage`).
    public func transaction<Output>(_ body: (Session) throws -> Output) throws -> Output {
        guard !connection.isInTransaction, !isBeginDue else {
            throw PostgresError(.usage, "transactions do not nest")
        }
        try ready()
        isBeginDue = true
        let output: Output
        do {
            output = try body(self)
            try commit()
        } catch {
            rollback()
            throw error
        }
        return output
    }

    /// Runs the body within the open transaction so that its error undoes only what it did itself. Savepoints nest.
    public func savepoint<Output>(_ body: (Session) throws -> Output) throws -> Output {
        try script("SAVEPOINT part")
        let output: Output
        do { output = try body(self) } catch {
            if connection.isInTransaction, !operation.isCancelled { try script("ROLLBACK TO part; RELEASE part") }
            throw error
        }
        try script("RELEASE part")
        return output
    }

    /// Answers, once, that BEGIN is to be sent ahead of the statement at hand, which saves a round trip.
    func takeBegin() -> Bool {
        defer { isBeginDue = false }
        return isBeginDue
    }

    private func commit() throws(PostgresError) {
        if takeBegin() { return }  // nothing was sent, so there is nothing to commit
        guard !connection.isTransactionFailed else {
            throw PostgresError(.server, "a statement of the transaction has failed", sqlState: "25P02")
        }
        guard connection.isInTransaction else { throw PostgresError(.usage, "the transaction was ended by its body") }
        try script("COMMIT")
    }

    /// Leaves no transaction behind. If even that fails, the connection is not idle, and its owner closes it.
    private func rollback() {
        isBeginDue = false
        guard connection.isInTransaction, operation.stopCancelling() else { return }
        do { try simple("ROLLBACK") } catch { return }
        if !operation.isCancelled { operation.begin(canceller) }
    }

    /// Throws if the operation was cancelled, so that nothing more is sent.
    func ready() throws(PostgresError) {
        if operation.isCancelled { throw PostgresError(.cancelled, "the task was cancelled") }
    }

    /// The same ahead of what cannot travel together with BEGIN.
    func readyForSimple() throws(PostgresError) {
        try ready()
        if takeBegin() { try simple("BEGIN") }
    }

    private func simple(_ sql: String) throws(PostgresError) {
        try connection.check(PQsendQuery(connection.pointer, sql))
        var failure: PostgresError?
        while let result = try connection.nextResult(operation) {
            switch result.status {
            case PGRES_FATAL_ERROR: failure = failure ?? error(of: result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                // libpq would hand out this result for ever. The owner closes the connection, which is busy.
                throw PostgresError(.usage, "a script cannot copy; use copyIn")
            default: break
            }
        }
        if let failure { throw failure }
    }

    func error(of result: ResultHandle) -> PostgresError { PostgresError(result, on: connection, operation) }
}

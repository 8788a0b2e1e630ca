import CLibPQ

/// A column of a query's result.
public struct ResultColumn: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its type.
    public let type: PostgresType
    /// The type as SQL writes it, with its modifiers: `numeric(10,2)`.
    public let typeName: String
}

extension Session {
    /// Runs the body in one snapshot of the database, which it can only read: REPEATABLE READ, READ ONLY.
    public func snapshot<Output>(_ body: (Session) throws -> Output) throws -> Output {
        try transaction { session in
            try session.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return try body(session)
        }
    }

    /// The columns that a query would have, without running it.
    public func columns(of query: SQLText) throws(PostgresError) -> [ResultColumn] {
        try readyForSimple()
        // The unnamed statement: the next one takes its place.
        try settle(PQsendPrepare(connection.pointer, "", query.sql, 0, nil)) { _ in }
        var found: [(name: String, type: PostgresType, modifier: Int32)] = []
        try settle(PQsendDescribePrepared(connection.pointer, "")) { result in
            for index in 0..<result.width {
                let name = PQfname(result.pointer, index).map { String(cString: $0) } ?? "?column?"
                found.append((name, PostgresType(PQftype(result.pointer, index)), PQfmod(result.pointer, index)))
            }
        }
        let names = try self.query(
            """
            SELECT format_type(t.oid::oid, t.modifier) AS name
            FROM unnest(\(found.map { Int64($0.type.rawValue) }), \(found.map(\.modifier))) WITH ORDINALITY t (oid, modifier, number)
            ORDER BY t.number
            """)
        var columns: [ResultColumn] = []
        for (column, name) in zip(found, names) {
            columns.append(ResultColumn(name: column.name, type: column.type, typeName: try name.decode("name")))
        }
        return columns
    }

    /// Runs `COPY (query) TO STDOUT` and hands on each row as it comes, with the end of line that the format gives it.
    ///
    /// Nothing is kept: while the body works, or waits, the server goes on for as long as the socket has room.
    ///
    /// - Parameters:
    ///   - options: COPY's options, such as `FORMAT csv`.
    ///   - body: takes a row, which is gone when it returns. What it throws ends the statement and is passed on.
    /// - Returns: how many rows there were.
    @discardableResult
    public func copyOut(
        _ query: SQLText, options: SQLText, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        try readyForSimple()
        let text: SQLText = "COPY (\(query)) TO STDOUT (\(options))"
        try connection.check(PQsendQuery(connection.pointer, text.sql))
        guard let start = try connection.nextResult(operation) else { throw connection.lost() }
        guard start.status == PGRES_COPY_OUT else {
            let failure = error(of: start)
            if failure.kind != .connection { try drainResults() }
            throw failure
        }
        do {
            while let row = try connection.nextCopyRow(operation) {
                defer { PQfreemem(row.baseAddress) }
                try body(UnsafeRawBufferPointer(row))
            }
        } catch let error as PostgresError where error.kind == .connection {
            throw error
        } catch {
            try breakOff()
            throw error
        }
        var rows = 0
        try results { rows += $0.affected }
        return rows
    }

    /// Ends a copy that nobody wants any more: the server is asked to stop, and what is on its way is dropped.
    private func breakOff() throws(PostgresError) {
        operation.cancel()
        while let row = try connection.nextCopyRow(operation) { PQfreemem(row.baseAddress) }
        try drainResults()
    }

    private func settle(_ accepted: Int32, _ body: (ResultHandle) -> Void) throws(PostgresError) {
        try connection.check(accepted)
        try results(body)
    }

    /// The results of what was sent; the first error is thrown after the last of them.
    func results(_ body: (ResultHandle) -> Void) throws(PostgresError) {
        var failure: PostgresError?
        while let result = try connection.nextResult(operation) {
            if result.status == PGRES_FATAL_ERROR { failure = failure ?? error(of: result) } else { body(result) }
        }
        if let failure { throw failure }
    }

    private func drainResults() throws(PostgresError) {
        while try connection.nextResult(operation) != nil {}
    }
}

import CLibPQ

extension Session {
    /// Runs one statement that is not kept for the next time, and answers its rows: for text that is made for one use.
    public func once(_ query: SQLText) throws(PostgresError) -> Rows {
        try readyForSimple()
        try connection.check(PQsendQueryParams(connection.pointer, query.sql, 0, nil, nil, nil, nil, 1))
        var rows: Rows?
        try results { rows = Rows($0) }
        guard let rows else { throw connection.lost() }
        return rows
    }
}

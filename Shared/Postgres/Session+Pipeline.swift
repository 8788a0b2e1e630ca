import CLibPQ

extension Session {
    /// What was sent, in the order in which its results come.
    private enum Step {
        case deallocate
        case begin
        case prepare(PreparedStatements.Key)
        case execute
        case sync
        case aside
    }

    /// Runs several statements in one round trip and one transaction: all of them take effect, or none.
    ///
    /// The error of the statement that failed is thrown. Inside `transaction` they are part of it. They must not contain BEGIN or COMMIT of their own.
    ///
    /// - Parameter aside: runs after the commit, in the same round trip and a transaction of its own. What it answers, and
    ///   whether it fails, is not told: it is for hints that may be lost. Left out inside `transaction`.
    @discardableResult
    public func pipeline(_ statements: [Statement], aside: Statement? = nil) throws(PostgresError) -> [Rows] {
        do {
            return try attempt(statements, aside: aside)
        } catch {
            guard error.isStalePlan else { throw error }
            for statement in statements { prepared.abandon(PreparedStatements.Key(statement)) }
            // The error has undone all of them, so they may run again; a whole transaction only its owner can repeat.
            guard connection.isIdle else { throw error }
            return try attempt(statements, aside: aside)
        }
    }

    private func attempt(_ statements: [Statement], aside: Statement?) throws(PostgresError) -> [Rows] {
        guard !statements.isEmpty else { return [] }
        try ready()
        for statement in statements { if let error = statement.error { throw error } }
        let isOwnTransaction = !connection.isInTransaction && !isBeginDue
        try connection.check(PQenterPipelineMode(connection.pointer))
        var steps = try send(statements)
        let end = steps.count
        if let aside, isOwnTransaction { try sendAside(aside, &steps) }
        let (rows, failure) = try receive(steps, transactionEnd: end, count: statements.count)
        try connection.check(PQexitPipelineMode(connection.pointer))
        if let failure { throw failure }
        return rows
    }

    private func send(_ statements: [Statement]) throws(PostgresError) -> [Step] {
        var steps: [Step] = []
        steps.reserveCapacity(statements.count + 1)
        try sendDeallocations(&steps)
        if takeBegin() {
            try send("BEGIN")
            steps.append(.begin)
        }
        for statement in statements {
            let name = try sendPreparation(of: statement, &steps)
            steps.append(.execute)
            try sendExecution(of: statement, name: name)
        }
        steps.append(.sync)
        try connection.check(PQpipelineSync(connection.pointer))
        return steps
    }

    private func sendAside(_ statement: Statement, _ steps: inout [Step]) throws(PostgresError) {
        let name = try sendPreparation(of: statement, &steps)
        steps.append(.aside)
        try sendExecution(of: statement, name: name)
        steps.append(.sync)
        try connection.check(PQpipelineSync(connection.pointer))
    }

    private func sendPreparation(of statement: Statement, _ steps: inout [Step]) throws(PostgresError) -> String {
        let key = PreparedStatements.Key(statement)
        let (name, isNew) = prepared.name(for: key)
        if isNew {
            steps.append(.prepare(key))
            let types = statement.parameters.map(\.type.rawValue)
            try connection.check(PQsendPrepare(connection.pointer, name, statement.sql, Int32(types.count), types))
        }
        return name
    }

    /// Drops statements that fell out of the cache, in a transaction of their own within the same round trip.
    private func sendDeallocations(_ steps: inout [Step]) throws(PostgresError) {
        guard !prepared.abandoned.isEmpty, !connection.isInTransaction else { return }
        for name in prepared.abandoned {
            try send("DEALLOCATE \(name)")
            steps.append(.deallocate)
            try connection.check(PQpipelineSync(connection.pointer))
            steps.append(.sync)
        }
        prepared.clearAbandoned()
    }

    private func send(_ command: String) throws(PostgresError) {
        try connection.check(PQsendQueryParams(connection.pointer, command, 0, nil, nil, nil, nil, 1))
    }

    private func sendExecution(of statement: Statement, name: String) throws(PostgresError) {
        let parameters = statement.parameters
        let accepted = statement.writer.withBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: parameters.count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * parameters.count) { numbers in
                    var offset = 0
                    for (index, parameter) in parameters.enumerated() {
                        values.initializeElement(at: index, to: bytes.pointer(at: offset, length: parameter.length))
                        numbers.initializeElement(at: index, to: max(0, parameter.length))
                        numbers.initializeElement(at: parameters.count + index, to: 1)
                        offset += Int(max(0, parameter.length))
                    }
                    return PQsendQueryPrepared(
                        connection.pointer, name, Int32(parameters.count), values.baseAddress, numbers.baseAddress,
                        numbers.baseAddress.map { $0 + parameters.count }, 1)
                }
            }
        }
        try connection.check(accepted)
    }

    private func receive(
        _ steps: [Step], transactionEnd: Int, count: Int
    ) throws(PostgresError) -> (rows: [Rows], failure: PostgresError?) {
        var rows: [Rows] = []
        rows.reserveCapacity(count)
        var failure: PostgresError?
        for (index, step) in steps.enumerated() {
            guard let result = try connection.nextResult(operation) else { throw connection.lost() }
            switch result.status {
            case PGRES_PIPELINE_SYNC: continue  // the only result that no end follows
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                if case .execute = step { rows.append(Rows(result)) }
            case PGRES_FATAL_ERROR, PGRES_PIPELINE_ABORTED:
                if case .prepare(let key) = step { prepared.forget(key) }
                // A statement that cannot be deallocated is not there any more, which is as good.
                if case .deallocate = step { break }
                if failure == nil, result.status == PGRES_FATAL_ERROR, index < transactionEnd {
                    failure = error(of: result)
                }
            default: throw PostgresError(.usage, "a statement that copies cannot be queried; use copyIn")
            }
            if let failure, failure.kind == .connection { throw failure }
            guard try connection.nextResult(operation) == nil else { throw connection.lost() }
        }
        return (rows, failure)
    }
}

extension UnsafeRawBufferPointer {
    /// A parameter's bytes. An empty value is a pointer all the same, since nil means NULL.
    fileprivate func pointer(at offset: Int, length: Int32) -> UnsafePointer<CChar>? {
        guard length >= 0 else { return nil }
        let start = baseAddress ?? UnsafeRawPointer(bitPattern: 1)
        return start.map { ($0 + offset).assumingMemoryBound(to: CChar.self) }
    }
}

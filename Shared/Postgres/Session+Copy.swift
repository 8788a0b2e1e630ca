import CLibPQ

extension Session {
    /// Loads rows with COPY in binary form and answers how many; all of them or, on an error, none.
    ///
    /// - Parameters:
    ///   - table: a name, or a schema and a name with a dot between; quoted here.
    ///   - columns: their names; quoted here. COPY does not convert: an `Int` needs a `bigint` column.
    ///   - rows: one value per column.
    @discardableResult
    public func copyIn(
        _ table: String, columns: [String], rows: some Sequence<[any PostgresEncodable]>
    ) throws(PostgresError) -> Int {
        try copyIn(table, columns: columns, format: "binary") { () throws(PostgresError) in
            try send(rows, width: columns.count)
        }
    }

    /// Loads rows with COPY's text format and answers how many; all of them or, on an error, none.
    ///
    /// - Parameter text: whole rows as PostgreSQL's manual has them under COPY, each with its newline, in UTF-8.
    @discardableResult
    public func copyIn(
        _ table: String, columns: [String], text: UnsafeRawBufferPointer
    ) throws(PostgresError) -> Int {
        try copyIn(table, columns: columns, format: "text, ENCODING 'UTF8'") { () throws(PostgresError) in
            for start in stride(from: 0, to: text.count, by: Self.copiedAtOnce) {
                try put(UnsafeRawBufferPointer(rebasing: text[start..<min(start + Self.copiedAtOnce, text.count)]))
            }
        }
    }

    private static let copiedAtOnce = 64 << 10

    private func copyIn(
        _ table: String, columns: [String], format: String, _ send: () throws(PostgresError) -> Void
    ) throws(PostgresError) -> Int {
        try readyForSimple()
        let target = table.split(separator: ".", omittingEmptySubsequences: false).map { $0.quotedIdentifier }
        let names = columns.map(\.quotedIdentifier)
        try connection.check(
            PQsendQuery(
                connection.pointer,
                "COPY \(target.joined(separator: ".")) (\(names.joined(separator: ", "))) FROM STDIN (FORMAT \(format))"
            ))
        guard let start = try connection.nextResult(operation) else { throw connection.lost() }
        guard start.status == PGRES_COPY_IN else {
            let failure = error(of: start)
            if failure.kind != .connection { try drain() }
            throw failure
        }
        do {
            try send()
        } catch  where error.kind != .connection {
            // Telling the server why makes it undo the rows and end the copy.
            try connection.check(PQputCopyEnd(connection.pointer, error.message))
            _ = try finish()
            throw error
        }
        try connection.check(PQputCopyEnd(connection.pointer, nil))
        let (affected, failure) = try finish()
        if let failure { throw failure }
        return affected
    }

    private func send(_ rows: some Sequence<[any PostgresEncodable]>, width: Int) throws(PostgresError) {
        let chunk = 64 * 1_024
        var writer = PostgresWriter()
        let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00]
        writer.append(contentsOf: signature)
        writer.append(bigEndian: Int32(0))  // flags
        writer.append(bigEndian: Int32(0))  // length of the header's extension
        for row in rows {
            guard row.count == width else {
                throw PostgresError(.usage, "a row has \(row.count) values for \(width) columns")
            }
            writer.append(bigEndian: Int16(truncatingIfNeeded: width))
            for value in row { writer.encodeSized(value) }
            if let error = writer.error { throw error }
            if writer.count >= chunk { try put(&writer) }
        }
        writer.append(bigEndian: Int16(-1))
        try put(&writer)
    }

    /// Hands a chunk to libpq and waits until it is on its way, so that the buffer stays small.
    private func put(_ writer: inout PostgresWriter) throws(PostgresError) {
        try ready()
        try sent(writer.withBytes(enqueue))
        writer.removeAll()
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        try ready()
        try sent(enqueue(bytes))
    }

    private func enqueue(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        PQputCopyData(connection.pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
    }

    private func sent(_ accepted: Int32) throws(PostgresError) {
        try connection.check(accepted)
        try connection.flush(operation)
    }

    private func finish() throws(PostgresError) -> (affected: Int, failure: PostgresError?) {
        var affected = 0
        var failure: PostgresError?
        while let result = try connection.nextResult(operation) {
            if result.status == PGRES_FATAL_ERROR { failure = failure ?? error(of: result) }
            affected += result.affected
        }
        return (affected, failure)
    }

    private func drain() throws(PostgresError) { _ = try finish() }
}

extension StringProtocol {
    /// The text as an SQL identifier, whatever it holds.
    var quotedIdentifier: String {
        var result = "\""
        for character in unicodeScalars {
            if character == "\"" { result += "\"" }
            result.unicodeScalars.append(character)
        }
        return result + "\""
    }
}

import CLibPQ

/// The rows of a result, decoded one field at a time from libpq's own memory.
public struct Rows: RandomAccessCollection, Sendable {
    private let result: ResultHandle
    /// How many rows the statement inserted, updated, deleted or selected.
    public let affected: Int
    /// How many rows came back.
    public let endIndex: Int

    init(_ result: ResultHandle) {
        self.result = result
        affected = result.affected
        endIndex = result.count
    }

    /// Always 0.
    public var startIndex: Int { 0 }

    /// The row at `position`.
    public subscript(position: Int) -> Row {
        precondition(indices.contains(position), "no row \(position) among \(count)")
        return Row(result: result, index: Int32(position))
    }

    /// Looks a column up once, for loops over many rows. If there is none, decoding by it throws `.decoding`.
    public func column(_ name: String) -> Column { result.column(name) }
}

/// A column of one statement's result; valid for every result of the same statement.
public struct Column: Sendable {
    let name: String
    /// -1 if the result has no such column.
    let index: Int32
}

/// One row of a result; it keeps the result alive.
public struct Row: Sendable {
    let result: ResultHandle
    let index: Int32

    /// Reads the field of the column with this name. Throws `.decoding` if there is none, or on NULL or another type.
    public func decode<T: PostgresDecodable>(_ column: String, as type: T.Type = T.self) throws(PostgresError) -> T {
        try decode(result.column(column), as: type)
    }

    /// Reads the field of a column that was looked up before. Throws `.decoding` on NULL or another type.
    public func decode<T: PostgresDecodable>(_ column: Column, as type: T.Type = T.self) throws(PostgresError) -> T {
        guard column.index >= 0, column.index < result.width else {
            throw PostgresError(.decoding, "the result has no column \"\(column.name)\"")
        }
        do {
            return try T.decode(result.value(row: index, column: column.index))
        } catch {
            throw error.at("column \"\(column.name)\"")
        }
    }
}

/// The owner of one `PGresult`.
///
/// `@unchecked Sendable`: libpq does not change a result once it is complete, and reading it is thread-safe.
final class ResultHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let width: Int32

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        width = PQnfields(pointer)
    }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }
    var count: Int { Int(PQntuples(pointer)) }

    /// The number behind the command tag, 0 for commands that count nothing.
    var affected: Int { PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0 }

    func column(_ name: String) -> Column {
        // Not PQfnumber, which folds case and allocates.
        for index in 0..<width {
            if let candidate = PQfname(pointer, index), name.isEqual(to: candidate) {
                return Column(name: name, index: index)
            }
        }
        return Column(name: name, index: -1)
    }

    /// The field; it points into this result.
    func value(row: Int32, column: Int32) -> PostgresValue {
        let type = PostgresType(PQftype(pointer, column))
        guard PQgetisnull(pointer, row, column) == 0 else { return PostgresValue(type: type, bytes: nil) }
        let length = Int(PQgetlength(pointer, row, column))
        return PostgresValue(
            type: type, bytes: UnsafeRawBufferPointer(start: PQgetvalue(pointer, row, column), count: length))
    }

    /// A field of an error report; nil if the server did not send it.
    func errorField(_ code: Int32) -> String? { PQresultErrorField(pointer, code).map { String(cString: $0) } }
}

extension String {
    fileprivate func isEqual(to other: UnsafePointer<CChar>) -> Bool {
        var position = other
        for byte in utf8 {
            // Stops at the other's NUL at the latest: no byte of a name equals it.
            guard byte != 0, UInt8(bitPattern: position.pointee) == byte else { return false }
            position += 1
        }
        return position.pointee == 0
    }
}

/// Collects the binary form of values, one behind the other, in one buffer.
struct PostgresWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    /// The first value that could not be encoded; it surfaces when the statement is run.
    private(set) var error: PostgresError?

    /// Appends a value and answers its length, -1 for NULL.
    mutating func encode(_ value: some PostgresEncodable) -> Int32 {
        guard let count = value.postgresLength else { return -1 }
        guard let length = Int32(exactly: count) else {
            fail(PostgresError(.usage, "a value is larger than 2 GiB"))
            return -1
        }
        let start = grow(by: count)
        let failure = bytes.withUnsafeMutableBytes { buffer -> PostgresError? in
            guard let base = buffer.baseAddress else { return nil }
            do throws(PostgresError) { try value.encode(to: base + start) } catch { return error }
            return nil
        }
        if let failure { fail(failure) }
        return length
    }

    /// Appends a value behind its length, as COPY wants it.
    mutating func encodeSized(_ value: some PostgresEncodable) {
        let position = bytes.count
        append(bigEndian: Int32(0))
        let length = encode(value)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, toByteOffset: position, as: Int32.self) }
    }

    /// Appends an integer, most significant byte first.
    mutating func append(bigEndian integer: some FixedWidthInteger) {
        withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends raw bytes.
    mutating func append(contentsOf other: [UInt8]) { bytes.append(contentsOf: other) }

    mutating func append(_ other: PostgresWriter) {
        bytes.append(contentsOf: other.bytes)
        if let error = other.error { fail(error) }
    }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    private mutating func fail(_ error: PostgresError) { if self.error == nil { self.error = error } }

    /// Makes room at the end and answers where it begins.
    private mutating func grow(by count: Int) -> Int {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        return start
    }
}

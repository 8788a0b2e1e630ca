/// Collects the binary form of values, one behind the other, in one buffer.
struct PostgresWriter: Sendable {
    /// The bytes so far, and room for more behind them.
    private var storage: [UInt8] = []
    /// How many bytes were written.
    private(set) var count = 0
    /// The first value that could not be encoded; it surfaces when the statement is run.
    private(set) var error: PostgresError?

    /// Appends a value and answers its length, -1 for NULL.
    mutating func encode(_ value: some PostgresEncodable) -> Int32 {
        guard let size = value.postgresLength else { return -1 }
        guard let length = Int32(exactly: size) else {
            fail(PostgresError(.usage, "a value is larger than 2 GiB"))
            return -1
        }
        let failure = extend(by: size) { target -> PostgresError? in
            do throws(PostgresError) { try value.encode(to: target) } catch { return error }
            return nil
        }
        if let failure { fail(failure) }
        return length
    }

    /// Appends a value behind its length, as COPY wants it.
    mutating func encodeSized(_ value: some PostgresEncodable) {
        let position = count
        append(bigEndian: Int32(0))
        let length = encode(value)
        storage.withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, toByteOffset: position, as: Int32.self) }
    }

    /// Appends an integer, most significant byte first.
    mutating func append<Integer: FixedWidthInteger>(bigEndian integer: Integer) {
        extend(by: MemoryLayout<Integer>.size) { $0.store(integer) }
    }

    /// Appends raw bytes.
    mutating func append(contentsOf other: [UInt8]) {
        other.withUnsafeBytes { bytes in append(bytes) }
    }

    mutating func append(_ other: PostgresWriter) {
        other.withBytes { bytes in append(bytes) }
        if let error = other.error { fail(error) }
    }

    /// Lends the bytes written so far.
    func withBytes<Output>(_ body: (UnsafeRawBufferPointer) -> Output) -> Output {
        storage.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
    }

    /// Forgets the bytes and keeps the room.
    mutating func removeAll() { count = 0 }

    private mutating func fail(_ error: PostgresError) { if self.error == nil { self.error = error } }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        extend(by: bytes.count) { target in target.copyMemory(from: source, byteCount: bytes.count) }
    }

    /// Makes room for exactly `length` bytes, which the body fills.
    private mutating func extend<Output>(by length: Int, _ body: (UnsafeMutableRawPointer) -> Output) -> Output {
        let start = count
        count += length
        // One more than is needed, so that there is an address even for nothing. Doubling keeps many small values linear.
        if storage.count <= count { enlarge(to: max(count + 1, 2 * storage.count)) }
        return storage.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("the storage is not empty") }
            return body(base + start)
        }
    }

    private mutating func enlarge(to size: Int) {
        var larger = [UInt8](repeating: 0, count: size)
        larger.withUnsafeMutableBytes { $0.copyBytes(from: storage) }
        storage = larger
    }
}

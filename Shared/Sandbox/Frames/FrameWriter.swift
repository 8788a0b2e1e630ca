/// Puts values one after the other, as `FrameReader` reads them: integers little endian, texts and lists after their length.
public struct FrameWriter {
    /// The length that stands for no text.
    static let noText = UInt32.max

    /// What was appended so far.
    public private(set) var bytes: [UInt8] = []

    /// Makes an empty frame with room for `capacity` bytes.
    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Appends one byte.
    public mutating func append(_ value: UInt8) { bytes.append(value) }

    /// Appends four bytes.
    public mutating func append(_ value: UInt32) { appendInteger(value) }

    /// Appends eight bytes.
    public mutating func append(_ value: UInt64) { appendInteger(value) }

    /// Appends a text in UTF-8, of less than 4 GiB, or that there is none.
    public mutating func append(_ text: String?) {
        guard var text else { return append(Self.noText) }
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends bytes, less than 4 GiB.
    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// Appends bytes, less than 4 GiB.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        append(UInt32(bytes.count))
        self.bytes.append(contentsOf: bytes)
    }

    /// Appends the number of elements, and each by `append`.
    public mutating func append<Element>(
        list: some Collection<Element>, _ append: (inout FrameWriter, Element) -> Void
    ) {
        self.append(UInt32(list.count))
        for element in list { append(&self, element) }
    }

    private mutating func appendInteger(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
